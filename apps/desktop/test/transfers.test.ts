import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '@anarq/fault'
import { createBridge } from '../src/bridge/bridge.ts'
import {
  callsWithFiles,
  createContentCalls,
  type FrameContent,
  pacedCalls,
} from '../src/bridge/content-calls.ts'
import { baseOf, createFrameMedia } from '../src/bridge/frame-media.ts'
import type { Reply } from '../src/bridge/message.ts'
import { pieceBytes } from '../src/bridge/sources.ts'
import { createTransfers, type Step, type TransferLimits } from '../src/bridge/transfers.ts'

/** Content in memory: a file of `bytes` that counts what was taken of it, and uploads that go on when they are told to. */
function world(limits: Partial<TransferLimits> = {}, bytes = 4 * pieceBytes + 5) {
  const timers = new Set<() => void>()
  const cut: string[] = []
  const stopped: unknown[] = []
  const sent: { tell(offset: number): void; done(): void; signal: AbortSignal }[] = []
  let left = 0
  let taken = 0
  const content = {
    async open({ path, signal }: { path: string; signal?: AbortSignal }) {
      if (path === '/none') throw new Fault('missing.file', 'There is no such file.')
      let at = 0
      const stream = new ReadableStream<Uint8Array>(
        {
          pull(out) {
            const piece = new Uint8Array(Math.min(64 * 1024, bytes - at)).fill(7)
            at += piece.length
            taken += piece.length
            if (piece.length > 0) out.enqueue(piece)
            if (at === bytes) out.close()
          },
        },
        { highWaterMark: 0 },
      )
      signal?.addEventListener('abort', () => stopped.push(path), { once: true })
      return { stream, type: 'text/plain', bytes, totalBytes: bytes }
    },
    uploadState: async ({ id }: { id: string }) => ({ id, path: '/a', bytes: 10, offset: 0, state: 'open' }),
    sendUpload: ({
      id,
      onProgress,
      signal,
    }: {
      id: string
      onProgress(at: number): void
      signal: AbortSignal
    }) =>
      new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true })
        sent.push({ tell: onProgress, done: () => resolve({ id, state: 'done', offset: 10 }), signal })
      }),
    putMany: async ({ items }: { items: unknown[] }) => ({ entries: items.length }),
  } as unknown as FrameContent
  const bridge = (tag: string) => {
    const transfers = createTransfers({
      tag,
      later(act) {
        timers.add(act)
        return () => timers.delete(act)
      },
      onLeft: () => (left += 1),
      limits,
    })
    const media = createFrameMedia(content as never, '/apps/org.example.a/key/')
    const calls = createContentCalls(content, { transfers, media })
    const one = createBridge({
      allows: (call) => calls.has(call),
      call: (call, input) => calls.get(call)?.(input) as Promise<unknown>,
      withFiles: callsWithFiles,
      paced: pacedCalls,
      onCutOff(why) {
        transfers.endAll()
        cut.push(why)
      },
      nowMs: () => 0,
    })
    let id = 0
    return {
      ...one,
      transfers,
      isOpen: () => one.isOpen,
      async ask(call: string, input: object): Promise<Record<string, unknown>> {
        id += 1
        const reply = (await one.receive({ v: 1, id, call: `content.${call}`, with: input })) as Reply
        if (reply === undefined) return { silent: true }
        return ('ok' in reply ? reply.ok : reply.fault) as Record<string, unknown>
      },
    }
  }
  const pass = (): void => {
    for (const act of [...timers]) {
      timers.delete(act)
      act()
    }
  }
  return { bridge, pass, cut, stopped, sent, left: () => left, taken: () => taken }
}

test('a file of any size crosses in pieces, and nothing is read before it is asked for', async () => {
  const { bridge, taken } = world()
  const { ask } = bridge('a')
  const { transfer, totalBytes } = await ask('open', { path: '/large' })
  assert.equal(totalBytes, 4 * pieceBytes + 5)
  assert.equal(taken(), 0)
  let bytes = 0
  for (let n = 1; ; n += 1) {
    const { value, isEnd } = (await ask('next', { transfer })) as unknown as Step & { value: Uint8Array }
    bytes += value.length
    assert.ok(taken() <= n * pieceBytes + 64 * 1024, 'no more than a piece ahead')
    if (isEnd) break
  }
  assert.equal(bytes, totalBytes)
  assert.equal((await ask('next', { transfer })).code, 'missing.transfer')
})

test('many pieces in a row are no flood: each waits for the one before', async () => {
  const { bridge, cut } = world({}, 1000)
  const { ask, isOpen } = bridge('a')
  for (let n = 0; n < 150; n += 1) {
    const { transfer } = await ask('open', { path: '/small' })
    assert.equal((await ask('next', { transfer })).isEnd, true)
  }
  assert.deepEqual([isOpen(), cut], [true, []])
})

test('[WX-APP-6] a read that nobody takes from is ended at the node too, said once, and on record', async () => {
  const { bridge, pass, stopped, left } = world()
  const { ask } = bridge('a')
  const { transfer } = await ask('open', { path: '/large' })
  await ask('next', { transfer })
  pass()
  assert.deepEqual([stopped, left()], [['/large'], 1])
  assert.equal((await ask('next', { transfer })).code, 'cancelled.left')
  assert.equal((await ask('next', { transfer })).code, 'missing.transfer')
})

