/** The whole way of a child's identity through the sockets of two nodes. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createCedar } from '@anarq/cedar'
import { type HttpDoor, openHttpDoor, socketOf } from '@anarq/http'
import { type Reached, reachNode } from '@anarq/http/client'
import { createKernel, type Kernel } from '@anarq/kernel'
import { createMemoryPorts } from '@anarq/kernel/testing'
import { systemRandom as random } from '@anarq/random'
import { bytesOf, file, items, json, jsonOf, openWorld, passphrase, type World } from './http-world.ts'

const birthMs = Date.UTC(2015, 1, 10)
const majorityMs = Date.UTC(2033, 1, 10)

let world: World
let home: string
let kernel: Kernel
let door: HttpDoor
let child: Reached

before(async () => {
  world = await openWorld()
  home = await mkdtemp(join(tmpdir(), 'anarq-child-'))
  const ports = createMemoryPorts({ clock: world.clock, random, createPolicies: createCedar })
  kernel = await createKernel({ ports, version: '1.2.3' })
  door = await openHttpDoor({
    kernel,
    blocks: ports.blocks,
    stats: async () => ({ blocks: 0, liveBytes: 0, fileBytes: 0, damaged: 0 }),
    port: 0,
    socket: socketOf(home),
    clock: world.clock,
    onFault: (fault) => assert.fail(fault),
  })
  child = (await reachNode(home)) as Reached
})
after(async () => {
  await child.close()
  await door.close()
  await kernel.close()
  await world.close()
  await rm(home, { recursive: true, force: true })
})

test('AQ-SQUID-10, AQ-SQUID-11, AQ-SQUID-13: enrol, make, join, renew, recover and release go through the socket', async () => {
  const { identities } = world.node
  const { account, drive, sharing } = child.operations
  const { name, device } = await account.enrol({ name: 'Ada', passphrase })
  assert.equal(name, 'Ada')
  assert.equal((await account.status()).state, 'waiting')
  const hours = [{ days: [1, 2, 3], fromMinute: 0, toMinute: 1440 }]
  const made = await identities.createChild({
    name,
    birthMs,
    device,
    limits: { modules: ['qdrive'], hours, spendMax: 5, sharing: 'deny', age: undefined },
  })
  assert.deepEqual(made.child?.limits.hours, hours)
  assert.equal((await account.join({ file: made.invitation })).did, made.did)
  await drive.put(items(file('note.txt', 'mine')))
  assert.equal((await bytesOf((await drive.get('note.txt')).stream)).toString(), 'mine')
  await assert.rejects(sharing.share('note.txt', { with: world.alice.did }), { code: 'missing.identity' })
  await account.join({ file: (await identities.renew('Ada')).delegation })
  const { delegation, child: facts } = await identities.renew('Ada', {
    limits: { modules: null, hours: null, contacts: null, sharing: 'allow' },
    days: 3,
  })
  assert.deepEqual(facts?.limits, { age: 11, sharing: 'allow', spendMax: 5 })
  assert.deepEqual((await account.join({ file: delegation })).child?.limits, facts?.limits)
  assert.deepEqual(await child.operations.identities.list(), await kernel.operations.identities.list())

  const { guardianShare } = await identities.lendShare(made.guardianShare, { to: world.alice.did })
  assert.notEqual(guardianShare, made.guardianShare)
  const back = await identities.recover('Ada', { device: await anotherDevice(), guardianShare })
  assert.equal(back.did, made.did)
  await assert.rejects(identities.release('Ada'), { code: 'refused.majority' })
  world.clock.set(majorityMs)
  await assert.rejects(drive.list('/'), { code: 'refused.majority' })
  const { release } = await identities.releaseShare(made.guardianShare)
  assert.equal((await account.join({ file: release })).child?.stage, 'adult')
  await drive.list('/')
})

test('what no guardian could mean is refused at the door', async () => {
  for (const [path, body] of [
    ['/api/v1/identities', { kind: 'child', name: 'x' }],
    ['/api/v1/children', { name: 'x', birthMs }],
    ['/api/v1/children', { name: 'x', birthMs: 'today', device: 'x' }],
    ['/api/v1/children', { name: 'x', birthMs, device: 'x', limits: { bedtime: 9 } }],
    ['/api/v1/children', { name: 'x', birthMs, device: 'x', limits: { sharing: 'maybe' } }],
    ['/api/v1/identities/Ada/renew', { days: 8 }],
    ['/api/v1/account/enrol', { name: '', passphrase }],
    ['/api/v1/account/join', {}],
  ] as const) {
    const answer = await world.local('POST', path, { headers: json, body: JSON.stringify(body) })
    assert.equal(answer.status, 400, `${path} ${JSON.stringify(body)}: ${answer.body}`)
    assert.match(String(jsonOf(answer).code), /^invalid\./)
  }
})

async function anotherDevice(): Promise<string> {
  const ports = createMemoryPorts({ clock: world.clock, random, createPolicies: createCedar })
  const other = await createKernel({ ports, version: '1.2.3' })
  const { device } = await other.operations.account.enrol({ name: 'new tablet', passphrase })
  await other.close()
  return device
}
