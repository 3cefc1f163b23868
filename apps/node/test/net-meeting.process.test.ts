/** Nodes that meet: real links on this machine, each node at an address of its own. */
import assert from 'node:assert/strict'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { type FaultCode, hasCode } from '@anarq/fault'
import { createNodeKeys, writeInvitation } from '@anarq/qnet/record'
import { until, withNetWorld } from './net-world.ts'
import { passphrase } from './world.ts'

const far = (): ReturnType<typeof createNodeKeys> => createNodeKeys(new Uint8Array(32).fill(7))
const address = { transport: 'tcp' as const, host: '127.9.9.9', port: 9 }

test('[WX-NET-1] [AQ-QNET-1] [AQ-QNET-2] who joins by way of one node comes to know all, and each is seen at its own address', () =>
  withNetWorld(async ({ openMany }) => {
    const nodes = await openMany(4)
    for (const { network } of nodes) {
      await until(() =>
        network.peers().every(({ standing }) => standing === 'verified' || standing === 'answered'),
      )
      const status = network.status()
      assert.ok(status.state === 'on' && status.isUsable)
      assert.equal(status.known, 3)
    }
    const [first, second] = nodes
    assert.ok(first !== undefined && second !== undefined)
    const seen = second.network.peers().find(({ id }) => id === first.net()?.id)
    assert.deepEqual(seen?.addresses, [first.net()?.address])
    assert.equal(seen?.isLinked, true)
    // Whom it dialled itself is more than somebody who said so.
    assert.equal(seen?.standing, 'verified')
  }))

test('[AQ-QNET-7] [WX-NET-4] a node that was away finds the others again by itself, though the one that invited it is gone', () =>
  withNetWorld(async ({ open: start, openMany }) => {
    const [first, second, third] = await openMany(3)
    assert.ok(first !== undefined && second !== undefined && third !== undefined)
    await third.close()
    await first.close()
    const again = await start('node 3', 3)
    await until(() => again.network.peers().some(({ id, isLinked }) => isLinked && id === second.net()?.id))
  }))

test('[WX-L1-3] what it keeps of the network is sealed, and damage to it is told and survived', () =>
  withNetWorld(async ({ open: start, openMany, faults }) => {
    const [first, second] = await openMany(2)
    assert.ok(first !== undefined && second !== undefined)
    const { path } = second
    const other = first.net()?.address ?? ''
    await second.close()
    for (const copy of ['network.a', 'network.b']) {
      const file = await open(join(path, copy), 'r+')
      const bytes = await file.readFile()
      assert.ok(!bytes.includes('127.1.0.1') && !bytes.includes(other))
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1
      await file.write(bytes, 0, bytes.length, 0)
      await file.close()
    }
    const again = await start('node 2', 2)
    assert.ok(faults.some((fault) => fault.code === 'damaged.twin'))
    assert.deepEqual(again.network.peers(), [])
    await again.network.join(first.network.invite().invitation)
    assert.equal(again.network.peers().length, 1)
  }))

test('a node that only goes out meets others, and gives no invitation', () =>
  withNetWorld(async ({ open: start }) => {
    const inside = await start('inside', 1)
    const outward = await start('outward', 2, { listen: undefined })
    const peer = await outward.network.join(` ${inside.network.invite().invitation}\n`)
    assert.equal(peer.id, inside.net()?.id)
    assert.throws(() => outward.network.invite(), hasCodeOf('refused.not-reachable'))
    await until(() =>
      inside.network.peers().some(({ isLinked, addresses }) => isLinked && addresses.length === 0),
    )
  }))

test('an invitation that is over, garbled, our own, or leads nowhere is refused with its reason', () =>
  withNetWorld(async ({ open: start }) => {
    const { network } = await start('alone', 1)
    const line = (endMs: number): string => writeInvitation(far(), { addresses: [address], endMs })
    const soon = Date.now() + 60_000
    await assert.rejects(network.join(line(Date.now() - 1000)), hasCodeOf('refused.expired'))
    await assert.rejects(network.join(line(soon).slice(0, -1)), hasCodeOf('invalid.invitation'))
    await assert.rejects(network.join('come here'), hasCodeOf('invalid.invitation'))
    await assert.rejects(network.join(network.invite().invitation), hasCodeOf('refused.self'))
    await assert.rejects(network.join(line(soon)), hasCodeOf('unavailable.peer'))
  }))

test('a locked node is on no network; unlocked it is there again, as the same', () =>
  withNetWorld(async ({ openMany }) => {
    const [first, second] = await openMany(2)
    assert.ok(first !== undefined && second !== undefined)
    const { id } = second.network.status() as { id: string }
    await second.operations.account.lock()
    await until(() => second.net() === undefined)
    await until(() => first.network.peers().every(({ isLinked }) => !isLinked))
    await second.operations.account.unlock({ passphrase })
    await until(
      () =>
        second
          .net()
          ?.operations?.peers()
          .some(({ isLinked }) => isLinked) === true,
    )
    assert.equal((second.network.status() as { id: string }).id, id)
  }))

function hasCodeOf(code: FaultCode): (error: unknown) => boolean {
  return (error) => hasCode(error, code)
}
