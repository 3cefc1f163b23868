import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeCbor } from '@anarq/ipld'
import {
  createCard,
  createCardReader,
  createSigning,
  isProved,
  isUnder,
  membersMax,
  seatOf,
} from '@anarq/qnet/swarm'
import { createSeededRandom } from '@anarq/random/testing'
import { createNet, disagreements } from './net.ts'

test('[SW-TOP-1] up to 25 nodes are one neighbourhood, each with a seat of its own in a grid of 5 × 5', () => {
  const nodes = createNet(3).grow(membersMax)
  assert.deepEqual(disagreements(nodes), [])
  const view = nodes[0]?.swarm.view()
  assert.equal(view?.members.length, 25)
  const seats = view?.members.map(({ seat }) => seatOf(seat)) ?? []
  assert.equal(new Set(seats.map(({ row, column }) => `${row} ${column}`)).size, 25)
  assert.ok(seats.every(({ row, column }) => row < 5 && column < 5))
})

test('[SW-TOP-2] the 26th divides the neighbourhood, and everybody knows where it belongs', () => {
  const nodes = createNet(7).grow(26)
  assert.deepEqual(disagreements(nodes), [])
  const prefixes = new Set(nodes.map(({ swarm }) => swarm.view()?.prefix))
  assert.deepEqual([...prefixes].sort(), ['0', '1'])
  for (const { card, swarm } of nodes) assert.ok(isUnder(card.place, swarm.view()?.prefix as string))
})

test('[SW-TOP-7] [WX-NET-4] members that fall silent leave by agreement; when more than a third is gone, those left go on', () => {
  const net = createNet(11)
  const nodes = net.grow(13)
  for (const node of nodes.slice(0, 3)) node.isDown = true
  net.run(100_000)
  assert.deepEqual(disagreements(nodes), [])
  assert.equal(nodes[12]?.swarm.membership.proof()?.kind, 'agreed')
  for (const node of nodes.slice(3, 9)) node.isDown = true
  net.run(300_000)
  assert.deepEqual(disagreements(nodes), [])
  assert.equal(nodes[12]?.swarm.membership.proof()?.kind, 'recovered')
  assert.equal(nodes[12]?.swarm.view()?.members.length, 4)
})

test('[SW-TOP-3] [SW-TOP-4] two halves of a partition go on by themselves and are one again when it heals', () => {
  const net = createNet(9)
  const nodes = net.grow(12)
  for (const node of nodes.slice(0, 5)) node.side = 1
  net.run(300_000)
  assert.deepEqual(
    nodes.map(({ swarm }) => swarm.view()?.members.length),
    [5, 5, 5, 5, 5, 7, 7, 7, 7, 7, 7, 7],
  )
  for (const node of nodes) node.side = 0
  net.run(120_000)
  assert.deepEqual(disagreements(nodes), [])
  assert.equal(nodes[0]?.swarm.view()?.members.length, 12)
})

test('[WX-L0-2] a neighbourhood that became small goes into the one beside it', () => {
  const net = createNet(7)
  const nodes = net.grow(26)
  const isLarge = (prefix: string | undefined) => nodes.filter((one) => one.swarm.view()?.prefix === prefix)
  for (const node of isLarge('0').slice(0, 5)) node.isDown = true
  net.run(150_000)
  for (const node of isLarge('0')
    .filter((one) => !one.isDown)
    .slice(0, 4))
    node.isDown = true
  net.run(400_000)
  assert.deepEqual(disagreements(nodes), [])
  assert.deepEqual(
    [...new Set(nodes.filter((one) => !one.isDown).map(({ swarm }) => swarm.view()?.prefix))],
    [''],
  )
})

test('[SW-TOP-8] a member that calls honest ones dead throws nobody out', () => {
  const net = createNet(13)
  const nodes = net.grow(7)
  const epoch = nodes[0]?.swarm.view()?.epoch
  const liar = nodes[3]
  const victims = nodes.slice(0, 3)
  for (let i = 0; i < 30; i += 1) {
    for (const victim of victims)
      for (const node of nodes)
        if (node !== liar) node.swarm.receive(liar?.card.id as never, suspicionOf(victim.card.idBytes))
    net.run(5000)
  }
  assert.equal(nodes[0]?.swarm.view()?.epoch, epoch)
  assert.deepEqual(disagreements(nodes), [])
})

test('nobody gets in without the work, with the seed of another period, or in place of somebody else', () => {
  const random = createSeededRandom(5)
  const seedOf = (period: number) => (period < 2 ? new Uint8Array(32).fill(period + 1) : undefined)
  const card = createCard(new Uint8Array(32).fill(9), 1, { seedOf, workBits: 12 }, random)
  const read = createCardReader({ seedOf, workBits: 12 })
  const { publicKey, period, work } = card
  assert.equal(read([publicKey, period, work]).id, card.id)
  const others = [
    [publicKey, 0, work],
    [publicKey, 2, work],
    [publicKey.map((byte) => byte ^ 1), period, work],
    [publicKey, period, work.map((byte) => byte ^ 1)],
    [publicKey, period],
    'card',
  ]
  for (const other of others) assert.throws(() => read(other), /./)
})

test('the proof of a view stands by itself, and no part of it can be changed', () => {
  const net = createNet(17)
  const nodes = net.grow(5)
  const proof = nodes[0]?.swarm.membership.proof()
  assert.ok(proof)
  const signing = { verify: verifyOf() }
  assert.ok(isProved(proof, '', signing))
  assert.ok(!isProved(proof, 'branch', signing))
  const [vote, ...others] = proof.certificate.votes
  assert.ok(vote)
  const less = { ...proof, certificate: { ...proof.certificate, votes: others.slice(0, 2) } }
  const twice = { ...proof, certificate: { ...proof.certificate, votes: [vote, vote, vote, vote, vote] } }
  const otherValue = { ...proof, value: proof.value.map((byte, i) => (i === 20 ? byte ^ 1 : byte)) }
  for (const wrong of [less, twice, otherValue]) assert.ok(!isProved(wrong, '', signing))
})

function suspicionOf(idBytes: Uint8Array): Uint8Array {
  return encodeCbor(['', 'suspect', idBytes])
}

function verifyOf() {
  return createSigning(new Uint8Array(32)).verify
}
