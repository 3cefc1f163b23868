import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '@anarq/fault'
import { textOfNodeId } from '@anarq/qnet'
import {
  keyOfPointer,
  openSeedList,
  parsePointer,
  readCache,
  type SeedList,
  signSeedList,
} from '@anarq/qnet/discovery'
import { createSeededRandom } from '@anarq/random/testing'
import fc from 'fast-check'
import { createBuckets } from '../../src/buckets.ts'
import { writeCache } from '../../src/discovery/cache.ts'
import { createDirectory } from '../../src/discovery/directory.ts'
import { compareDistance, sharedBits } from '../../src/discovery/distance.ts'
import { createLookup } from '../../src/discovery/lookup.ts'
import { createMedian } from '../../src/discovery/median.ts'
import { encodeMessage, type Message, parseMessage } from '../../src/discovery/messages.ts'
import { createPointerStore } from '../../src/discovery/pointers.ts'
import { createRouting } from '../../src/discovery/routing.ts'
import { baseOfSet, judgeState, parseVote } from '../../src/discovery/state.ts'
import { ownSet } from '../../src/state-set.ts'
import { survivesAnyBytes } from '../fuzz.ts'
import { keysOf, recordOf, startMs } from '../record/fixture.ts'
import { subjectOf } from './fixture.ts'

const hourMs = 3_600_000
const random = createSeededRandom(5)

test('a seed list is taken from one signer, until its end, and never an older one than before [QN-ARC-5, SW-SEC-2]', () => {
  const signer = keysOf(1)
  const { id, linkKey, addresses } = recordOf(keysOf(2))
  const list: SeedList = {
    sequence: 5,
    issuedMs: startMs,
    expiresMs: startMs + hourMs,
    contacts: [{ id, linkKey, addresses }],
  }
  const bytes = signSeedList(signer, list)
  const { publicKey } = signer
  const skewMs = 0
  assert.deepEqual(openSeedList(bytes, { publicKey, nowMs: startMs, sequenceMin: 5 }), list)
  const refusals: [object, string][] = [
    [{ sequenceMin: 6 }, 'refused.rollback'],
    [{ nowMs: startMs + 2 * hourMs, skewMs }, 'refused.expired'],
    [{ publicKey: keysOf(3).publicKey }, 'refused.signature'],
  ]
  for (const [change, code] of refusals)
    assert.throws(() => openSeedList(bytes, { publicKey, nowMs: startMs, ...change }), { code })
  assert.throws(() => openSeedList(new Uint8Array(40_000), { publicKey, nowMs: startMs }), {
    code: 'limit.seeds',
  })
  const changed = bytes.slice()
  changed[60] = (changed[60] as number) ^ 1
  assert.throws(() => openSeedList(changed, { publicKey, nowMs: startMs }), Fault)
})

test('a cache gives back who was in it, leaves out what is damaged, and says when nothing reads [QN-ARC-6]', () => {
  const records = Array.from({ length: 70 }, (_, n) => recordOf(keysOf(100 + n), {}, 0))
  const bytes = writeCache(records)
  assert.equal(readCache(bytes).length, 64)
  assert.equal(readCache(bytes)[3]?.id, records[3]?.id)
  const damaged = bytes.slice()
  damaged[500] = (damaged[500] as number) ^ 255
  const left = readCache(damaged).length
  assert.ok(left === 63 || left === 64)
  for (const broken of [bytes.slice(0, 100), new Uint8Array(0), Uint8Array.of(0xa0)])
    assert.throws(() => readCache(broken), { code: 'damaged.peer-cache' })
})

test('whatever bytes come, every parser of discovery gives what it means or a fault [SW-SEC-3]', () => {
  const record = recordOf(keysOf(1))
  const id = textOfNodeId(new Uint8Array(32).fill(7))
  const pointer = subjectOf(1).sign([id], 1, startMs).bytes
  const messages: Message[] = [
    { kind: 'hello', nonce: 1, timeMs: 2, bits: 3, record: record.bytes },
    { kind: 'sync', fingerprint: new Uint8Array(512), period: 9 },
    { kind: 'have', parts: Uint8Array.of(1, 2), known: [{ id, sequence: 4 }] },
    { kind: 'want', ids: [id] },
    { kind: 'records', records: [record.bytes] },
    { kind: 'get', nonce: 1, target: new Uint8Array(32) },
    { kind: 'found', nonce: 1, records: [record.bytes], pointer },
    { kind: 'found', nonce: 1, records: [], pointer: undefined },
    { kind: 'put', pointer },
    { kind: 'lie', about: 'record', first: record.bytes, second: record.bytes },
    { kind: 'votes', votes: [new Uint8Array(10)] },
    { kind: 'state', state: new Uint8Array(10) },
    { kind: 'lot', period: 3, base: new Uint8Array(32), lot: new Uint8Array(112) },
  ]
  for (const message of messages) assert.deepEqual(parseMessage(encodeMessage(message)), message)
  const whole = [...messages.map(encodeMessage), pointer, writeCache([record])]
  const parsers = [
    parseMessage,
    parsePointer,
    parseVote,
    readCache,
    (bytes: Uint8Array) => openSeedList(bytes, { publicKey: record.publicKey, nowMs: startMs }),
    (bytes: Uint8Array) =>
      judgeState(bytes, {
        committeeSize: 9,
        relays: new Set(),
        baseOf: () => baseOfSet(ownSet([])),
      }),
  ]
  survivesAnyBytes(parsers, whole)
  assert.throws(() => parseMessage(new Uint8Array(2_000_000)), { code: 'limit.message' })
})

