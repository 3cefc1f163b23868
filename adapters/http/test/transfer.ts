/**
 * How fast files go through the socket between two processes, with nothing behind it: a drive that takes content and
 * drops it. Run it with: node adapters/http/test/transfer.ts
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { PutItem } from '@anarq/flows'
import { openHttpDoor, socketOf } from '@anarq/http'
import { reachNode } from '@anarq/http/client'
import type { Content, DriveOperations, EntryFacts, Kernel, TreeEntry } from '@anarq/kernel'

const largeBytes = 4 * 2 ** 30
const smallBytes = 4096
const smallFiles = 100_000
const piece = new Uint8Array(2 ** 20)

if (process.argv[2] === undefined) await measure()
else await serve(process.argv[2])

async function serve(home: string): Promise<void> {
  const drive: Pick<DriveOperations, 'put' | 'entry' | 'get' | 'readTree'> = {
    async put(items) {
      let bytes = 0
      for await (const batch of items) for (const item of batch) bytes += await dropped(item)
      return {
        files: 0,
        folders: 0,
        unchanged: 0,
        bytes,
        newBytes: 0,
        newBlocks: 0,
        skipped: [],
        entries: [],
      }
    },
    entry: async () => entryOf('folder', 'd', 0),
    get: async () => contentOf('large', largeBytes, largePieces()).content,
    async *readTree() {
      for (let i = 0; i < smallFiles; i += 1)
        yield contentOf(`file-${i}.txt`, smallBytes, single(piece.subarray(0, smallBytes)))
    },
  }
  const operations = { drive, account: { status: async () => ({ state: 'open', version: '0' }) } }
  await openHttpDoor({
    kernel: { operations } as unknown as Kernel,
    blocks: { get: async () => undefined },
    stats: async () => ({ blocks: 0, liveBytes: 0, fileBytes: 0, damaged: 0 }),
    port: 0,
    socket: socketOf(home),
  })
  process.send?.('ready')
}

async function dropped(item: PutItem): Promise<number> {
  if (item.kind !== 'file') return 0
  if (item.content.kind === 'small') return item.content.readAll().length
  const reader = await item.content.open()
  let bytes = 0
  for (let read = await reader.read(piece); read > 0; read = await reader.read(piece)) bytes += read
  await reader.close()
  return bytes
}

async function measure(): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'anarq-'))
  const child = fork(fileURLToPath(import.meta.url), [home])
  await once(child, 'message')
  const node = await reachNode(home)
  if (node === undefined) throw new Error('The node is not there.')
  const { drive } = node.operations
  const options = { isThorough: true }
  await timed('put, one large file', largeBytes, 1, () => drive.put(largeItem(), options))
  await timed('put, small files', smallBytes * smallFiles, smallFiles, () => drive.put(smallItems(), options))
  await timed('get, one large file', largeBytes, 1, async () => taken((await drive.get('large')).stream))
  await timed('get, small files of a folder', smallBytes * smallFiles, smallFiles, async () => {
    for await (const one of drive.readTree('d')) if ('content' in one) await taken(one.content.stream)
  })
  await node.close()
  child.kill()
  await rm(home, { recursive: true })
}

async function timed(what: string, bytes: number, files: number, run: () => Promise<unknown>): Promise<void> {
  const started = performance.now()
  await run()
  const seconds = (performance.now() - started) / 1000
  console.log(`${what}: ${Math.round(bytes / seconds / 1e6)} MB/s, ${Math.round(files / seconds)} files/s`)
}

async function* largeItem(): AsyncIterable<readonly PutItem[]> {
  let left = largeBytes
  const read = async (into: Uint8Array): Promise<number> => {
    const bytes = Math.min(left, into.length)
    left -= bytes
    return bytes
  }
  yield [
    {
      kind: 'file',
      path: 'large',
      bytes: largeBytes,
      modifiedMs: 0,
      content: { kind: 'stream', open: async () => ({ read, close: async () => {} }) },
    },
  ]
}

async function* smallItems(): AsyncIterable<readonly PutItem[]> {
  const content = { kind: 'small', readAll: () => piece.subarray(0, smallBytes) } as const
  for (let at = 0; at < smallFiles; at += 500) {
    yield Array.from(
      { length: 500 },
      (_, i) =>
        ({
          kind: 'file',
          path: `some/folder/file-${at + i}.txt`,
          bytes: smallBytes,
          modifiedMs: 1_700_000_000_123 + i,
          mode: 0o644,
          content,
        }) as const,
    )
  }
}

async function* largePieces(): AsyncIterable<Uint8Array> {
  for (let sent = 0; sent < largeBytes; sent += piece.length) yield piece
}

function contentOf(
  name: string,
  bytes: number,
  stream: AsyncIterable<Uint8Array>,
): Extract<TreeEntry, { content: Content }> {
  const entry = entryOf('file', name, bytes)
  return {
    entry: { ...entry, kind: 'file' },
    content: { entry, bytes, type: entry.type, etag: '"x"', stream },
  }
}

function entryOf(kind: 'file' | 'folder', name: string, bytes: number): EntryFacts {
  return {
    id: 'd',
    kind,
    name,
    path: kind === 'folder' ? '/d' : `/d/${name}`,
    type: 'text/plain',
    bytes,
    modifiedMs: 1_700_000_000_123,
    tags: [],
    versions: 1,
    isTrashed: false,
  }
}

async function* single(value: Uint8Array): AsyncIterable<Uint8Array> {
  yield value
}

async function taken(stream: AsyncIterable<Uint8Array>): Promise<void> {
  const iterator = stream[Symbol.asyncIterator]()
  while ((await iterator.next()).done !== true);
}
