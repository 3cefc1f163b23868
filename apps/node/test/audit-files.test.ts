import assert from 'node:assert/strict'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { AuditFacts, Operations } from '@anarq/kernel'
import type { Node } from '@anarq/node'
import { frameHeaderBytes, parseFrame } from '@anarq/qerberos'
import { type DiskHome, readAll, withDiskHome } from './disk-home.ts'
import { bytesOf, fileItem, itemsOf, textOf } from './world.ts'

test('AQ-QERBEROS-20: a log that is gone but for its signed head is set aside and said so, and a new one begins', async () => {
  await withHistory(async (home, log) => {
    await rm(join(log, 'entries.log'))
    await rm(join(log, 'leaves.bin'))
    const node = await home.open()
    try {
      assert.deepEqual(
        home.faults.map(({ code }) => code),
        ['damaged.audit'],
      )
      assert.deepEqual(await contentsOf(node.operations), contents)
      assert.equal((await node.operations.audit.verify()).isWhole, true, 'the new log is whole')
    } finally {
      await node.close()
    }
    const folders = [...(await readAll(join(home.path, 'audit'))).keys()].map((name) => name.split('/')[0])
    assert.equal(new Set(folders).size, 2, 'what was left of the old one is kept')
  })
})

type Frames = readonly Buffer[]
type Damage = readonly [what: string, change: (frames: Frames) => Buffer, finds: RegExp]

const hit = 4

const damages: readonly Damage[] = [
  ['a byte of an entry was changed', (frames) => Buffer.concat(replaced(frames, flipped)), /Entry 4\b/],
  [
    'an entry was removed',
    (frames) => Buffer.concat(frames.filter((_, i) => i !== hit)),
    /Entry 4 was removed/,
  ],
  [
    'two entries were swapped',
    (frames) =>
      Buffer.concat(
        frames.map(
          (frame, i) => (i === hit ? frames[hit + 1] : i === hit + 1 ? frames[hit] : frame) as Buffer,
        ),
      ),
    /\b[45]\b/,
  ],
  [
    'an entry was put in once more',
    (frames) =>
      Buffer.concat(frames.flatMap((frame, i) => (i === hit + 2 ? [frames[hit] as Buffer, frame] : [frame]))),
    /\b4\b/,
  ],
  ['the first entry was removed', (frames) => Buffer.concat(frames.slice(1)), /Entry 0\b/],
  ['the last entry was cut off', (frames) => Buffer.concat(frames.slice(0, -1)), /./],
  ['half of the log was cut off', (frames) => Buffer.concat(frames.slice(0, frames.length / 2)), /./],
  ['everything was taken away', () => Buffer.alloc(0), /./],
]

function flipped(frame: Buffer): Buffer {
  const changed = Buffer.from(frame)
  const at = frameHeaderBytes + 20
  changed[at] = (changed[at] as number) ^ 0x40
  return changed
}

function replaced(frames: Frames, change: (frame: Buffer) => Buffer): Buffer[] {
  return frames.map((frame, i) => (i === hit ? change(frame) : frame))
}

/** A home with some history, and its one log's folder. */
async function withHistory(act: (home: DiskHome, log: string) => Promise<void>): Promise<void> {
  await withDiskHome(async (home) => {
    const node = await home.open()
    for (let i = 0; i < 6; i += 1) {
      await node.operations.drive.put(itemsOf(fileItem(`${i}.txt`, `content ${i}`)))
    }
    await node.close()
    const [path] = [...(await readAll(join(home.path, 'audit'))).keys()].filter((name) =>
      name.endsWith('entries.log'),
    )
    await act(home, join(home.path, 'audit', path as string, '..'))
  })
}

function framesOf(bytes: Buffer): Buffer[] {
  const frames: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    const frame = parseFrame(bytes, at)
    assert.ok(frame, `no frame at ${at}`)
    const end = at + frameHeaderBytes + frame.bodyBytes
    frames.push(bytes.subarray(at, end))
    at = end
  }
  return frames
}

async function restore(folder: string, files: ReadonlyMap<string, Buffer>): Promise<void> {
  for (const name of (await readAll(folder)).keys()) await rm(join(folder, name))
  for (const [name, bytes] of files) await writeFile(join(folder, name), bytes)
}