test('a bucket gives its burst, then its rate, whatever the clock does, and forgets no more than it holds', () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: -5_000, max: 5_000 }), fc.integer({ min: 1, max: 20 })), {
    maxLength: 60,
  })
  fc.assert(
    fc.property(steps, (list) => {
      const buckets = createBuckets({ perSecond: 10, burst: 30 })
      let now = startMs
      let forward = 0
      let taken = 0
      for (const [passMs, cost] of list) {
        now += passMs
        forward += Math.max(0, passMs)
        if (buckets.take('a', cost, now)) taken += cost
      }
      assert.ok(taken <= 30 + forward / 100 + 1e-6)
    }),
  )
  const small = createBuckets({ perSecond: 1, burst: 1, keysMax: 2 })
  assert.deepEqual(
    ['a', 'a', 'b', 'a'].map((key) => small.take(key, 1, 0)),
    [true, false, true, false],
  )
})

test('a median moves by no minority, and each group has one voice', () => {
  const voices = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 11, maxLength: 21 })
  fc.assert(
    fc.property(voices, fc.integer({ min: -1e9, max: 1e9 }), (honest, lie) => {
      const median = createMedian()
      for (const [n, value] of honest.entries()) median.add(`h${n}`, value)
      for (let n = 0; n < honest.length - 1; n += 1) median.add(`l${n % 5}`, lie)
      assert.ok(Math.abs(median.value() as number) <= 50)
    }),
  )
  assert.equal(createMedian().value(), undefined)
})

test('the distance orders all ids, from any target, and shared bits are its logarithm', () => {
  const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 })
  fc.assert(
    fc.property(bytes, bytes, bytes, (target, a, b) => {
      assert.equal(Math.sign(compareDistance(target, a, b)), -Math.sign(compareDistance(target, b, a)))
      assert.ok(compareDistance(target, target, a) <= 0)
      if (sharedBits(target, a) > sharedBits(target, b)) assert.ok(compareDistance(target, a, b) < 0)
    }),
  )
})

test('of one network there are two in a bucket and ten in all; who was there first stays until it fails three times', () => {
  const id = () => textOfNodeId(random.bytes(32))
  const routing = createRouting(id(), 10, () => false)
  const crowd = Array.from({ length: 300 }, id)
  assert.ok(crowd.filter((one) => routing.offer(one, '4:99.0.0')).length <= 10)
  const others = Array.from({ length: 300 }, (_, n) => [id(), `4:${n}`] as const)
  const first = others.filter(([one, group]) => routing.offer(one, group))
  assert.ok(first.length < 150)
  const late = Array.from({ length: 300 }, (_, n) => [id(), `5:${n}`] as const)
  const before = routing.ids()
  for (const [one, group] of late) routing.offer(one, group)
  assert.ok(before.every((one) => routing.has(one)))
  const victim = before[0] as ReturnType<typeof id>
  for (let n = 0; n < 3; n += 1) routing.failed(victim)
  assert.ok(!routing.has(victim))
})

test('a directory keeps its bounds under any order of records, and its fingerprint says what it holds', () => {
  const records = Array.from({ length: 60 }, (_, n) =>
    recordOf(keysOf(200 + n), { addresses: [{ transport: 'tcp', host: `7.0.${n % 4}.${n}`, port: 1 }] }, 0),
  )
  const make = () => createDirectory({ nodesMax: 30, perGroupMax: 9, isExempt: () => false })
  fc.assert(
    fc.property(fc.shuffledSubarray(records, { minLength: 40 }), (order) => {
      const directory = make()
      for (const record of order) directory.consider(record, startMs)
      assert.ok(directory.size <= 30)
      const groups = Map.groupBy(directory.entries(), ({ group }) => group)
      for (const entries of groups.values()) assert.ok(entries.length <= 9)
      const other = make()
      for (const { record } of [...directory.entries()].reverse()) other.consider(record, startMs)
      assert.equal(directory.differing(other.fingerprint()).length, 0)
    }),
    { numRuns: 30 },
  )
})

test('a look-up asks nobody twice, ends, and is led astray on no more paths than there are liars at their heads', () => {
  const start = Array.from({ length: 9 }, (_, n) => ({ id: keysOf(300 + n).id, group: `g${n}` }))
  const lookup = createLookup({ target: new Uint8Array(32), self: keysOf(1).id, start })
  const asked: string[] = []
  const records = Array.from({ length: 40 }, (_, n) =>
    recordOf(keysOf(400 + n), { addresses: [{ transport: 'tcp', host: `9.${n}.0.1`, port: 1 }] }, 0),
  )
  for (let n = 0; !lookup.isDone; n += 1) {
    for (const id of lookup.next()) {
      asked.push(id)
      if (n % 3 === 2) lookup.failed(id)
      else lookup.answered(id, records.slice(n, n + 8))
    }
  }
  assert.equal(new Set(asked).size, asked.length)
  assert.ok(asked.length <= 36)
  assert.ok(lookup.closest().length <= 8)
})

test('pointers: the newest of a subject, none that is over, and of too many the far ones go', () => {
  const store = createPointerStore(keysOf(1).id, 5)
  const nodes = [keysOf(2).id]
  const person = subjectOf(1)
  assert.ok(store.put(person.sign(nodes, 2, startMs + hourMs), startMs, 0))
  assert.ok(!store.put(person.sign(nodes, 1, startMs + hourMs), startMs, 0))
  assert.ok(!store.put(person.sign(nodes, 3, startMs - 1), startMs, 0))
  assert.equal(store.get(keyOfPointer(person.subject), startMs)?.pointer.sequence, 2)
  assert.equal(store.get(keyOfPointer(person.subject), startMs + 2 * hourMs), undefined)
  for (let n = 2; n < 20; n += 1) store.put(subjectOf(n).sign(nodes, 1, startMs + hourMs), startMs, 0)
  assert.equal(store.size, 5)
})
