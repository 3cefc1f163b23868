/** Messages of branches and the lines into them, as strangers may send them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSeededRandom } from '@anarq/random/testing'
import {
  type BranchMessage,
  branchOfMessage,
  encodeMessage,
  parseBranchLine,
  parseMessage,
  writeBranchLine,
} from '../src/net/branches/messages.ts'
import { createMemberPlaces, createNetworks } from '../src/net/branches/places.ts'

const branch = 'ab'.repeat(32)
const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(length)
const messages: readonly BranchMessage[] = [
  { kind: 'swarm', bytes: bytes(9) },
  { kind: 'state', tag: bytes(32), places: ['anarq:x'], isAsking: true },
  { kind: 'documents', documents: bytes(99), secret: bytes(32), isAsking: false },
  { kind: 'documents', documents: bytes(9), secret: undefined, isAsking: true },
  {
    kind: 'apply',
    endMs: 7,
    token: bytes(16),
    applicant: { nodeKey: bytes(32), holder: 'did:x:y', card: bytes(40), signature: bytes(64) },
  },
  { kind: 'prove', number: 3, nonce: bytes(16), digests: [bytes(32), bytes(32)] },
  { kind: 'proved', number: 3, body: bytes(80), signature: bytes(64), answers: [bytes(32)] },
]

test('every message is the same after it was written and read', () => {
  for (const message of messages) {
    const written = encodeMessage(branch, message)
    assert.equal(branchOfMessage(written), branch)
    assert.deepEqual(parseMessage(written), message)
  }
})

test('whatever else comes is a fault, never anything worse', () => {
  const random = createSeededRandom(5)
  for (let i = 0; i < 4000; i += 1) {
    const written = encodeMessage(branch, messages[i % messages.length] as BranchMessage)
    const at = 32 + (new DataView(random.bytes(4).buffer).getUint32(0) % (written.length - 32))
    written[at] = random.bytes(1)[0] as number
    const cut = i % 3 === 0 ? written.subarray(0, at) : written
    try {
      parseMessage(cut)
    } catch (error) {
      assert.equal((error as Error).name, 'Fault', String(error))
    }
  }
})

test('a line into a branch is whole or none', () => {
  const line = { branch, place: 'anarq:place', endMs: 1_800_000_000_000, token: bytes(16) }
  const text = writeBranchLine(line)
  assert.deepEqual(parseBranchLine(text), line)
  for (const other of [
    text.slice(1),
    `${text}A`,
    text.slice(0, -2),
    'anarq:x',
    '',
    'anarq-branch:',
    'x'.repeat(5000),
  ])
    assert.throws(() => parseBranchLine(other), /whole line/)
})

test('networks hold what they name, in whatever spelling, and no name of a host', () => {
  const isIn = createNetworks(['10.1.0.0/16', '192.0.2.7', 'fd00::/8', 'nonsense', '10.0.0.0/99'])
  for (const host of ['10.1.2.3', '::ffff:10.1.2.3', '192.0.2.7', 'fd12::1']) assert.ok(isIn(host), host)
  for (const host of ['10.2.0.1', '192.0.2.8', 'fe80::1', '::1', 'example.org', '', '10.1.2.3.4'])
    assert.equal(isIn(host), false, host)
  assert.ok(createNetworks([])('example.org'))
  assert.equal(createNetworks(['nonsense'])('10.1.2.3'), false)
})

test('places that nobody signed are not kept', () => {
  const places = createMemberPlaces(() => 0)
  places.take(['anarq:AAAA', 'nonsense'], () => true)
  assert.deepEqual(places.all(), [])
})
