import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '@anarq/fault'
import { decodeCbor, encodeCbor } from '@anarq/ipld'
import { nodeIdOf, vrfVerify } from '@anarq/qnet'
import {
  bitsOfWork,
  checkAddress,
  compareRecords,
  createNodeKeys,
  createOnionKeys,
  groupOfAddresses,
  groupOfHost,
  kindOfHost,
  type NodeAddress,
  parseRecord,
  recordBytesMax,
  searchWork,
  timingOfRecord,
  verifyByNode,
  verifyRecord,
  workOfRecord,
} from '@anarq/qnet/record'
import { createSeededRandom } from '@anarq/random/testing'
import fc from 'fast-check'
import { keysOf, recordOf, startMs } from './fixture.ts'

const hourMs = 3_600_000

test('one seed gives one node, whose signatures and draws anybody verifies [SW-SEC-2]', () => {
  const [keys, again, other] = [keysOf(1), keysOf(1), keysOf(2)]
  assert.equal(keys.id, again.id)
  assert.notEqual(keys.id, other.id)
  assert.equal(keys.id, nodeIdOf(keys.publicKey))
  const bytes = Uint8Array.of(1, 2, 3)
  const signature = keys.sign('a', bytes)
  assert.ok(verifyByNode(keys.publicKey, 'a', bytes, signature))
  assert.ok(!verifyByNode(keys.publicKey, 'b', bytes, signature))
  assert.ok(!verifyByNode(other.publicKey, 'a', bytes, signature))
  assert.ok(vrfVerify(keys.publicKey, bytes, keys.draw(bytes)))
  assert.throws(() => createNodeKeys(new Uint8Array(31)), { code: 'invalid.key' })
  keys.dispose()
  assert.throws(() => keys.sign('a', bytes), { code: 'refused.disposed' })
})

test('an onion key lives a day, overlaps with the next, comes back after a restart, and is then gone for good [QN-PRV-3]', () => {
  const random = createSeededRandom(4)
  const keys = createOnionKeys({ random })
  const first = keys.current(startMs)
  assert.equal(keys.current(startMs + 17 * hourMs), first)
  const second = keys.current(startMs + 19 * hourMs)
  assert.notDeepEqual(second.agreement.publicKey, first.agreement.publicKey)
  assert.deepEqual(
    keys.usable(startMs + 23 * hourMs),
    [second, first].map((key) => key),
  )
  const kept = keys.keep()
  const restarted = createOnionKeys({ random, kept })
  const back = restarted.usable(startMs + 23 * hourMs).map((key) => key.agreement.publicKey)
  assert.deepEqual(back, [second.agreement.publicKey, first.agreement.publicKey])
  assert.equal(keys.usable(startMs + 25 * hourMs).length, 1)
  assert.throws(() => first.agreement.agree(second.agreement.publicKey), { code: 'refused.disposed' })
  const keptLater = keys.keep()
  assert.ok(keptLater.length < kept.length)
  for (const broken of [kept.slice(1), new Uint8Array(3), Uint8Array.of(0xa0)])
    assert.throws(() => createOnionKeys({ random, kept: broken }), { code: 'damaged.onion-keys' })
})

test('a clock that was years ahead and is set back costs onion keys, not the node', () => {
  const keys = createOnionKeys({ random: createSeededRandom(4) })
  const wrong = keys.current(startMs + 10_000 * hourMs)
  const right = keys.current(startMs)
  assert.notEqual(wrong, right)
  assert.deepEqual(keys.usable(startMs), [right])
})

test('a record reads as it was written, is verified, and is bounded [SW-SEC-2, SW-SEC-3]', () => {
  const keys = keysOf(1)
  const record = recordOf(keys, { family: new Uint8Array(32).fill(3), roles: ['broker', 'relay'] })
  assert.deepEqual(verifyRecord(record.bytes, 4), record)
  assert.equal(record.id, keys.id)
  assert.ok(record.bytes.length < 700)
  assert.throws(() => verifyRecord(record.bytes, workOfRecord(record) + 1), { code: 'refused.work' })
  assert.throws(() => parseRecord(new Uint8Array(recordBytesMax + 1)), { code: 'limit.record' })
  const host = `${'a'.repeat(60)}.${'b'.repeat(50)}.example`
  const addresses = Array.from({ length: 4 }, (_, i): NodeAddress => ({ transport: 'ws', host, port: i + 1 }))
  const ids = [1, 2, 3].map((n) => new Uint8Array(32).fill(n))
  assert.throws(() => recordOf(keys, { addresses, brokers: ids, branches: ids }), { code: 'limit.record' })
})

test('a record with another key, another address, a longer life or a role of its own making is refused [SW-SEC-3]', () => {
  const [keys, other] = [keysOf(1), keysOf(2)]
  const record = recordOf(keys)
  const fields = decodeCbor(record.bytes) as Record<string, unknown>
  const changed = (change: Record<string, unknown>) => encodeCbor({ ...fields, ...change })
  const code = (bytes: Uint8Array): string => {
    try {
      verifyRecord(bytes, 0)
      return 'taken'
    } catch (error) {
      assert.ok(error instanceof Fault)
      return error.code
    }
  }
  const cases: [Record<string, unknown>, string][] = [
    [{}, 'taken'],
    [{ key: other.publicKey }, 'refused.signature'],
    [{ addresses: [['tcp', '203.0.113.8', 7000]] }, 'refused.signature'],
    [{ roles: ['exit'] }, 'refused.signature'],
    [{ roles: ['master'] }, 'invalid.shape'],
    [{ roles: ['relay', 'exit'] }, 'invalid.shape'],
    [{ roles: ['relay', 'relay'] }, 'invalid.shape'],
    [{ addresses: [['tcp', '203.0.113.08', 7000]] }, 'invalid.address'],
    [{ addresses: [['tcp', '203.0.113.8', 0]] }, 'invalid.address'],
    [{ addresses: [['udp', '203.0.113.8', 1]] }, 'invalid.address'],
    [{ addresses: Array.from({ length: 5 }, () => ['tcp', '203.0.113.8', 7000]) }, 'invalid.shape'],
    [{ expires: startMs + 25 * hourMs }, 'invalid.shape'],
    [{ expires: startMs }, 'invalid.shape'],
    [{ more: 1 }, 'invalid.shape'],
    [{ v: 2 }, 'invalid.shape'],
    [{ work: new Uint8Array(9) }, 'invalid.shape'],
    [{ capacity: 16 }, 'invalid.shape'],
    [{ brokers: [new Uint8Array(32).fill(2), new Uint8Array(32).fill(1)] }, 'invalid.shape'],
  ]
  for (const [change, expected] of cases)
    assert.equal(code(changed(change)), expected, JSON.stringify(change))
})

