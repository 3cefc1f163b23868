/** Charters, certificates and revocations: what stands, who says so, and what everybody comes to. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toHex } from '@anarq/bytes'
import { nodeIdOf } from '@anarq/qnet'
import {
  encodeCharter,
  encodeDocuments,
  encodeRevocation,
  joinDocuments,
  nameOf,
  parseCharter,
  parseDocuments,
  readBranch,
  type Signed,
  tidied,
} from '@anarq/qnet/branch'
import {
  ada,
  bob,
  documentsOf,
  eve,
  firstCharter,
  idOf,
  meetingKey,
  membership,
  nodes,
  nowMs,
  rules,
  signedBy,
  verify,
} from './branch-world.ts'

const charter = firstCharter()
const id = idOf(charter)
const whole = documentsOf({
  charters: [signedBy(charter, ada)],
  certificates: [signedBy(membership(id, 0, ada), ada), signedBy(membership(id, 1, bob), ada)],
})

function nodeOf(at: number): ReturnType<typeof nodeIdOf> {
  return nodeIdOf((nodes[at] as (typeof nodes)[number]).publicKey)
}

test('a charter stands by its founder’s signature and names its branch; another’s, or a changed one, names none [SW-OVL-8]', () => {
  assert.equal(readBranch(whole, verify)?.id, id)
  assert.equal(readBranch(whole, verify, id)?.charter.name, 'works')
  assert.equal(readBranch(whole, verify, '00'.repeat(32)), undefined)
  for (const charters of [[signedBy(charter, bob)], [{ body: charter, signatures: [] }], []])
    assert.equal(readBranch({ ...whole, charters }, verify), undefined)
  const [signed] = whole.charters as [Signed]
  const changed = { ...signed, body: firstCharter({ name: 'other' }) }
  assert.equal(readBranch({ ...whole, charters: [changed] }, verify), undefined)
})

test('rules that cannot be kept are no charter', () => {
  for (const change of [
    { stays: true, sharesOutside: true },
    { threshold: 2 },
    { threshold: 0 },
    { admins: [] },
    { admins: [ada, ada], threshold: 2 },
    { name: '' },
    { name: ' x' },
    { name: 'a/b' },
    { networks: ['example.org'] },
    { networks: ['10.0.0.0'] },
  ])
    assert.throws(() => firstCharter(change), /named by|stays with|admin|threshold|A network is/)
})

test('a membership stands for its time, when enough admins signed it, and ends with a revocation [SW-OVL-4]', () => {
  const branch = readBranch(whole, verify)
  assert.deepEqual(
    branch
      ?.members(nowMs)
      .map(({ holder }) => holder)
      .sort(),
    [ada, bob],
  )
  assert.deepEqual(branch?.members(nowMs + 11 * 86_400_000), [])
  assert.ok(branch?.isHolder(bob, nowMs))
  const forged = signedBy(membership(id, 2, eve), eve)
  const strange = signedBy(membership('11'.repeat(32), 2, eve), ada)
  const more = joinDocuments(whole, documentsOf({ certificates: [forged, strange] }))
  assert.equal(readBranch(more, verify)?.memberOf(nodeOf(2), nowMs), undefined)
  const certificate = nameOf(whole.certificates[1] as Signed)
  const body = encodeRevocation({ branch: id, certificate })
  const revoked = (by: string): boolean =>
    readBranch(joinDocuments(whole, documentsOf({ revocations: [signedBy(body, by)] })), verify)?.memberOf(
      nodeOf(1),
      nowMs,
    ) === undefined
  assert.equal(revoked(eve), false)
  assert.equal(revoked(ada), true)
  // Another certificate for the same node is another membership.
  const again = signedBy(membership(id, 1, bob, 20), ada)
  const both = documentsOf({ revocations: [signedBy(body, ada)], certificates: [again] })
  assert.ok(readBranch(joinDocuments(whole, both), verify)?.memberOf(nodeOf(1), nowMs))
})

test('where two of three must sign, the same admin twice is one; the founder lets in the nodes of admins alone', () => {
  const two = firstCharter({ admins: [ada, bob, eve], threshold: 2 })
  const of = idOf(two)
  const read = (certificate: Signed) =>
    readBranch(documentsOf({ charters: [signedBy(two, ada)], certificates: [certificate] }), verify)
  const forNobody = membership(of, 3, 'did:x:nobody')
  const [once] = signedBy(forNobody, ada).signatures
  assert.ok(once)
  assert.equal(read({ body: forNobody, signatures: [once, once] })?.members(nowMs).length, 0)
  assert.equal(read(signedBy(forNobody, ada))?.awaited(nowMs).length, 1)
  assert.equal(read(signedBy(forNobody, ada, eve))?.members(nowMs).length, 1)
  assert.equal(read(signedBy(membership(of, 1, bob), ada))?.members(nowMs).length, 1)
  assert.equal(read(signedBy(membership(of, 1, bob), bob))?.members(nowMs).length, 0)
})

test('a charter’s change is a successor that the admins before it signed; of two the same one stands for everybody', () => {
  const next = (name: string, admins: readonly string[]): Uint8Array =>
    encodeCharter({
      ...rules,
      ...parseCharter(charter),
      name,
      admins,
      number: 1,
      previous: nameOf({ body: charter }),
    })
  const [one, other] = [next('one', [bob]), next('other', [eve])]
  const read = (...charters: readonly Signed[]) =>
    readBranch({ ...whole, charters: [signedBy(charter, ada), ...charters] }, verify)
  assert.equal(read(signedBy(one, bob))?.charter.number, 0)
  assert.equal(read(signedBy(one, ada))?.charter.name, 'one')
  assert.equal(read(signedBy(one, ada))?.id, id)
  const both = [
    read(signedBy(one, ada), signedBy(other, ada)),
    read(signedBy(other, ada), signedBy(one, ada)),
  ]
  assert.equal(both[0]?.charter.name, both[1]?.charter.name)
  // A successor with another meeting key would be another branch.
  const moved = encodeCharter({
    ...parseCharter(one),
    meetingKey: (nodes[0] as (typeof nodes)[number]).publicKey,
  })
  assert.equal(read(signedBy(moved, ada))?.charter.number, 0)
  assert.notEqual(toHex(meetingKey.publicKey), '')
})

test('in whatever order members tell each other, they come to the same documents', () => {
  const parts = [
    documentsOf({ charters: whole.charters }),
    documentsOf({ certificates: whole.certificates.slice(0, 1) }),
    documentsOf({ certificates: whole.certificates.slice(1), cards: [new Uint8Array([1])] }),
    documentsOf({ cards: [new Uint8Array([2])] }),
  ]
  const tags = [
    [0, 1, 2, 3],
    [3, 2, 1, 0],
    [1, 3, 0, 2],
    [0, 0, 1, 2, 3, 3],
  ].map((order) => {
    const all = order.map((at) => parts[at] as (typeof parts)[number])
    return toHex(readBranch(all.reduce(joinDocuments), verify)?.tag ?? new Uint8Array(0))
  })
  assert.equal(new Set(tags).size, 1)
  assert.notEqual(tags[0], '')
})

test('what nobody signed who may, and what is long over, is not passed on', () => {
  const junk = signedBy(membership(id, 3, eve), eve)
  const old = signedBy(membership(id, 2, eve, 1), ada)
  const padded = {
    ...(whole.certificates[0] as Signed),
    signatures: [
      ...(whole.certificates[0] as Signed).signatures,
      { did: bob, signature: new Uint8Array(64) },
    ],
  }
  const branch = readBranch({ ...whole, certificates: [padded, junk, old] }, verify)
  assert.ok(branch)
  const clean = tidied(branch, verify, nowMs + 60 * 86_400_000)
  assert.deepEqual(clean.certificates, [])
  const now = tidied(branch, verify, nowMs)
  assert.deepEqual(
    now.certificates.map(({ signatures }) => signatures.length),
    [1, 1],
  )
})

test('documents are the same after they were written and read; cut, longer or changed ones are refused or say something else', () => {
  const bytes = encodeDocuments(whole)
  assert.deepEqual(parseDocuments(bytes), whole)
  for (let at = 0; at < bytes.length; at += 7) assert.throws(() => parseDocuments(bytes.subarray(0, at)))
  assert.throws(() => parseDocuments(new Uint8Array(2 * 1024 * 1024)), /more documents/)
})
