/** Proofs of public registers, with states of the network written from the text of docs/formats/qnet.md. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareBytes, concatBytes, fromBase32, fromUtf8 } from '@anarq/bytes'
import { decodeCbor, encodeCbor, readFields } from '@anarq/ipld'
import { hashBlake3, primitives } from '@anarq/qlock'
import { drawCommittee, type NodeId, vrfHash } from '@anarq/qnet'
import { createNodeKeys, type NodeKeys } from '@anarq/qnet/record'
import { encodeEntry, readChain, topicOf, writeEntry } from '@anarq/qnet/registers'
import { verifyRegisterProof, writeRegisterProof } from '../src/net/register-proof.ts'

const noBytes = new Uint8Array(32)
const u32 = (n: number): Uint8Array => Uint8Array.of(n >>> 24, n >>> 16, n >>> 8, n)
const idOf = ({ id }: NodeKeys): Uint8Array => fromBase32(id)
const inOrder = (nodes: readonly NodeKeys[]): readonly NodeKeys[] =>
  nodes.toSorted((a, b) => compareBytes(idOf(a), idOf(b)))

const nodes = Array.from({ length: 80 }, (_, i) => createNodeKeys(hashBlake3(Uint8Array.of(i))))
const elders = inOrder(nodes.slice(0, 70))
const all = inOrder(nodes)
const came = inOrder(nodes.slice(70))
const owner = primitives.ed25519Key(hashBlake3(fromUtf8('the owner')))
const name = fromUtf8('time')
const topic = topicOf({ class: 'public', owner: owner.publicKey, name })

type NetSet = {
  readonly period: number
  readonly seed: Uint8Array
  readonly before: Uint8Array
  readonly ids: readonly NodeKeys[]
  readonly came: readonly NodeKeys[]
}

function hashOf({ period, seed, before, ids, came: fresh }: NetSet): Uint8Array {
  const counted = concatBytes(fromUtf8('anarq network state set v2'), u32(period), u32(ids.length))
  return hashBlake3(counted, seed, before, ...[...ids, ...fresh].map(idOf))
}

/** The state of period 10 over a base, signed by all who are in that. A lot, where somebody may cast one. */
function stateOver(
  base: NetSet,
  fields: Pick<NetSet, 'came' | 'ids'>,
): { bytes: Uint8Array; seed: Uint8Array } {
  const before = hashOf(base)
  const alpha = concatBytes(fromUtf8('anarq network state lot v1'), base.seed, u32(10))
  const [caster] = base.ids as [NodeKeys]
  const proof = caster.draw(alpha)
  const hasLot = base.period > 0
  const seed = hasLot
    ? hashBlake3(fromUtf8('anarq network state seed v1'), vrfHash(proof))
    : hashBlake3(fromUtf8('anarq network state seed without lot v1'), before, u32(10))
  const hash = hashOf({ ...fields, period: 10, seed, before })
  const votes = base.ids.map((keys) => {
    const body = {
      ...{ v: 1, key: keys.publicKey, period: 10, round: 0, base: before },
      ...{ size: base.ids.length, hash, proof: new Uint8Array(0) },
    }
    const signature = keys.sign('anarq network state vote v2', encodeCbor(body))
    return encodeCbor({ ...body, signature })
  })
  const bytes = encodeCbor({
    ...{ v: 2, period: 10, round: 0, ids: fields.ids.map(idOf), came: fields.came.map(idOf) },
    link: [base.period, base.seed, base.before, base.came.map(idOf), []],
    lot: hasLot ? concatBytes(caster.publicKey, proof) : new Uint8Array(0),
    votes,
  })
  return { bytes, seed }
}

/** The proof of a register that these founded and signed, with the state that it is held to. */
function proofBy(ids: readonly NodeId[], state: Uint8Array): string {
  const electors = all.filter(({ id }) => ids.includes(id))
  const keys = electors.map(({ publicKey }) => publicKey)
  const founders = hashBlake3(fromUtf8('anarq register electors v1\n'), ...keys)
  const head = [1, 'public', owner.publicKey, name, [], noBytes, founders, new Uint8Array(8)]
  const id = hashBlake3(fromUtf8('anarq register id v1\n'), encodeCbor(head))
  const entry = writeEntry({ id }, { version: 1, previous: id, value: fromUtf8('noon'), atMs: 1 }, owner)
  const hash = hashBlake3(encodeCbor([1, id, 1, 'set', encodeEntry(entry)]))
  const subject = concatBytes(fromUtf8('anarq register step v1\n'), id)
  const said = concatBytes(fromUtf8('anarq swarm vote v1\n'), encodeCbor([subject, 1, 'commit', 0, hash]))
  const votes = electors.map(({ signing }, index) => [index, signing.sign(said)])
  const chain = readChain([head, keys, [], [[encodeEntry(entry), ['commit', 0, hash, votes]]]])
  return writeRegisterProof(chain, { state }).proof
}

