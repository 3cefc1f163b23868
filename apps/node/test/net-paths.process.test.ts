/** Nodes that only go out, and a broker: real links on this machine, where nobody meets under way, so that all of it stays relayed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatBytes, equalBytes, fromUtf8 } from '@anarq/bytes'
import { type FaultCode, hasCode } from '@anarq/fault'
import { createNodeKeys, parseInvitation, writeInvitation } from '@anarq/qnet/record'
import { createSeededRandom } from '@anarq/random/testing'
import type { NodeNetworkFacts, PeerFacts } from '@anarq/sdk'
import { openBroker, type WatchedBroker } from './net-broker.ts'
import { type NetNode, type NetWorld, until, withNetWorld } from './net-world.ts'
import { bytesOf, fileItem, itemsOf } from './world.ts'

const statusOf = ({ network }: NetNode): Extract<NodeNetworkFacts, { state: 'on' }> => {
  const status = network.status()
  assert.ok(status.state === 'on')
  return status
}
const idOf = (node: NetNode): string => node.net()?.id ?? ''
const seenBy = (node: NetNode, id: string): PeerFacts | undefined =>
  node.network.peers().find((peer) => peer.id === id)
const hasCodeOf =
  (code: FaultCode) =>
  (error: unknown): boolean =>
    hasCode(error, code)

/** As in the product, faster: nodes here hear of each other within seconds. */
const quick = {
  rules: { discovery: { gossipEveryMs: 2_000 } },
  keeping: { swarm: { probeMs: 250, probeTimeoutMs: 1500, recoverTicks: 8 } },
}
const onlyOut = { ...quick, listen: undefined }

/** It only goes out, and has a place with the broker. */
async function openHome({ open }: NetWorld, name: string, at: number, invitation: string): Promise<NetNode> {
  const node = await open(name, at, onlyOut)
  await node.network.join(invitation)
  await until(() => statusOf(node).brokers.length === 1)
  return node
}

async function acquaint(one: NetNode, other: NetNode): Promise<void> {
  for (const [a, b] of [
    [one, other],
    [other, one],
  ] as const) {
    const [me] = await a.operations.identities.list()
    assert.ok(me !== undefined)
    await b.operations.identities.learn((await a.operations.identities.show(me.did)).card)
  }
}

async function shared(from: NetNode, to: NetNode, content: Uint8Array): Promise<Uint8Array> {
  await from.operations.drive.put(itemsOf(fileItem('letter.bin', content)))
  const [reader] = await to.operations.identities.list()
  return (await from.operations.sharing.share('letter.bin', { with: reader?.did ?? '' })).ping
}

const opened = async ({ operations }: NetNode, ping: Uint8Array): Promise<Uint8Array> =>
  bytesOf((await operations.sharing.open(ping, {})).stream)

/** Ben, who knows nobody, comes to Anna by her broker. */
async function withTwo(
  act: (two: { anna: NetNode; ben: NetNode; broker: WatchedBroker }) => Promise<void>,
): Promise<void> {
  await withNetWorld(async (world) => {
    await using broker = await openBroker(1)
    const anna = await openHome(world, 'anna', 2, broker.invitation)
    const ben = await world.open('ben', 3, onlyOut)
    await act({ anna, ben, broker })
    await Promise.all([anna.close(), ben.close()])
  })
}

test('[SW-OVL-1] a node that only goes out takes a place with a broker, says so, and is come to by it', () =>
  withNetWorld(async (world) => {
    const broker = await world.open('broker', 1, { roles: ['broker'], broker: { pairsMax: 7 }, ...quick })
    const anna = await openHome(world, 'anna', 2, broker.network.invite().invitation)
    assert.deepEqual(statusOf(anna).brokers, [idOf(broker)])
    assert.equal(statusOf(anna).reachability, 'out')
    const { invitation } = anna.network.invite()
    assert.deepEqual(parseInvitation(invitation).addresses, [])
    const ben = await world.open('ben', 3, onlyOut)
    await ben.network.join(invitation)
    const seen = seenBy(ben, idOf(anna))
    assert.deepEqual([seen?.isLinked, seen?.way, seen?.by], [true, 'relayed', idOf(broker)])
    assert.equal(seenBy(ben, idOf(broker))?.way, 'direct')
    await until(() => statusOf(ben).brokers.length === 1)
    const brokering = statusOf(broker).brokering
    assert.deepEqual([brokering?.places, brokering?.pairs, brokering?.pairsMax], [2, 1, 7])

    // Whoever is told of it by others alone comes to it as well.
    const carl = await world.open('carl', 4, onlyOut)
    await carl.network.join(broker.network.invite().invitation)
    await until(() => seenBy(carl, idOf(anna))?.way === 'relayed', 90_000)
  }))

