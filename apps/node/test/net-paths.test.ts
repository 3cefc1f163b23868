/** Nodes that only go out, and a broker: real links on this machine, where nothing is punched, so that all of it stays relayed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type NetNode, type NetWorld, until, withNetWorld } from './net-world.ts'

type Three = { readonly broker: NetNode; readonly anna: NetNode; readonly ben: NetNode }

const statusOf = ({ network }: NetNode) => {
  const status = network.status()
  assert.ok(status.state === 'on')
  return status
}
const idOf = (node: NetNode): string => node.net()?.id ?? ''

/** Anna knows the broker; Ben knows nobody. Both only go out. */
async function openThree({ open }: NetWorld, settings = {}): Promise<Three> {
  const broker = await open('broker', 1, { roles: ['broker'], ...settings })
  const anna = await open('anna', 2, { listen: undefined })
  const ben = await open('ben', 3, { listen: undefined })
  await anna.network.join(broker.network.invite().invitation)
  await until(() => statusOf(anna).brokers.length === 1)
  return { broker, anna, ben }
}

test('a node that only goes out takes a place with a broker, and its invitation leads there by it [SW-OVL-1]', () =>
  withNetWorld(async (world) => {
    const { broker, anna, ben } = await openThree(world)
    assert.equal(statusOf(anna).reachability, 'out')
    assert.deepEqual(statusOf(anna).brokers, [idOf(broker)])
    await ben.network.join(anna.network.invite().invitation)
    const [seen] = ben.network.peers().filter(({ id }) => id === idOf(anna))
    assert.deepEqual([seen?.isLinked, seen?.way, seen?.by], [true, 'relayed', idOf(broker)])
    await until(() => statusOf(ben).brokers.length === 1)
    assert.equal(statusOf(broker).brokering?.pairs, 1)
    assert.equal(statusOf(broker).brokering?.places, 2)
  }))
