/** Who sends cells to whom: the rooms of a node's network without its kernel, over real links. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { test } from 'node:test'
import type { NodeId } from '@anarq/qnet'
import { type OfferedRole, parseInvitation } from '@anarq/qnet/record'
import { systemRandom } from '@anarq/random'
import { openCircuits } from '../src/net/circuits.ts'
import { openGround } from '../src/net/ground.ts'
import { openMeeting } from '../src/net/meeting.ts'
import { openSocksDoor } from '../src/net/socks-door.ts'
import { until } from './net-world.ts'

const originAddress = '127.77.0.1'

async function openBare(at: number, roles: readonly OfferedRole[], socks?: number) {
  const onFault = (fault: Error): void => assert.fail(fault)
  const ground = await openGround({
    secret: systemRandom.bytes(32),
    keptFile: { read: async () => undefined, write: async () => {} },
    listen: `tcp://127.${at}.0.1:0`,
    onFault,
  })
  const cellsFrom = new Map<NodeId, number>()
  ground.hear({ onCell: (from) => cellsFrom.set(from, (cellsFrom.get(from) ?? 0) + 1) })
  const meeting = openMeeting({ ground, roles, onFault })
  const { discovery } = meeting
  const exit = { alsoAddress: originAddress }
  const closeRooms = async (): Promise<void> => {
    meeting.close()
    await ground.close()
  }
  const circuits = await openCircuits({ ground, discovery, roles, exit, socks, onFault }).catch(
    async (error) => {
      await closeRooms()
      throw error
    },
  )
  return {
    id: ground.keys.id,
    meeting,
    circuits,
    cellsFrom,
    async close() {
      await circuits.close()
      await closeRooms()
    },
  }
}

test('[QN-ARC-2] [AQ-QNET-10] [AQ-QNET-11] no relay learns both ends: each gets cells from its neighbours on the path alone', async () => {
  const origin = createServer((_request, response) => response.end('x'.repeat(200_000)))
  origin.listen(0, originAddress)
  await once(origin, 'listening')
  const relays = await Promise.all(
    [1, 2, 3, 4, 5].map((at) => openBare(at, at > 3 ? ['exit', 'relay'] : ['relay'])),
  )
  const client = await openBare(9, [], 0)
  const all = [...relays, client]
  try {
    const first = relays[0] as (typeof relays)[0]
    const { invitation } = first.meeting.invite()
    assert.equal(parseInvitation(invitation).id, first.id)
    for (const { meeting } of all.slice(1)) await meeting.join(invitation)
    await until(() => client.circuits.relays().length === 5, 60_000)
    const socket = connect(client.circuits.door?.current()?.port as number, '127.0.0.1')
    const { port } = origin.address() as AddressInfo
    socket.write(Uint8Array.from([5, 1, 0, 5, 1, 0, 1, 127, 77, 0, 1, port >> 8, port & 255]))
    socket.write('GET / HTTP/1.0\r\n\r\n')
    let bytes = 0
    socket.on('data', (piece) => {
      bytes += piece.length
    })
    await once(socket, 'end')
    socket.destroy()
    assert.ok(bytes > 200_000)

    const path = client.circuits.pool.list()[0]?.path.map(({ node }) => node) as [NodeId, NodeId, NodeId]
    const [guard, middle, last] = path
    const neighbours = new Map<NodeId, readonly NodeId[]>([
      [client.id, [guard]],
      [guard, [client.id, middle]],
      [middle, [guard, last]],
      [last, [middle]],
    ])
    for (const { id, cellsFrom } of all)
      assert.deepEqual(new Set(cellsFrom.keys()), new Set(neighbours.get(id) ?? []))
  } finally {
    await Promise.all(all.map((node) => node.close()))
    origin.closeAllConnections()
    origin.close()
  }
})

test('a door whose port is taken is told of once, keeps nothing else from standing, and opens when the port is free', async () => {
  const one = await openBare(1, [], 0)
  const port = one.circuits.door?.current()?.port as number
  const told: string[] = []
  const { pool } = one.circuits
  const world = {
    after: (ms: number, task: () => void) => {
      const timer = setTimeout(task, ms)
      return () => clearTimeout(timer)
    },
  }
  let changes = 0
  const door = await openSocksDoor({
    ...{ streams: pool, port, world, againMs: 20 },
    onFault: ({ code }) => told.push(code),
    onChanged: () => {
      changes += 1
    },
  })
  assert.equal(door.current(), undefined)
  assert.equal(door.fault()?.code, 'unavailable.port')
  await new Promise((resolve) => setTimeout(resolve, 100))
  assert.deepEqual(told, ['unavailable.port'])
  await one.circuits.door?.close()
  await until(() => door.current() !== undefined, 10_000)
  assert.equal(door.current()?.port, port)
  assert.equal(door.fault(), undefined)
  assert.equal(changes, 2)
  await door.close()
  await one.close()
})
