/** Two processes: a node, and a client at its socket. */
import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openHome } from '@anarq/files'
import { type PutItem, streamContent } from '@anarq/flows'
import { socketOf } from '@anarq/http'
import { type Reached, reachNode } from '@anarq/http/client'
import { bytesOf, file, passphrase } from './http-world.ts'

test('2,000 files go through the socket into a node on the disk, and come back as they were, also after it was started again', async () => {
  await inHome(async (home) => {
    const files = new Map(
      Array.from({ length: 2000 }, (_, i) => [`tree/${i % 40}/file-${i} ü.txt`, contentOf(i)]),
    )
    await withNode(home, 'disk', async ({ operations }) => {
      await operations.account.init({ name: 'alice', passphrase })
      const report = await operations.drive.put(listed(files), { tags: ['all'] })
      assert.deepEqual([report.files, report.skipped.length], [2000, 0])
      await same(operations, files)
    })
    assert.equal(await reachNode(home), undefined, 'a node that was stopped is not there')
    await withNode(home, 'disk', async ({ operations }) => {
      assert.equal((await operations.account.status()).state, 'locked')
      await operations.account.unlock({ passphrase })
      await same(operations, files)
      assert.equal((await operations.drive.put(listed(files))).unchanged, 2000)
    })
  })
})

test('a file of 512 MiB goes through in the memory of a small one', async () => {
  await inHome(async (home) => {
    await withNode(home, 'memory', async ({ operations }, child) => {
      await operations.account.init({ name: 'alice', passphrase })
      const before = await memoryOf(child)
      const bytes = 512 * 1024 * 1024
      const item: PutItem = {
        kind: 'file',
        path: 'large',
        bytes,
        modifiedMs: 0,
        content: streamContent(noise(bytes)),
      }
      const report = await operations.drive.put(single([item]))
      assert.equal(report.bytes, bytes)
      const { peakBytes } = await memoryOf(child)
      const grown = Math.round((peakBytes - before.rssBytes) / 2 ** 20)
      assert.ok(grown < 300, `the node grew by ${grown} MiB`)
    })
  })
})

test('a node that dies in the middle of a put is said to be gone', async () => {
  await inHome(async (home) => {
    await withNode(home, 'memory', async ({ operations }, child) => {
      await operations.account.init({ name: 'alice', passphrase })
      const endless = streamContent(noise(Number.POSITIVE_INFINITY, () => child.kill('SIGKILL')))
      const item: PutItem = {
        kind: 'file',
        path: 'endless',
        bytes: undefined,
        modifiedMs: 0,
        content: endless,
      }
      await assert.rejects(operations.drive.put(single([item])), { code: 'unavailable.node' })
    })
    assert.equal(await reachNode(home), undefined, 'the socket that it left leads nowhere')
    await withNode(home, 'memory', async ({ operations }) => {
      assert.equal((await operations.account.status()).state, 'empty')
    })
  })
})

test('the client knows the socket where the home folder says that it is', async () => {
  await inHome(async (home) => {
    assert.equal((await openHome(home)).socket, socketOf(home))
  })
})

async function same({ drive }: Reached['operations'], files: ReadonlyMap<string, Buffer>): Promise<void> {
  const left = new Map(files)
  for await (const one of drive.readTree('/tree')) {
    if (!('content' in one)) continue
    const path = one.entry.path.slice(1)
    assert.ok(left.get(path)?.equals(await bytesOf(one.content.stream)), path)
    assert.equal(one.entry.modifiedMs, 1_700_000_000_123)
    left.delete(path)
  }
  assert.equal(left.size, 0)
}

async function* listed(files: ReadonlyMap<string, Buffer>): AsyncIterable<readonly PutItem[]> {
  const all = [...files].map(([path, content]) => file(path, content))
  yield [{ kind: 'folder', path: 'tree', modifiedMs: 0 }]
  for (let at = 0; at < all.length; at += 300) yield all.slice(at, at + 300)
}

/** From nothing to some hundreds of kilobytes, no two alike. */
function contentOf(i: number): Buffer {
  const content = Buffer.alloc(i % 500 === 499 ? 400_000 : (i * 37) % 3000)
  for (let at = 0; at + 4 <= content.length; at += 4)
    content.writeUInt32LE(Math.imul(at + i, 2_654_435_761) >>> 0, at)
  return content
}

async function* noise(bytes: number, onStarted = (): void => {}): AsyncIterable<Uint8Array> {
  const piece = Buffer.alloc(1024 * 1024)
  for (let at = 0; at < piece.length; at += 4) piece.writeUInt32LE(Math.imul(at, 2_654_435_761) >>> 0, at)
  for (let sent = 0; sent < bytes; sent += piece.length) {
    if (sent === 32 * piece.length) onStarted()
    piece.writeUInt32LE(sent / piece.length, 4096)
    yield piece
  }
}

async function* single<T>(value: T): AsyncIterable<T> {
  yield value
}

async function withNode(
  home: string,
  how: 'disk' | 'memory',
  use: (node: Reached, child: ChildProcess) => Promise<void>,
): Promise<void> {
  const child = fork(fileURLToPath(new URL('http-serve.ts', import.meta.url)), [home, how], { execArgv: [] })
  const gone = once(child, 'exit')
  await Promise.race([once(child, 'message'), gone.then(() => assert.fail('the node did not start'))])
  const node = await reachNode(home)
  assert.ok(node !== undefined)
  try {
    await use(node, child)
  } finally {
    await node.close()
    // The test may have killed it, which is known here a moment later.
    if (child.connected) child.send('close', () => {})
    await gone
  }
}

async function memoryOf(child: ChildProcess): Promise<{ peakBytes: number; rssBytes: number }> {
  const answer = once(child, 'message')
  child.send('memory')
  return ((await answer) as [{ peakBytes: number; rssBytes: number }])[0]
}

async function inHome(use: (home: string) => Promise<void>): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'anarq-'))
  try {
    await use(home)
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}
