/** Statements of custody, proofs made of them, and where a branch is met: by signatures alone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodeIdOf } from '@anarq/qnet'
import {
  branchIdOf,
  createMeetingKey,
  custodyAnswer,
  isMeeting,
  isMeetingSecret,
  nameOf,
  parseCertificate,
  parseCharter,
  parseDocuments,
  parseProof,
  parseRevocation,
  readCustody,
  signCustody,
  signMeeting,
  verifyProof,
} from '@anarq/qnet/branch'
import { parsePointer, pointerBody, writePointer } from '@anarq/qnet/discovery'
import { createSeededRandom } from '@anarq/random/testing'
import { ada, bob, firstCharter, idOf, meetingKey, nodes, nowMs, provedBy, verify } from './branch-world.ts'

const charter = firstCharter()
const branch = idOf(charter)
const [adaNode, bobNode] = nodes as [(typeof nodes)[number], (typeof nodes)[number]]

test('a proof says who holds what, and stands by its signatures alone [SW-OVL-8]', () => {
  const report = verifyProof(parseProof(provedBy([0, 1])), verify)
  assert.equal(report.blocks, 3)
  assert.equal(report.copiesLeast, 2)
  assert.deepEqual(report.holders.map(({ holder }) => holder).sort(), [ada, bob])
  assert.equal(report.refusals.count, 2)
  assert.equal(report.charter.stays, true)
})

test('a proof with a holder who is no member, of another day, without a holder, or by another than it names, is none [SW-OVL-8]', () => {
  const day = 86_400_000
  for (const [bytes, why] of [
    [provedBy([0, 1], {}, { certified: [0] }), /was no member/],
    [provedBy([0], {}, { certified: [1] }), /owner was no member/],
    [provedBy([0], {}, { atMs: nowMs - 2 * day }), /of another day/],
    [provedBy([]), /no holder/],
    [provedBy([0], { owner: bob }), /not signed by the owner/],
    [provedBy([0], { atMs: nowMs + 30 * day }), /no member/],
    [provedBy([0], { digests: [new Uint8Array(32).fill(9)] }), /no holder/],
  ] as const)
    assert.throws(() => verifyProof(parseProof(bytes), verify), why)
})

test('whichever bit of a proof is flipped, it is refused [SW-OVL-8]', () => {
  const bytes = provedBy([0, 1])
  const random = createSeededRandom(3)
  for (let i = 0; i < 400; i += 1) {
    const at = new DataView(random.bytes(4).buffer).getUint32(0) % bytes.length
    const changed = bytes.slice()
    changed[at] = (changed[at] as number) ^ (1 << (i % 8))
    assert.throws(() => verifyProof(parseProof(changed), verify))
  }
})

test('a statement is of its node, its branch and its nonce; only who has the block can answer for it', () => {
  const nonce = new Uint8Array(16).fill(5)
  const block = new Uint8Array([1, 2, 3])
  const custody = { branch, nodeKey: bobNode.publicKey, atMs: nowMs, nonce, digests: [new Uint8Array(32)] }
  const signed = signCustody(custody, (message) => bobNode.sign(message))
  assert.deepEqual(readCustody(signed), custody)
  assert.throws(() => readCustody(signCustody(custody, (message) => adaNode.sign(message))), /not signed/)
  assert.notDeepEqual(custodyAnswer(nonce, block), custodyAnswer(new Uint8Array(16), block))
  assert.notDeepEqual(custodyAnswer(nonce, block), custodyAnswer(nonce, new Uint8Array([1, 2, 4])))
})

test('where a branch is met is believed from its members alone: any node can check it by the branch’s id [SW-OVL-3]', () => {
  const firstName = nameOf({ body: charter })
  const facts = { nodes: [nodeIdOf(adaNode.publicKey)], sequence: 7, expiresMs: nowMs }
  const signed = signMeeting({ branch, firstName, key: meetingKey }, facts)
  assert.ok(isMeeting(parsePointer(signed.bytes)))
  const stranger = createMeetingKey(new Uint8Array(32).fill(1))
  assert.equal(isMeeting(signMeeting({ branch, firstName, key: stranger }, facts)), false)
  // A key of one's own makes a branch of one's own.
  const other = branchIdOf(stranger.publicKey, firstName).toHex()
  assert.ok(isMeeting(signMeeting({ branch: other, firstName, key: stranger }, facts)))
  const pointer = { ...signed.pointer, sequence: 8 }
  assert.equal(isMeeting(writePointer(pointer, signed.signature)), false)
  assert.equal(isMeeting(writePointer({ ...pointer, subject: 'did:x:ada' }, signed.signature)), false)
  assert.notDeepEqual(pointerBody(pointer), signed.body)
  assert.ok(isMeetingSecret(new Uint8Array(32).fill(99), meetingKey.publicKey))
  assert.equal(isMeetingSecret(new Uint8Array(32), meetingKey.publicKey), false)
})

test('whatever bytes come, a parser gives what it says or a fault, and nothing else', () => {
  const random = createSeededRandom(11)
  const seeds = [charter, provedBy([0]), parseProof(provedBy([0])).documents, new Uint8Array(0)]
  const readers: readonly ((bytes: Uint8Array) => unknown)[] = [
    parseCharter,
    parseCertificate,
    parseRevocation,
    parseDocuments,
    parseProof,
    (bytes) => readCustody({ body: bytes, signature: new Uint8Array(64) }),
  ]
  for (let i = 0; i < 3000; i += 1) {
    const seed = seeds[i % seeds.length] as Uint8Array
    const bytes = seed.length === 0 ? random.bytes(i % 97) : seed.slice(0, seed.length - (i % 3))
    if (bytes.length > 0) {
      const at = new DataView(random.bytes(4).buffer).getUint32(0) % bytes.length
      bytes[at] = random.bytes(1)[0] as number
    }
    for (const read of readers)
      try {
        read(bytes)
      } catch (error) {
        assert.equal((error as Error).name, 'Fault', String(error))
      }
  }
})