test('whatever bytes come as a record, what is thrown is a fault and what is taken is what was signed [SW-SEC-3]', () => {
  const { bytes } = recordOf(keysOf(1))
  const at = fc.integer({ min: 0, max: bytes.length - 1 })
  const mutations = fc.array(fc.tuple(at, fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 3 })
  const judge = (hostile: Uint8Array): void => {
    try {
      assert.deepEqual(verifyRecord(hostile, 0).bytes, bytes)
    } catch (error) {
      if (!(error instanceof Fault)) throw error
    }
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 1200 }), judge))
  fc.assert(fc.property(at, (length) => judge(bytes.slice(0, length))))
  fc.assert(
    fc.property(mutations, (changes) => {
      const hostile = bytes.slice()
      for (const [index, value] of changes) hostile[index] = value
      judge(hostile)
    }),
    { numRuns: 300 },
  )
})

test('the newest record stands; two of one number are a lie that everybody can check', () => {
  const keys = keysOf(1)
  const held = recordOf(keys, { sequence: 5 })
  assert.equal(compareRecords(held, recordOf(keys, { sequence: 6 })), 'newer')
  assert.equal(compareRecords(held, recordOf(keys, { sequence: 4 })), 'older')
  assert.equal(compareRecords(held, recordOf(keys, { sequence: 5 })), 'same')
  assert.equal(compareRecords(held, recordOf(keys, { sequence: 5, capacity: 4 })), 'lie')
  assert.throws(() => compareRecords(held, recordOf(keysOf(2))), { code: 'internal.records' })
})

test('records are understood from clocks that are off by less than the window', () => {
  const record = recordOf(keysOf(1))
  const skewMs = 2 * hourMs
  assert.equal(timingOfRecord(record, startMs - 3 * hourMs, skewMs), 'early')
  assert.equal(timingOfRecord(record, startMs - hourMs, skewMs), 'good')
  assert.equal(timingOfRecord(record, startMs + 7 * hourMs, skewMs), 'good')
  assert.equal(timingOfRecord(record, startMs + 9 * hourMs, skewMs), 'over')
})

test('work is found in slices, is for one key and one day, and its bits are what they cost', () => {
  const { publicKey } = keysOf(1)
  const search = searchWork(publicKey, 7, 8)
  let work: Uint8Array | undefined
  let steps = 0
  for (; work === undefined; steps += 1) work = search.step(16)
  assert.ok(steps > 1)
  assert.ok(bitsOfWork(publicKey, 7, work) >= 8)
  const others = Array.from({ length: 64 }, (_, day) => bitsOfWork(publicKey, 8 + day, work))
  assert.ok(others.filter((bits) => bits >= 8).length < 4)
  const mean = others.reduce((sum, bits) => sum + bits, 0) / others.length
  assert.ok(mean > 0.4 && mean < 2, `${mean} bits on average, where 1 is expected`)
})

test('a host has one spelling, and its group is the /24, the /56 or the domain', () => {
  const hosts: [string, string | undefined, string?][] = [
    ['203.0.113.7', 'ip4', '4:203.0.113'],
    ['203.0.113.007', undefined],
    ['0xcb.0.113.7', undefined],
    ['3405803783', undefined],
    ['2001:db8::1', 'ip6', '6:20010db8000000'],
    ['2001:db8:0:0:0:0:0:1', undefined],
    ['2001:DB8::1', undefined],
    ['2001:db8::1:0:0:1', 'ip6', '6:20010db8000000'],
    ['::', 'ip6', '6:00000000000000'],
    ['::1', 'ip6', '6:00000000000000'],
    ['1::', 'ip6', '6:00010000000000'],
    ['::ffff:203.0.113.7', undefined],
    ['::ffff:cb00:7107', undefined],
    ['1:2:3:4:5:6:7:8', 'ip6', '6:00010002000300'],
    ['1:2:3:4:5:6:7:8:9', undefined],
    ['1:2:3:4:5:6:7::', undefined],
    ['fe80::1%eth0', undefined],
    ['relay.example.org', 'name', 'n:example.org'],
    ['relay.example.org.', undefined],
    ['Relay.example.org', undefined],
    ['localhost', undefined],
    ['1.2.3.4.5', undefined],
    ['-a.example', undefined],
    ['a..example', undefined],
    [`${'a.'.repeat(80)}example`, undefined],
    ['', undefined],
  ]
  for (const [host, kind, group] of hosts) {
    assert.equal(kindOfHost(host), kind, host)
    if (group !== undefined) assert.equal(groupOfHost(host), group)
  }
  assert.equal(groupOfAddresses([]), 'none')
  assert.throws(() => checkAddress({ transport: 'tcp', host: '::1', port: 1.5 }), { code: 'invalid.address' })
})