test('[SW-ROL-6] [AQ-QNET-11] a file goes over a broker whose owner looks at all that it forwards, and sees nothing of it', () =>
  withTwo(async ({ anna, ben, broker }) => {
    await ben.network.join(anna.network.invite().invitation)
    await acquaint(anna, ben)
    const text = concatBytes(fromUtf8('the salaries of everybody'), createSeededRandom(5).bytes(60_000))
    const ping = await shared(anna, ben, text)
    assert.ok(equalBytes(await opened(ben, ping), text))
    const all = Buffer.concat(broker.seen)
    assert.ok(all.length > 60_000, `${all.length} bytes`)
    for (const plain of ['salaries', 'letter', 'anna', idOf(anna), statusOf(ben).id])
      assert.ok(!all.includes(plain), plain)
    assert.ok(!all.includes(text.slice(1000, 1032)))
  }))

test('[SW-SEC-3] what a broker changes is noticed, what it drops is missed in time, what it holds up only comes late', () =>
  withTwo(async ({ anna, ben, broker }) => {
    const { invitation } = anna.network.invite()
    broker.deed = () => {}
    const startMs = performance.now()
    await assert.rejects(ben.network.join(invitation), hasCodeOf('unavailable.peer'))
    assert.ok(performance.now() - startMs < 20_000)

    broker.deed = (bytes, pass) => setTimeout(() => pass(bytes), 200)
    await until(() => ben.network.join(invitation).then(Boolean, () => false), 90_000)
    await acquaint(anna, ben)
    const text = new TextEncoder().encode('a letter')
    const ping = await shared(anna, ben, text)
    assert.ok(equalBytes(await opened(ben, ping), text))

    broker.deed = (bytes, pass) => {
      const forged = bytes.slice()
      forged[forged.length >> 1] = (forged[forged.length >> 1] as number) ^ 1
      pass(forged)
    }
    await assert.rejects(opened(ben, ping), hasCodeOf('unavailable.peer'))
    broker.deed = undefined
    let got: Uint8Array | undefined
    await until(async () => {
      got = await opened(ben, ping).catch(() => undefined)
      return got !== undefined
    }, 90_000)
    assert.ok(equalBytes(got ?? text.slice(1), text))
  }))

test('[SW-SEC-3] who names a broker at which it has no place leads nobody anywhere, and is found out at once', () =>
  withTwo(async ({ anna, ben }) => {
    const { brokers = [] } = parseInvitation(anna.network.invite().invitation)
    assert.equal(brokers.length, 1)
    const liar = createNodeKeys(new Uint8Array(32).fill(77))
    const endMs = Date.now() + 60_000
    const startMs = performance.now()
    const line = writeInvitation(liar, { addresses: [], endMs, brokers })
    await assert.rejects(ben.network.join(line), hasCodeOf('unavailable.peer'))
    assert.ok(performance.now() - startMs < 4_000)
    // The broker itself is met, and others by it.
    await until(() => seenBy(ben, brokers[0]?.id ?? '')?.isLinked === true)
  }))

test('a broker gives no more places than it has', () =>
  withNetWorld(async (world) => {
    await using broker = await openBroker(1, { reservationsMax: 1 })
    await openHome(world, 'anna', 2, broker.invitation)
    const ben = await world.open('ben', 3, onlyOut)
    await ben.network.join(broker.invitation)
    await new Promise((resolve) => setTimeout(resolve, 7_000))
    assert.deepEqual(statusOf(ben).brokers, [])
    assert.throws(() => ben.network.invite(), hasCodeOf('refused.not-reachable'))
  }))
