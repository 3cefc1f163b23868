import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareBytes, fromBase32, toHex } from '@anarq/bytes'
import { nodeIdOf, vrfHash } from '@anarq/qnet'
import {
  type Base,
  baseOfSet,
  isDoubleVote,
  judgeState,
  makeVote,
  parseVote,
  quorumOf,
  setOver,
  type Vote,
  wasDrawn,
  writeState,
} from '../../src/discovery/state.ts'
import { hashOfSet, ownSet } from '../../src/state-set.ts'
import { keysOf } from '../record/fixture.ts'
import { type Citizen, createTown, settledTown, townSettings } from './fixture.ts'

const periodMs = townSettings.periodMs as number

function hashes(citizens: readonly Citizen[]): Set<string> {
  return new Set(
    citizens.map(({ discovery: { state } }) =>
      state === undefined ? 'none' : `${state.period} ${toHex(state.hash)}`,
    ),
  )
}

test('all nodes come to one signed set of the relays, period after period, and to a new one as nodes come [QN-ARC-4]', () => {
  const town = settledTown(21, 12)
  town.net.run(2 * periodMs)
  assert.equal(hashes(town.citizens).size, 1)
  const state = town.citizens[0]?.discovery.state
  assert.equal(state?.ids.length, 12)
  assert.ok(state.votes >= quorumOf(12, 100))
  assert.equal(state.trust, 'agreed')
  const newcomer = town.add()
  const client = town.add({ describe: { roles: [] } })
  for (const citizen of [newcomer, client]) town.start(citizen, [(town.citizens[2] as Citizen).contact])
  town.net.run(3 * periodMs)
  assert.equal(hashes(town.citizens).size, 1)
  assert.equal(newcomer.discovery.state?.ids.length, 13)
  assert.ok(newcomer.discovery.state.ids.includes(newcomer.keys.id))
  assert.ok(!newcomer.discovery.state.ids.includes(client.keys.id))
})

test('a partition: the side without two thirds keeps the old state, and when it heals all come to one again [QN-ARC-4]', () => {
  const town = settledTown(22, 12)
  town.net.run(2 * periodMs)
  const before = town.citizens[0]?.discovery.state?.period as number
  const [large, small] = [town.citizens.slice(0, 9), town.citizens.slice(9)]
  town.net.partition(
    large.map(({ keys }) => keys.id),
    small.map(({ keys }) => keys.id),
  )
  town.net.run(3 * periodMs)
  assert.equal(hashes(large).size, 1)
  assert.ok((large[0]?.discovery.state?.period as number) > before)
  assert.deepEqual(
    small.map(({ discovery }) => discovery.state?.period),
    [before, before, before],
  )
  town.net.heal()
  town.net.run(3 * periodMs)
  assert.equal(hashes(town.citizens).size, 1)
  assert.equal(town.citizens[0]?.discovery.state?.ids.length, 12)
})

test('two halves apart for longer than any state binds: each goes on alone, and they become one [QN-ARC-4, SW-TOP-3]', () => {
  const town = createTown(23)
  for (let n = 0; n < 12; n += 1)
    town.add({ settings: { periodsMax: 2, recordLifeMs: 60 * 60_000, skewMs: 10 * 60_000 } })
  const [first] = town.citizens as [Citizen]
  for (const citizen of town.citizens) town.start(citizen, citizen === first ? [] : [first.contact])
  town.net.run(2 * periodMs)
  const halves = [town.citizens.slice(0, 6), town.citizens.slice(6)] as const
  const [left, right] = halves
  town.net.partition(
    left.map(({ keys }) => keys.id),
    right.map(({ keys }) => keys.id),
  )
  town.net.run(9 * periodMs)
  assert.deepEqual([hashes(left).size, hashes(right).size, hashes(town.citizens).size], [1, 1, 2])
  assert.deepEqual([left[0]?.discovery.state?.ids.length, right[0]?.discovery.state?.ids.length], [6, 6])
  town.net.heal()
  town.net.run(5 * periodMs)
  assert.equal(hashes(town.citizens).size, 1)
  assert.equal(first.discovery.state?.ids.length, 12)
})

const byBytes = (a: string, b: string) => compareBytes(fromBase32(a), fromBase32(b))
const keys = Array.from({ length: 40 }, (_, n) => keysOf(5000 + n))
const sorted = keys.map(({ id }) => id)
function baseOf(size: number): Base {
  return baseOfSet(ownSet(sorted.slice(0, size)))
}

