import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  emptyQueue,
  factsOf,
  largeBytesMin,
  lostUploadOf,
  type NewUpload,
  type Queue,
  step,
  type UploadEffect,
  type UploadEvent,
} from '../ui/logic/uploads.ts'

const file = (id: string, bytes: number): NewUpload => ({
  id,
  path: `/in/${id}`,
  bytes,
  modifiedMs: 1,
  type: '',
  isFolder: false,
})

/** A node that keeps what it is sent, and that answers when it is told to: late, or never. */
function world() {
  let queue: Queue = emptyQueue
  let atMs = 0
  const open = new Map<number, Extract<UploadEffect, { do: 'send-many' | 'send-one' }>>()
  const stored = new Map<string, number>()
  const remotes = new Set<string>()
  const tell = (event: UploadEvent): void => {
    atMs += 10
    const stepped = step(queue, event, atMs)
    queue = stepped.queue
    for (const effect of stepped.effects) {
      if (effect.do === 'cancel-remote') remotes.delete(effect.remote)
      else if (effect.do !== 'abort') open.set(effect.job, effect)
    }
  }
  const answer = (pick: number, how: 'done' | 'failed' | 'progress' | 'begun'): void => {
    const jobs = [...open.values()]
    const job = jobs[pick % Math.max(1, jobs.length)]
    if (job === undefined) return
    const ids = job.do === 'send-many' ? job.ids : [job.id]
    if (how === 'begun' || how === 'progress') {
      if (job.do !== 'send-one') return
      if (how === 'progress') {
        tell({ what: 'progress', job: job.job, id: job.id, sent: pick % 2_000_000 })
        return
      }
      const remote = `${job.id} ${job.job}`
      remotes.add(remote)
      tell({ what: 'begun', job: job.job, id: job.id, remote })
      return
    }
    open.delete(job.job)
    if (how === 'failed') {
      tell({ what: 'failed', job: job.job, ids, code: 'unavailable.node', sentence: 'Gone.' })
      return
    }
    for (const id of ids) stored.set(id, (stored.get(id) ?? 0) + 1)
    tell({ what: 'done', job: job.job, ids })
  }
  return { tell, answer, queue: () => queue, stored, open, remotes, nowMs: () => atMs }
}

const sizes = [10, 2 * largeBytesMin, 500, 5 * largeBytesMin, 0, 700_000]
const idOf = fc.integer({ min: 0, max: sizes.length - 1 }).map(String)
const act = fc.oneof(
  fc.record({
    kind: fc.constant('tell' as const),
    what: fc.constantFrom('pause', 'resume', 'cancel', 'retry'),
    id: idOf,
  }),
  fc.record({ kind: fc.constant('all' as const), what: fc.constantFrom('pause-all', 'resume-all') }),
  fc.record({
    kind: fc.constant('answer' as const),
    pick: fc.nat(10_000_000),
    how: fc.constantFrom('done', 'failed', 'progress', 'begun'),
  }),
)

test('whatever is paused, resumed, failed and cancelled in whatever order, no file is lost and none counts twice', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 80 }), (acts) => {
      const it = world()
      it.tell({ what: 'add', uploads: sizes.map((bytes, i) => file(String(i), bytes)) })
      for (const one of acts) {
        if (one.kind === 'answer') it.answer(one.pick, one.how as 'done')
        else if (one.kind === 'all') it.tell({ what: one.what as 'pause-all' })
        else it.tell({ what: one.what as 'pause', id: one.id })
        const { uploads } = it.queue()
        assert.equal(uploads.size, sizes.length)
        const facts = factsOf(it.queue(), it.nowMs())
        const cancelled = [...uploads.values()].filter(({ status }) => status.at === 'cancelled').length
        assert.equal(facts.files + cancelled, sizes.length)
        assert.ok(facts.sent <= facts.bytes && facts.done <= facts.files)
        for (const { id, status, sent, bytes } of uploads.values()) {
          assert.ok(sent <= bytes)
          // Done is said only of what the node keeps.
          if (status.at === 'done') assert.ok(it.stored.has(id))
          if (status.at === 'sending') assert.ok(it.open.has(status.job))
        }
      }
      // In the end the node is there and the person wants everything.
      it.tell({ what: 'resume-all' })
      for (let turn = 0; turn < 200; turn += 1) {
        for (const { id } of it.queue().uploads.values()) it.tell({ what: 'retry', id })
        it.answer(turn, 'done')
      }
      for (const { id, status } of it.queue().uploads.values())
        if (status.at !== 'cancelled') {
          assert.equal(status.at, 'done', id)
          assert.ok(it.stored.has(id))
        }
      const { files, done, bytes, sent } = factsOf(it.queue(), it.nowMs())
      assert.deepEqual([done, sent], [files, bytes])
    }),
    { numRuns: 300 },
  )
})

