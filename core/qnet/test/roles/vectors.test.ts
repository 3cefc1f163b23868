/** The formulas of docs/formats/qnet.md, written out once more, over its vectors. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { compareBytes, concatBytes, fromBase32, fromHex, fromUtf8, toBase32, toHex } from '@anarq/bytes'
import { decodeCbor, encodeCbor } from '@anarq/ipld'
import { primitives } from '@anarq/qlock'
import { drawCommittee, parseNodeId, vrfVerify } from '@anarq/qnet'
import { createNodeKeys, verifyRecord } from '@anarq/qnet/record'
import { termOf, uptimeOf, verifyReport } from '@anarq/qnet/roles'
import { readLot, seedOf, verifyLot } from '../../src/discovery/lots.ts'
import { hashOfSet } from '../../src/discovery/state.ts'

type Vectors = {
  readonly nodeSeeds: readonly string[]
  readonly record: { readonly bytes: string; readonly id: string; readonly guarantee: number }
  readonly state: Readonly<
    Record<'baseHash' | 'baseSeed' | 'hash' | 'lowest' | 'seed' | 'seedWithoutLot', string>
  > & {
    readonly period: number
    readonly ids: readonly string[]
    readonly lots: readonly string[]
  }
  readonly committee: { readonly subject: string; readonly size: number; readonly members: readonly string[] }
  readonly reports: readonly string[]
  readonly uptime: number
}
const file = new URL('../../../../docs/formats/qnet-roles-vectors.json', import.meta.url)
const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vectors
const { state, committee } = vectors
const ids = state.ids.map(parseNodeId)
const blake3 = (...parts: readonly (string | Uint8Array)[]): string =>
  toHex(
    primitives.blake3(concatBytes(...parts.map((one) => (typeof one === 'string' ? fromUtf8(one) : one)))),
  )
const u32 = (n: number): Uint8Array => fromHex(n.toString(16).padStart(8, '0'))

test('[SW-ROL-7] the record of docs/formats/qnet.md is one, with its guarantee, under its signature', () => {
  const record = verifyRecord(fromHex(vectors.record.bytes), 8)
  assert.deepEqual([record.id, record.guarantee], [vectors.record.id, vectors.record.guarantee])
  const { signature, ...body } = decodeCbor(record.bytes) as Record<string, Uint8Array>
  const signed = concatBytes(fromUtf8('anarq node record v1'), Uint8Array.of(0), encodeCbor(body))
  assert.ok(primitives.ed25519Verify(record.publicKey, signed, signature as Uint8Array))
  assert.equal(createNodeKeys(fromHex(vectors.nodeSeeds[5] as string)).id, record.id)
})

test('[SW-ROL-4] the lots, the seed and the set hashes of docs/formats/qnet.md follow from its formulas', () => {
  const set = (seed: string) =>
    blake3('anarq network state set v2', fromHex(seed), ...ids.map((id) => fromBase32(id)))
  assert.equal(set(state.baseSeed), state.baseHash)
  assert.equal(set(state.seed), state.hash)
  assert.equal(toHex(hashOfSet(ids, fromHex(state.seed))), state.hash)
  const alpha = concatBytes(
    fromUtf8('anarq network state lot v1'),
    fromHex(state.baseSeed),
    u32(state.period),
  )
  const proved = state.lots.map((lot, n) => {
    const { publicKey, proof, id } = readLot(fromHex(lot))
    assert.equal(createNodeKeys(fromHex(vectors.nodeSeeds[n] as string)).id, id)
    const hash = vrfVerify(publicKey, alpha, proof)
    assert.deepEqual(hash, verifyLot(fromHex(lot), fromHex(state.baseSeed), state.period))
    return { lot, hash: hash as Uint8Array }
  })
  const [lowest] = proved.sort((a, b) => compareBytes(a.hash, b.hash))
  assert.equal(lowest?.lot, state.lowest)
  assert.equal(blake3('anarq network state seed v1', lowest.hash), state.seed)
  assert.equal(toHex(seedOf(state.period, fromHex(state.baseHash), fromHex(state.lowest))), state.seed)
  const without = blake3(
    'anarq network state seed without lot v1',
    fromHex(state.baseHash),
    u32(state.period),
  )
  assert.equal(without, state.seedWithoutLot)
})

test('[SW-ROL-2] the committee of docs/formats/qnet.md is the one that is drawn', () => {
  const about = blake3('anarq committee v1', fromHex(state.seed), committee.subject)
  const ranked = ids
    .map((id) => ({ id, rank: blake3(fromHex(about), fromBase32(id)) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1))
    .map(({ id }) => id)
  assert.deepEqual(ranked.slice(0, committee.size), committee.members)
  const base = { period: state.period, hash: fromHex(state.hash), seed: fromHex(state.seed), elders: ids }
  assert.deepEqual(drawCommittee(base, committee.subject, committee.size), committee.members)
  assert.deepEqual(termOf(base, 25).masters, ranked)
})

test('[SW-ROL-7] the reports of docs/formats/qnet.md are signed, and make the uptime that stands there', () => {
  const reports = vectors.reports.map((bytes) => verifyReport(fromHex(bytes)))
  const operator = reports[0]?.seen[0]?.operator as (typeof ids)[0]
  assert.equal(operator, vectors.record.id)
  const shares = reports
    .map(({ seen }) => Math.floor((1e6 * (seen[0]?.answered ?? 0)) / 120))
    .sort((a, b) => a - b)
  assert.equal(shares[2], vectors.uptime)
  assert.equal(uptimeOf(operator, ids, reports, 12), vectors.uptime)
  for (const { id, bytes } of reports) {
    const { key } = decodeCbor(bytes) as { key: Uint8Array }
    assert.equal(toBase32(primitives.blake3(concatBytes(fromUtf8('anarq node id v1'), key))), id)
  }
})