test('who is drawn is drawn by a verifiable draw: about as many as wanted, and nobody can say so of themselves [SW-ROL-4]', () => {
  const base = baseOf(40)
  const hash = hashOfSet(ownSet(sorted))
  let drawn = 0
  for (let period = 0; period < 10; period += 1) {
    const votes = keys.flatMap((key) => makeVote(key, { period, round: 0, base, hash }, 10) ?? [])
    assert.ok(votes.every((vote) => wasDrawn(vote, 10)))
    drawn += votes.length
  }
  assert.ok(drawn > 60 && drawn < 140, `${drawn} of 100 expected`)
  const loser = keys.find((key) => makeVote(key, { period: 0, round: 0, base, hash }, 10) === undefined)
  assert.ok(loser)
  // It forges a vote as if everybody were on the committee, and one with another's proof.
  const asAll = makeVote(loser, { period: 0, round: 0, base, hash }, 100) as Vote
  assert.equal(wasDrawn(asAll, 10), false)
  const winner = keys.flatMap(
    (key) => makeVote(key, { period: 0, round: 0, base, hash }, 10) ?? [],
  )[0] as Vote
  assert.equal(wasDrawn({ ...winner, publicKey: loser.publicKey, id: loser.id }, 10), false)
  assert.equal(wasDrawn({ ...winner, period: 1 }, 10), false)
  assert.equal(makeVote(keysOf(1), { period: 0, round: 0, base, hash }, 10), undefined)
  assert.equal(vrfHash(winner.proof).length, 64)
})

test('a state needs more than two thirds, each voter once, for this set and this base [QN-ARC-4, SW-SEC-2]', () => {
  const ids = [...sorted.slice(0, 9)].sort(byBytes)
  const base = baseOfSet(ownSet(ids))
  const hash = hashOfSet(setOver(3, base, ids, undefined))
  const voters = keys.slice(0, 9)
  const votes = voters.map((key) => makeVote(key, { period: 3, round: 0, base, hash }, 100) as Vote)
  const judge = (some: readonly Vote[], set = ids, ours = base, theirs = base) =>
    judgeState(writeState({ period: 3, round: 0, ids: set, base: theirs, lot: undefined, votes: some }), {
      committeeSize: 100,
      baseOf: () => ours,
      relays: new Set(sorted.slice(0, 9)),
    })
  assert.equal(quorumOf(9, 100), 7)
  assert.equal(judge(votes)?.trust, 'agreed')
  assert.equal(judge(votes.slice(0, 7))?.votes, 7)
  const refused = { code: 'refused.network-state' }
  assert.throws(() => judge([]), refused)
  assert.throws(() => judge(votes.slice(0, 6)), refused)
  const [one] = votes as [Vote]
  assert.throws(() => judge([...votes.slice(0, 6), one]), refused)
  assert.throws(() => judge(votes, ids.slice(1)), refused)
  const outsider = keys[20] as (typeof keys)[0]
  const wide: Base = { ...base, ids: new Set([...ids.slice(0, 8), outsider.id]) }
  const theirs = makeVote(outsider, { period: 3, round: 0, base: wide, hash }, 100) as Vote
  assert.throws(() => judge([...votes.slice(0, 6), theirs]), refused)
  const later = makeVote(voters[0] as (typeof keys)[0], { period: 3, round: 1, base, hash }, 100) as Vote
  assert.throws(() => judge([...votes.slice(1, 7), later]), refused)
  // On trust: a base that we do not hold, voters that we know, a set that is near to what we know.
  const other = baseOf(20)
  assert.equal(judge(votes, ids, other)?.trust, 'provisional')
  const strangers = keys.slice(20, 29)
  const set = strangers.map(({ id }) => id).sort(byBytes)
  const theirBase = baseOfSet(ownSet(set))
  const theirHash = hashOfSet(setOver(3, theirBase, set, undefined))
  const sybils = strangers.map(
    (key) => makeVote(key, { period: 3, round: 0, base: theirBase, hash: theirHash }, 100) as Vote,
  )
  assert.throws(() => judge(sybils, set, other, theirBase), refused)
})

test('two votes of one round prove a lie; votes of two rounds prove nothing', () => {
  const base = baseOf(9)
  const key = keys[0] as (typeof keys)[0]
  const vote = (round: number, n: number) =>
    makeVote(key, { period: 3, round, base, hash: hashOfSet(ownSet(sorted.slice(n))) }, 100) as Vote
  assert.ok(isDoubleVote(vote(0, 1), vote(0, 2)))
  assert.ok(!isDoubleVote(vote(0, 1), vote(0, 1)))
  assert.ok(!isDoubleVote(vote(0, 1), vote(1, 2)))
  assert.throws(() =>
    parseVote(Uint8Array.from(vote(0, 1).bytes, (byte, i) => (i === 150 ? byte ^ 1 : byte))),
  )
  assert.equal(parseVote(vote(0, 1).bytes).id, nodeIdOf(key.publicKey))
})