test('[WX-APP-6] so many transfers at once; who goes on beginning more is cut off, and what it had ends', async () => {
  const { bridge, cut, stopped } = world()
  const { ask, isOpen } = bridge('a')
  for (let n = 0; n < 8; n += 1) assert.ok('transfer' in (await ask('open', { path: `/${n}` })))
  assert.equal((await ask('open', { path: '/9' })).code, 'limit.transfers')
  for (let n = 0; n < 60; n += 1) await ask('open', { path: '/more' })
  assert.deepEqual([isOpen(), cut, stopped.length], [false, ['limit.transfers'], 8])
})

test('[WX-APP-6] a transfer of another frame is none here, and who names it is cut off at once', async () => {
  const { bridge, cut, taken } = world()
  const one = bridge('a')
  const other = bridge('b')
  const { transfer } = await one.ask('open', { path: '/secret' })
  assert.deepEqual(await other.ask('next', { transfer }), { silent: true })
  assert.deepEqual([other.isOpen(), cut, taken()], [false, ['refused.transfer'], 0])
  assert.ok('value' in (await one.ask('next', { transfer })), 'its own goes on')
})

test('[WX-APP-6] a frame that goes in the middle leaves nothing running, and a page that loads anew neither', async () => {
  const { bridge, stopped, sent } = world()
  const { ask, transfers } = bridge('a')
  const { transfer } = await ask('open', { path: '/large' })
  await ask('sendUpload', { id: 'u', content: new Blob(['0123456789']) })
  const waiting = ask('next', { transfer: 'a.1' })
  transfers.endAll()
  assert.deepEqual([stopped, sent[0]?.signal.aborted], [['/large'], true])
  assert.equal((await waiting).code, 'cancelled.stopped')
  assert.equal((await ask('next', { transfer })).code, 'missing.transfer')
})

test('what is sent says how far it is, the latest alone, and then what became of it', async () => {
  const { bridge, sent } = world()
  const { ask } = bridge('a')
  const { transfer } = await ask('sendUpload', { id: 'u', content: new Blob(['0123456789']) })
  sent[0]?.tell(2)
  sent[0]?.tell(4)
  assert.deepEqual(await ask('next', { transfer }), { value: { offset: 4 }, isEnd: false })
  const waiting = ask('next', { transfer })
  assert.equal((await ask('next', { transfer })).code, 'conflict.transfer')
  sent[0]?.done()
  assert.deepEqual(await waiting, { value: { id: 'u', state: 'done', offset: 10 }, isEnd: true })
})

test('a file that is not as long as its upload is refused: its end would be waited for for ever', async () => {
  const { bridge, sent } = world()
  const { ask } = bridge('a')
  assert.equal((await ask('sendUpload', { id: 'u', content: new Blob(['short']) })).code, 'invalid.content')
  assert.equal((await ask('sendUpload', { id: 'u', content: 'text' })).code, 'invalid.content')
  assert.deepEqual(sent, [])
})

test('two are sent at once, not more, and one that ended makes room', async () => {
  const { bridge, sent } = world()
  const { ask } = bridge('a')
  const content = new Blob(['0123456789'])
  const { transfer } = await ask('sendUpload', { id: 'u', content })
  await ask('sendUpload', { id: 'v', content })
  assert.equal((await ask('sendUpload', { id: 'w', content })).code, 'limit.transfers')
  await ask('end', { transfer })
  assert.equal(sent[0]?.signal.aborted, true)
  assert.ok('transfer' in (await ask('sendUpload', { id: 'w', content })))
})

test('files come in the calls that are for them, and in no other', async () => {
  const { bridge } = world()
  const { ask } = bridge('a')
  const content = new Blob(['x'])
  assert.equal((await ask('open', { path: content })).code, 'invalid.message')
  const items = [
    { path: 'a', modifiedMs: 1, content },
    { path: 'b', modifiedMs: 1 },
  ]
  const { transfer } = await ask('putMany', { to: '/', items })
  assert.deepEqual(await ask('next', { transfer }), { value: { entries: 2 }, isEnd: true })
  const many = Array.from({ length: 501 }, () => ({ path: 'a', modifiedMs: 1 }))
  assert.equal((await ask('putMany', { to: '/', items: many })).code, 'invalid.items')
})

test('what the node refuses is refused here with its own fault, and takes no place', async () => {
  const { bridge } = world()
  const { ask, isOpen } = bridge('a')
  for (let n = 0; n < 20; n += 1) assert.equal((await ask('open', { path: '/none' })).code, 'missing.file')
  for (const input of [
    {},
    { path: '' },
    { path: 7 },
    { path: '/a', fromByte: -1 },
    { path: '/a', version: 1.5 },
  ])
    assert.match(String((await ask('open', input)).code), /^invalid\./)
  assert.equal(isOpen(), true)
})

test('what a frame plays lies below its own address, and ends with the page; the ninth ends the first', async () => {
  const ended: string[] = []
  let opened = 0
  const media = createFrameMedia(
    {
      async media() {
        opened += 1
        return `/media/key${opened}`
      },
      async endMedia(address) {
        ended.push(address)
      },
    },
    baseOf('/apps/org.example.a/k3y/ui/deep/index.html'),
  )
  const addresses: string[] = []
  for (let i = 0; i < 9; i += 1) addresses.push(await media.open({ path: '/film.mp4', version: undefined }))
  assert.equal(addresses[0], '/apps/org.example.a/k3y/.media/key1')
  assert.deepEqual(ended, ['/media/key1'])
  media.end(addresses[4] as string)
  media.end('/apps/org.example.b/other/.media/key2')
  assert.deepEqual(ended, ['/media/key1', '/media/key5'])
  media.endAll()
  assert.equal(ended.length, 9)
})