test('small files go together, large ones by themselves, one at a time', () => {
  const { queue, effects } = step(
    emptyQueue,
    {
      what: 'add',
      uploads: [file('a', 1), file('b', 2 * largeBytesMin), file('c', 2), file('d', 3 * largeBytesMin)],
    },
    0,
  )
  assert.deepEqual(effects, [
    { do: 'send-one', job: 1, id: 'b', remote: undefined },
    { do: 'send-many', job: 2, ids: ['a', 'c'] },
  ])
  assert.equal(queue.uploads.get('d')?.status.at, 'waiting')
})

test('who pauses a large file goes on with the same upload at the node', () => {
  let { queue } = step(emptyQueue, { what: 'add', uploads: [file('a', 9 * largeBytesMin)] }, 0)
  queue = step(queue, { what: 'begun', job: 1, id: 'a', remote: 'r' }, 1).queue
  queue = step(queue, { what: 'progress', job: 1, id: 'a', sent: 1000 }, 2).queue
  const paused = step(queue, { what: 'pause', id: 'a' }, 3)
  assert.deepEqual(paused.effects, [{ do: 'abort', job: 1 }])
  const resumed = step(paused.queue, { what: 'resume', id: 'a' }, 4)
  assert.deepEqual(resumed.effects, [{ do: 'send-one', job: 2, id: 'a', remote: 'r' }])
  assert.equal(resumed.queue.uploads.get('a')?.sent, 1000)
})

test('what is cancelled is given up at the node too, also where it was begun a moment later', () => {
  let { queue } = step(emptyQueue, { what: 'add', uploads: [file('a', 9 * largeBytesMin)] }, 0)
  queue = step(queue, { what: 'cancel', id: 'a' }, 1).queue
  const late = step(queue, { what: 'begun', job: 1, id: 'a', remote: 'r' }, 2)
  assert.deepEqual(late.effects, [{ do: 'cancel-remote', remote: 'r' }])
})

test('after a reload the same file goes on where it was, and another file does not', () => {
  const lost = { ...file('a', 9 * largeBytesMin), remote: 'r', sent: 4000 }
  const { queue, effects } = step(emptyQueue, { what: 'found', uploads: [lost] }, 0)
  assert.deepEqual(effects, [])
  const given = { name: 'a', size: lost.bytes, lastModified: 1 }
  assert.equal(lostUploadOf(queue, given)?.id, 'a')
  assert.equal(lostUploadOf(queue, { ...given, lastModified: 2 }), undefined)
  assert.deepEqual(step(queue, { what: 'given', id: 'a' }, 1).effects, [
    { do: 'send-one', job: 1, id: 'a', remote: 'r' },
  ])
})

test('what the node gave up begins again from the front', () => {
  let { queue } = step(
    emptyQueue,
    { what: 'found', uploads: [{ ...file('a', 9 * largeBytesMin), remote: 'r', sent: 4000 }] },
    0,
  )
  queue = step(queue, { what: 'given', id: 'a' }, 1).queue
  queue = step(queue, { what: 'failed', job: 1, ids: ['a'], code: 'missing.upload', sentence: 'x' }, 2).queue
  assert.deepEqual(step(queue, { what: 'retry', id: 'a' }, 3).effects, [
    { do: 'send-one', job: 2, id: 'a', remote: undefined },
  ])
})

test('speed and rest are told from the last seconds', () => {
  let { queue } = step(emptyQueue, { what: 'add', uploads: [file('a', 10_000_000)] }, 0)
  queue = step(queue, { what: 'progress', job: 1, id: 'a', sent: 1_000_000 }, 1000).queue
  assert.equal(factsOf(queue, 1000).rate, undefined)
  queue = step(queue, { what: 'progress', job: 1, id: 'a', sent: 3_000_000 }, 2000).queue
  const { rate, restSeconds } = factsOf(queue, 2000)
  assert.equal(rate, 2_000_000)
  assert.equal(restSeconds, 3.5)
})
