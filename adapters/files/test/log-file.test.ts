import assert from 'node:assert/strict'
import { copyFile, mkdtemp, open, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createManualClock } from '@anarq/clock/testing'
import {
  type AuditEntry,
  type AuditLog,
  createAuditLog,
  encodeFrame,
  type StoredEntry,
} from '@anarq/qerberos'
import { testLogStore } from '@anarq/qerberos/testing'
import { createSigner, merkleLeaf } from '@anarq/qlock'
import { createSeededRandom } from '@anarq/random/testing'
import { type LogFile, openLogFile } from '../src/log-file.ts'

const signer = createSigner(new Uint8Array(32).fill(2))
const entriesFile = 'entries.log'

testLogStore('log file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'anarq-log-'))
  let store = await openLogFile(folder)
  return {
    store,
    async reopen() {
      await store.close()
      store = await openLogFile(folder)
      return store
    },
    async close() {
      await store.close()
      await rm(folder, { recursive: true })
    },
  }
})

async function inFolder(act: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'anarq-log-'))
  try {
    await act(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function opened<T>(folder: string, act: (store: LogFile) => Promise<T>): Promise<T> {
  const store = await openLogFile(folder)
  try {
    return await act(store)
  } finally {
    await store.close()
  }
}

function audit(store: LogFile): Promise<AuditLog> {
  return createAuditLog({
    store,
    key: new Uint8Array(32).fill(1),
    did: 'did:squid:owner',
    signer,
    clock: createManualClock(),
    random: createSeededRandom(store.size()),
  })
}

function entry(i: number): AuditEntry {
  return { atMs: i, action: 'read', identity: 'did:squid:a', object: `object-${i}`, verdict: 'ok' }
}

function body(i: number): Uint8Array {
  return new Uint8Array(50 + i).fill(i)
}

async function append(store: LogFile, from: number, count: number): Promise<void> {
  const bodies = Array.from({ length: count }, (_, i) => body(from + i))
  await store.append(bodies, bodies.map(merkleLeaf))
}

async function all(store: LogFile): Promise<StoredEntry[]> {
  const read: StoredEntry[] = []
  for await (const stored of store.read(0, store.size())) read.push(stored)
  return read
}

function shapes(stored: readonly StoredEntry[]): string[] {
  return stored.map((one) =>
    'bytes' in one ? `${one.index} of ${one.bytes.length}` : `${one.index} ${one.damage}`,
  )
}

/** The bytes of the entries' file taken apart into frames, so that a test can do to it what an intruder would. */
async function rewrite(
  folder: string,
  change: (frames: Uint8Array[]) => Uint8Array[],
  count: number,
): Promise<void> {
  const frames = Array.from({ length: count }, (_, i) => encodeFrame(i, body(i)))
  const path = join(folder, entriesFile)
  assert.deepEqual(new Uint8Array(await readFile(path)), new Uint8Array(Buffer.concat(frames)))
  await writeFile(path, Buffer.concat(change(frames)))
}

test('AQ-QERBEROS-20: any single byte flipped in any of the files: the log opens, verification names it, all other entries read', async () => {
  await inFolder(async (folder) => {
    const count = 4
    await opened(folder, async (store) => {
      const log = await audit(store)
      await log.append([0, 1].map(entry))
      await log.append([2, 3].map(entry))
    })
    const files = (await readdir(folder)).sort()
    assert.deepEqual(files, [entriesFile, 'head.a', 'head.b', 'leaves.bin'])
    const whole = new Map<string, Uint8Array>()
    for (const name of files) whole.set(name, new Uint8Array(await readFile(join(folder, name))))
    for (const name of files) {
      const bytes = whole.get(name) as Uint8Array
      // The head is mostly one signature; every 97th of its bytes stands for the others.
      const step = name.startsWith('head') ? 97 : name === entriesFile ? 3 : 5
      for (let at = 0; at < bytes.length; at += step) {
        const flipped = bytes.slice()
        flipped[at]! ^= 1 << (at % 8)
        await writeFile(join(folder, name), flipped)
        await opened(folder, async (store) => {
          const log = await audit(store)
          const report = await log.verify()
          const told = report.findingsTotal + report.repaired.length
          assert.ok(told > 0, `byte ${at} of ${name} went unnoticed`)
          const readable = (await log.tail(count + 1)).filter((record) => 'entry' in record)
          const isEntry = name === entriesFile
          assert.equal(readable.length, isEntry ? count - 1 : count, `byte ${at} of ${name}`)
          assert.equal(report.damaged.length, isEntry ? 1 : 0)
          assert.ok(report.isTreeValid)
        })
        for (const [other, content] of whole) await writeFile(join(folder, other), content)
      }
    }
    await opened(folder, async (store) => assert.ok((await (await audit(store)).verify()).ok))
  })
})

test('after any flipped byte of the entries the log goes on, and later entries stay readable', async () => {
  await inFolder(async (folder) => {
    await opened(folder, (store) => append(store, 0, 4))
    const path = join(folder, entriesFile)
    const bytes = await readFile(path)
    const leaves = await readFile(join(folder, 'leaves.bin'))
    for (let at = 0; at < bytes.length; at += 5) {
      const flipped = new Uint8Array(bytes)
      flipped[at]! ^= 0x20
      await writeFile(path, flipped)
      await opened(folder, async (store) => {
        assert.equal(store.size(), 4)
        await append(store, 4, 1)
      })
      await opened(folder, async (store) => {
        const read = shapes(await all(store))
        assert.equal(read.length, 5)
        assert.equal(read.filter((shape) => shape.includes('unreadable')).length, 1, `byte ${at}: ${read}`)
        assert.equal(read[4], '4 of 54')
      })
      await writeFile(join(folder, 'leaves.bin'), leaves)
    }
  })
})

test('a tail that a crash tore is cut to the last whole entry, at every length', async () => {
  await inFolder(async (folder) => {
    await opened(folder, (store) => append(store, 0, 2))
    const path = join(folder, entriesFile)
    const durable = await readFile(path)
    const next = Buffer.concat([encodeFrame(2, body(2)), encodeFrame(3, body(3))])
    const firstLength = encodeFrame(2, body(2)).length
    for (let length = 1; length < next.length; length += length === firstLength - 1 ? 1 : 3) {
      await writeFile(path, Buffer.concat([durable, next.subarray(0, length)]))
      const kept = length < firstLength ? 2 : 3
      await opened(folder, async (store) => {
        assert.equal(store.size(), kept, `${length} bytes of the torn append`)
        const isWhole = length === firstLength
        assert.equal((await store.damage()).filter(({ isRepaired }) => isRepaired).length, isWhole ? 0 : 1)
        assert.equal((await stat(path)).size, kept === 2 ? durable.length : durable.length + firstLength)
      })
    }
    await opened(folder, async (store) => {
      await append(store, 3, 1)
      assert.deepEqual(shapes(await all(store)), ['0 of 50', '1 of 51', '2 of 52', '3 of 53'])
    })
  })
})

test('zeros that a crash left in place of the torn append are cut off too', async () => {
  await inFolder(async (folder) => {
    await opened(folder, (store) => append(store, 0, 2))
    const path = join(folder, entriesFile)
    const size = (await stat(path)).size
    await truncate(path, size + 5000)
    await opened(folder, async (store) => {
      assert.deepEqual(shapes(await all(store)), ['0 of 50', '1 of 51'])
      await append(store, 2, 1)
    })
    await opened(folder, async (store) => assert.equal(store.size(), 3))
  })
})

test('what was durable and is gone from the end is missing, not forgotten', async () => {
  await inFolder(async (folder) => {
    await opened(folder, (store) => append(store, 0, 4))
    await rewrite(folder, (frames) => frames.slice(0, 2), 4)
    await opened(folder, async (store) => {
      assert.deepEqual(shapes(await all(store)), ['0 of 50', '1 of 51', '2 missing', '3 missing'])
      await append(store, 4, 1)
    })
    await opened(folder, async (store) => {
      assert.deepEqual(shapes(await all(store)).slice(2), ['2 missing', '3 missing', '4 of 54'])
    })
  })
})

test('a durable entry that was cut in half is unreadable, and what comes after it is found', async () => {
  await inFolder(async (folder) => {
    await opened(folder, (store) => append(store, 0, 3))
    const path = join(folder, entriesFile)
    await truncate(path, (await stat(path)).size - 10)
    for (let next = 3; next < 6; next += 1) {
      await opened(folder, (store) => append(store, next, 1))
    }
    await opened(folder, async (store) => {
      assert.deepEqual(shapes(await all(store)).slice(1), [
        '1 of 51',
        '2 unreadable',
        '3 of 53',
        '4 of 54',
        '5 of 55',
      ])
    })
  })
})

for (const { title, change, read, says } of [
  {
    title: 'an entry cut out of the file',
    change: (frames: Uint8Array[]) => frames.toSpliced(1, 1),
    read: ['0 of 50', '1 missing', '2 of 52', '3 of 53'],
    says: undefined,
  },
  {
    title: 'two entries swapped in the file',
    change: ([a, b, c, d]: Uint8Array[]) => [a, c, b, d] as Uint8Array[],
    read: ['0 of 50', '1 of 51', '2 of 52', '3 of 53'],
    says: /Entry 1 lies out of its place/,
  },
  {
    title: 'an entry there twice',
    change: (frames: Uint8Array[]) => [...frames, frames[1] as Uint8Array],
    read: ['0 of 50', '1 of 51', '2 of 52', '3 of 53'],
    says: /Entry 1 lies there twice/,
  },
  {
    title: 'bytes that are no entry between two entries',
    change: (frames: Uint8Array[]) => frames.toSpliced(2, 0, new Uint8Array(77).fill(0x89)),
    read: ['0 of 50', '1 of 51', '2 of 52', '3 of 53'],
    says: /77 bytes before byte \d+ belong to no entry/,
  },
  {
    title: 'an entry with a number far beyond all others',
    change: (frames: Uint8Array[]) => [...frames, encodeFrame(2 ** 40, body(1))],
    read: ['0 of 50', '1 of 51', '2 of 52', '3 of 53'],
    says: /there were never so many/,
  },
]) {
  test(`AQ-QERBEROS-20: ${title} is noticed, and everything else reads`, async () => {
    await inFolder(async (folder) => {
      await opened(folder, (store) => append(store, 0, 4))
      await rewrite(folder, change, 4)
      await opened(folder, async (store) => {
        assert.deepEqual(shapes(await all(store)), read)
        const sentences = (await store.damage()).map(({ sentence }) => sentence)
        if (says === undefined) assert.deepEqual(sentences, [])
        else assert.match(sentences.join(' '), says)
      })
    })
  })
}

test('damage that comes while the log is open is found when the entry is read', async () => {
  await inFolder(async (folder) => {
    await opened(folder, async (store) => {
      await append(store, 0, 3)
      const path = join(folder, entriesFile)
      const bytes = await readFile(path)
      bytes[90]! ^= 1
      await writeFile(path, bytes)
      assert.deepEqual(shapes(await all(store)), ['0 of 50', '1 unreadable', '2 of 52'])
    })
  })
})

test('the log opens without its kept hashes and with one copy of its head', async () => {
  await inFolder(async (folder) => {
    await opened(folder, async (store) => {
      await (await audit(store)).append([0, 1, 2].map(entry))
    })
    await rm(join(folder, 'leaves.bin'))
    await rm(join(folder, 'head.a'))
    await opened(folder, async (store) => {
      const log = await audit(store)
      const report = await log.verify()
      assert.ok(report.ok)
      assert.equal(report.repaired.length, 1)
      await log.append([entry(3)])
    })
    await opened(folder, async (store) => {
      const report = await (await audit(store)).verify()
      assert.deepEqual([report.ok, report.repaired, report.size], [true, [], 5])
    })
  })
})

test('with both copies of its head damaged the log opens, says so, and signs a new one', async () => {
  await inFolder(async (folder) => {
    await opened(folder, async (store) => {
      await (await audit(store)).append([0, 1, 2].map(entry))
    })
    for (const name of ['head.a', 'head.b']) await writeFile(join(folder, name), 'nothing')
    await opened(folder, async (store) => {
      const log = await audit(store)
      const report = await log.verify()
      assert.deepEqual([report.ok, report.damaged], [false, []])
      assert.match(report.findings.map(({ sentence }) => sentence).join(' '), /damaged in both copies/)
      await log.append([entry(3)])
      assert.equal((await log.tail(9)).length, 5)
    })
    await opened(folder, async (store) => assert.ok((await (await audit(store)).verify()).ok))
  })
})

test('large entries that span what is read at once come back whole', async () => {
  await inFolder(async (folder) => {
    const bodies = [900_000, 10, 1_048_576, 0, 600_000, 3].map((bytes, i) =>
      new Uint8Array(bytes).fill(i + 1),
    )
    await opened(folder, (store) => store.append(bodies, bodies.map(merkleLeaf)))
    await opened(folder, async (store) => {
      const read = await all(store)
      assert.deepEqual(
        shapes(read),
        bodies.map((bytes, i) => `${i} of ${bytes.length}`),
      )
      for (const [i, stored] of read.entries()) {
        assert.ok('bytes' in stored && Buffer.compare(stored.bytes, bodies[i] as Uint8Array) === 0)
      }
      await assert.rejects(store.append([new Uint8Array(1_048_577)], [merkleLeaf(new Uint8Array(0))]), {
        code: 'limit.entry',
      })
      await append(store, 6, 1)
      assert.equal(store.size(), 7)
    })
  })
})

test('two logs of the same entries in two folders do not touch each other', async () => {
  await inFolder(async (folder) => {
    await opened(folder, (store) => append(store, 0, 3))
    await inFolder(async (second) => {
      await copyFile(join(folder, entriesFile), join(second, entriesFile))
      await opened(second, async (store) => {
        assert.equal(store.size(), 3)
        await append(store, 3, 1)
      })
    })
    await opened(folder, async (store) => assert.equal(store.size(), 3))
  })
})

test('a folder that is not there is said to be missing', async () => {
  await assert.rejects(openLogFile(join(tmpdir(), 'anarq-no-such-folder', 'x')), { code: 'missing.file' })
})

test('a full disk ends an append and nothing else: when there is room again the log goes on, and all of it is whole', async () => {
  await inFolder(async (folder) => {
    const store = await openLogFile(folder)
    const log = await audit(store)
    await log.append([entry(0), entry(1)])
    const disk = await fullDisk(join(folder, entriesFile))
    try {
      await assert.rejects(log.append([entry(2)]), { code: 'unavailable.full' })
      await assert.rejects(log.append([entry(2), entry(3)]), { code: 'unavailable.full' })
    } finally {
      disk.makeRoom()
    }
    await log.append([entry(2)])
    assert.equal(log.size(), 3)
    assert.equal((await log.verify()).ok, true)
    await store.close()
    await opened(folder, async (again) => {
      const reopened = await audit(again)
      assert.equal(reopened.size(), 3)
      assert.deepEqual(await again.damage(), [])
      assert.equal((await reopened.verify()).ok, true)
    })
  })
})

/** From now on every file of this process takes some bytes of a write and has no room for the rest. */
async function fullDisk(path: string): Promise<{ makeRoom(): void }> {
  const file = await open(path)
  const all = Object.getPrototypeOf(file) as { write: typeof file.write }
  await file.close()
  const { write } = all
  let taken = 0
  all.write = async function (
    this: typeof file,
    bytes: Uint8Array,
    from: number,
    length: number,
    at: number,
  ) {
    taken += 1
    if (taken % 2 === 0)
      throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC', syscall: 'write' })
    return Reflect.apply(write, this, [bytes, from, Math.min(7, length), at])
  } as typeof write
  return {
    makeRoom() {
      all.write = write
    },
  }
}
