/** The formulas of docs/formats/qnet.md, written out once more, over its vectors. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { compareBytes, concatBytes, fromBase32, fromHex, fromUtf8, toBase32, toHex } from '@anarq/bytes'
import { decodeCbor, encodeCbor } from '@anarq/ipld'
import { primitives } from '@anarq/qlock'
import { type NodeId, parseNodeId, vrfVerify } from '@anarq/qnet'
import { createNodeKeys, verifyRecord } from '@anarq/qnet/record'
import { termOf, uptimeOf, verifyReport } from '@anarq/qnet/roles'
import { readLot, verifyLot } from '../../src/discovery/lots.ts'
import { baseOfSet, setOver } from '../../src/discovery/state.ts'
import { followLink, linkOf, type StateSet } from '../../src/state-set.ts'

type SetVector = Readonly<Record<'before' | 'hash' | 'seed', string>> & {
  readonly period: number
  readonly ids: readonly string[]
  readonly came: readonly string[]
}
type Vectors = {
  readonly nodeSeeds: readonly string[]
  readonly record: { readonly bytes: string; readonly id: string; readonly guarantee: number }
  readonly base: SetVector
  readonly lots: readonly string[]
  readonly state: SetVector & { readonly lot: string; readonly gone: readonly string[] }
  readonly seedWithoutLot: string
  readonly committee: { readonly subject: string; readonly size: number; readonly members: readonly string[] }
  readonly reports: readonly string[]
  readonly uptime: number
}
const file = new URL('../../../../docs/formats/qnet-roles-vectors.json', import.meta.url)
const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vectors
const { base, state, committee } = vectors
const setOf = ({ period, seed, before, ids, came }: SetVector): StateSet => ({
  ...{ period, seed: fromHex(seed), before: fromHex(before) },
  ...{ ids: ids.map(parseNodeId), came: came.map(parseNodeId) },
})
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
  const hashed = ({ period, seed, before, ids, came }: SetVector) =>
    blake3(
      ...['anarq network state set v2', u32(period), u32(ids.length), fromHex(seed), fromHex(before)],
      ...[...ids, ...came].map((id) => fromBase32(id)),
    )
  assert.equal(hashed(base), base.hash)
  assert.equal(hashed(state), state.hash)
  assert.equal(state.before, base.hash)
  const alpha = concatBytes(fromUtf8('anarq network state lot v1'), fromHex(base.seed), u32(state.period))
  const proved = vectors.lots.map((lot, n) => {
    const { publicKey, proof, id } = readLot(fromHex(lot))
    assert.equal(createNodeKeys(fromHex(vectors.nodeSeeds[n] as string)).id, id)
    const hash = vrfVerify(publicKey, alpha, proof)
    assert.deepEqual(hash, verifyLot(fromHex(lot), fromHex(base.seed), state.period))
    return { lot, hash: hash as Uint8Array }
  })
  const [lowest] = proved.sort((a, b) => compareBytes(a.hash, b.hash))
  assert.equal(lowest?.lot, state.lot)
  assert.equal(blake3('anarq network state seed v1', lowest.hash), state.seed)
  const over = (lot: Uint8Array | undefined) =>
    setOver(state.period, baseOfSet(setOf(base)), setOf(state).ids, lot)
  assert.deepEqual(over(fromHex(state.lot)), setOf(state))
  const without = blake3('anarq network state seed without lot v1', fromHex(base.hash), u32(state.period))
  assert.equal(without, vectors.seedWithoutLot)
  assert.equal(toHex(over(undefined).seed), without)
  const link = linkOf(setOf(state), setOf(base))
  assert.deepEqual(link.gone, state.gone)
  assert.deepEqual(followLink(setOf(state), link), setOf(base))
})

test('[SW-ROL-2] the committee of docs/formats/qnet.md is the one that is drawn', () => {
  const about = blake3('anarq committee v1', fromHex(state.seed), committee.subject)
  const ranked = state.ids
    .filter((id) => !state.came.includes(id))
    .map((id) => ({ id, rank: blake3(fromHex(about), fromBase32(id)) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1))
    .map(({ id }) => id)
  assert.deepEqual(ranked.slice(0, committee.size), committee.members)
  assert.deepEqual(termOf(setOf(state), 25).masters, ranked)
})

test('[SW-ROL-7] the reports of docs/formats/qnet.md are signed, and make the uptime that stands there', () => {
  const reports = vectors.reports.map((bytes) => verifyReport(fromHex(bytes)))
  const ids = setOf(state).ids
  const operator = reports[0]?.seen[0]?.operator as NodeId
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