const agreed: NetSet = {
  period: 9,
  seed: hashBlake3(fromUtf8('a seed')),
  before: noBytes,
  ids: elders,
  came: [],
}
const { bytes: state, seed } = stateOver(agreed, { ids: all, came })
const subject = `register ${topic.toHex()}`
const namesOf = (some: readonly NodeKeys[]): readonly NodeId[] => some.map(({ id }) => id)

test('[SW-CON-4] [SW-CON-5] a proof shows that its committee is the one that its state draws', () => {
  const drawn = drawCommittee({ seed, elders: namesOf(elders) }, subject, 64)
  const checked = verifyRegisterProof(proofBy(drawn, state))
  assert.deepEqual([checked.isValid, checked.hasGround], [true, true], checked.sentence)
  assert.match(checked.sentence, /shown to be of the committee drawn for it/)
})

test('[SW-CON-4] a committee with who came when the seed could be known, for another register, by another seed, or with one seat changed, is not the one that was drawn', () => {
  const right = { seed, elders: namesOf(elders) }
  const drawn = drawCommittee(right, subject, 64)
  const spare = elders.find(({ id }) => !drawn.includes(id)) as NodeKeys
  const others = {
    newcomers: drawCommittee({ seed, elders: namesOf(all) }, subject, 64),
    'another register': drawCommittee(right, `register ${hashBlake3(topic).toHex()}`, 64),
    'another seed': drawCommittee({ ...right, seed: agreed.seed }, subject, 64),
    'another in one seat': [...drawn.slice(1), spare.id],
    'one seat less': drawn.slice(1),
  }
  for (const [why, ids] of Object.entries(others)) {
    const checked = verifyRegisterProof(proofBy(ids, state))
    assert.deepEqual([checked.isValid, checked.hasGround], [true, false], why)
    assert.match(checked.sentence, /is not shown/)
  }
})

test('[SW-CON-4] [SW-CON-5] a state that names other elders than its votes are for is refused, and the proof with it', () => {
  const swapped = inOrder([...elders.slice(1), came[0] as NodeKeys])
  const forged = [
    { ids: all, came: [] },
    { ids: all, came: inOrder([...came.slice(1), elders[0] as NodeKeys]) },
    { ids: all, came: came.slice(1) },
    { ids: swapped, came: [] },
  ]
  for (const fields of forged) {
    const names = namesOf(fields.ids.filter((one) => !fields.came.includes(one)))
    const proof = proofBy(drawCommittee({ seed, elders: names }, subject, 64), claiming(fields))
    const checked = verifyRegisterProof(proof)
    assert.equal(checked.isValid, false, checked.sentence)
    assert.match(checked.sentence, /^The proof does not hold: A state of the network was refused/)
  }
})

test('[SW-CON-4] the first state of a network, whose seed follows from its relays, shows no committee', () => {
  const ground = stateOver(
    { period: 0, seed: noBytes, before: noBytes, ids: elders, came: [] },
    { ids: elders, came: [] },
  )
  const drawn = drawCommittee({ seed: ground.seed, elders: namesOf(elders) }, subject, 64)
  const checked = verifyRegisterProof(proofBy(drawn, ground.bytes))
  assert.deepEqual([checked.isValid, checked.hasGround], [true, false], checked.sentence)
})

/** The votes and the lot of the true state under other lists. */
function claiming(fields: Pick<NetSet, 'came' | 'ids'>): Uint8Array {
  const known = ['v', 'period', 'round', 'ids', 'came', 'link', 'lot', 'votes'] as const
  const read = readFields(decodeCbor(state), known, 'A state')
  return encodeCbor({ ...read, ids: fields.ids.map(idOf), came: fields.came.map(idOf) })
}