async function contentsOf({ drive: theirs }: Operations): Promise<string[]> {
  const texts: string[] = []
  for (let i = 0; i < 6; i += 1) texts.push(await textOf(await theirs.get(`/${i}.txt`)))
  return texts
}

const contents = Array.from({ length: 6 }, (_, i) => `content ${i}`)

test('AQ-QERBEROS-20, AQ-QERBEROS-4: what was changed, removed, moved or cut in the files of the log is found and named; the drive still reads', async (t) => {
  await withHistory(async (home, log) => {
    const pristine = await readAll(log)
    const whole = await readFile(join(log, 'entries.log'))
    const frames = framesOf(whole)
    assert.ok(frames.length > 8)
    for (const [what, change, finds] of damages) {
      await t.test(what, async () => {
        await writeFile(join(log, 'entries.log'), change(frames))
        const node = await home.open()
        try {
          const report = await node.operations.audit.verify()
          assert.equal(report.isWhole, false)
          assert.match(report.findings.join('\n'), finds)
          const { findings } = await node.operations.health.verify()
          assert.ok(findings.some(({ severity }) => severity === 'error'))
          assert.deepEqual(await contentsOf(node.operations), contents)
        } finally {
          await node.close()
          await restore(log, pristine)
        }
      })
    }
    const node = await home.open()
    assert.equal((await node.operations.audit.verify()).isWhole, true, 'as it was, it is whole')
    await node.close()
  })
})

test('AQ-QERBEROS-20: the files beside the entries: a damaged hash or head is named or mended, and the entries stay trusted', async (t) => {
  await withHistory(async (home, log) => {
    const pristine = await readAll(log)
    const flip = async (name: string, at: number): Promise<void> => {
      const bytes = await readFile(join(log, name))
      bytes[at] = (bytes[at] as number) ^ 1
      await writeFile(join(log, name), bytes)
    }
    const cases: readonly (readonly [string, () => Promise<void>, isWhole: boolean])[] = [
      ['a kept hash', () => flip('leaves.bin', 5 * 32 + 3), false],
      ['no kept hashes', () => rm(join(log, 'leaves.bin')), true],
      ['one copy of the head', () => flip('head.a', 90), true],
      ['the other copy of the head', () => rm(join(log, 'head.b')), true],
      [
        'both copies of the head',
        async () => {
          await flip('head.a', 90)
          await flip('head.b', 90)
        },
        false,
      ],
    ]
    for (const [what, damage, isWhole] of cases) {
      await t.test(what, async () => {
        await damage()
        const node = await home.open()
        try {
          const report = await verifyNow(node)
          if (isWhole) assert.deepEqual(report.findings, [])
          const entries = await node.operations.audit.tail({ limit: 1000, action: 'object.put' })
          assert.equal(entries.length, 6)
          assert.deepEqual(await contentsOf(node.operations), contents)
          assert.ok(
            isWhole || report.findings.length > 0 || home.faults.length > 0 || isNoted(await tailOf(node)),
          )
        } finally {
          await node.close()
          await restore(log, pristine)
        }
      })
    }
  })
})

function verifyNow({ operations }: Node) {
  return operations.audit.verify()
}

function tailOf({ operations }: Node): Promise<readonly AuditFacts[]> {
  return operations.audit.tail({ limit: 10 })
}

function isNoted(entries: readonly AuditFacts[]): boolean {
  return entries.some(({ action, code }) => action === 'audit.opened' && code === 'damaged.audit')
}

test('AQ-QERBEROS-20: the log of another home in the place of this one is not taken for it', async () => {
  await withHistory(async (home, log) => {
    await withHistory(async (_other, foreign) => {
      await restore(log, await readAll(foreign))
      const node = await home.open()
      try {
        const report = await node.operations.audit.verify()
        assert.equal(report.isWhole, false)
        assert.deepEqual(await contentsOf(node.operations), contents)
      } finally {
        await node.close()
      }
    })
  })
})

test('entries written before a node was closed are there after it, and go on from there', async () => {
  await withHistory(async (home) => {
    const first = await home.open()
    const before = await first.operations.audit.verify()
    await bytesOf((await first.operations.drive.get('/1.txt')).stream)
    await first.close()
    const second = await home.open()
    const after = await second.operations.audit.verify()
    assert.equal(after.isWhole, true)
    assert.ok(after.size > before.size)
    await second.close()
  })
})
