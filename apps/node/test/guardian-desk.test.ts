/** What the guardian shows of itself: flows stage by stage, what stands against whom, and decoys. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDispatcher, type Permission } from '@anarq/sdk'
import { addIdentity, createWorld, putFile, textOf } from './world.ts'

test('a flow is shown with every stage that it went through, and how it ended', async () => {
  const world = await createWorld()
  const id = await putFile(world, 'letter.txt', 'a letter')
  const [put] = (await world.operations.audit.flows()).filter(({ kind }) => kind === 'in')
  assert.deepEqual(
    put?.stages.map(({ stage }) => stage),
    put?.path,
  )
  assert.equal(put?.ended?.verdict, 'ok')
  await textOf(await world.operations.drive.get('/letter.txt'))
  const read = (await world.operations.audit.flows()).find(({ object, stages }) => {
    return object === id && stages.at(-1)?.stage === 'delivered'
  })
  assert.equal(read?.ended?.verdict, 'ok')
  assert.ok(!JSON.stringify(await world.operations.audit.flows()).includes('letter'))
})

test('a refusal is a flow that stopped where it was refused, and stands against who asked', async () => {
  const world = await createWorld()
  const work = await addIdentity(world, 'work')
  await putFile(world, 'letter.txt', 'a letter')
  const { grant, ping } = await world.operations.sharing.share('/letter.txt', { with: work.did })
  await world.operations.sharing.revoke(grant.id)
  await world.as('work', () => assert.rejects(world.operations.sharing.open(ping), { code: /^refused/ }))
  const flow = (await world.operations.audit.flows()).find(({ ended }) => ended?.verdict === 'refused')
  assert.equal(flow?.identity, work.did)
  assert.ok(!flow?.stages.some(({ stage }) => stage === 'located'))
  const [first, ...others] = await world.operations.audit.risks()
  assert.equal(first?.identity, work.did)
  assert.ok((first?.score ?? 0) > 0 && first?.reasons[0]?.reason === 'refusal')
  assert.equal(others.find(({ identity }) => identity === world.did)?.score, 0)
})

test('no more flows are remembered than fit on a screen', async () => {
  const world = await createWorld()
  for (let at = 0; at < 80; at += 1) await world.operations.drive.makeFolder(`/f${at}`)
  const flows = await world.operations.audit.flows()
  assert.equal(flows.length, 64)
  assert.ok(flows.every(({ ended }) => ended?.verdict === 'ok'))
})

test('a decoy is laid and taken away by whoever may, and never over a file that is there', async () => {
  const world = await createWorld()
  const { operations, clock } = world
  const dispatcher = createDispatcher({ operations, clock })
  const app = (...permissions: Permission[]) => ({
    kind: 'app' as const,
    id: 'org.example.watch',
    permissions: new Set<Permission>(permissions),
  })
  const may = app('guardian.manage', 'guardian.read')
  const lay = (path: string, caller = may) =>
    dispatcher.call(caller, 'guardian.layDecoy', { path, text: 'hunter2' }) as Promise<{ id: string }>
  await assert.rejects(lay('/secret/passwords.txt', app('guardian.read')), { code: 'refused.permission' })
  const { id } = await lay('/secret/passwords.txt')
  await assert.rejects(lay('/secret/passwords.txt'), { code: 'conflict.name' })
  await assert.rejects(lay('/../x'), { code: 'invalid.path' })
  assert.deepEqual(
    (await operations.audit.decoys()).map(({ path }) => path),
    ['/secret/passwords.txt'],
  )
  assert.equal((await operations.audit.alerts()).length, 0)
  await textOf(await operations.drive.get('/secret/passwords.txt'))
  assert.ok((await operations.audit.alerts()).some(({ kind }) => kind === 'decoy'))

  const honest = await putFile(world, 'honest.txt', 'true')
  const remove = (which: string) => dispatcher.call(may, 'guardian.removeDecoy', { id: which })
  await assert.rejects(remove(honest), { code: 'refused.decoy' })
  await remove(id)
  assert.deepEqual(await operations.audit.decoys(), [])
  assert.equal((await operations.drive.entry('/honest.txt')).id, honest)
})
