/** Registers between real nodes over real links, with homes on their disks. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Fault } from '@anarq/fault'
import { verifyRegisterProof } from '@anarq/node/register-proof'
import { testLastingRegisterStore } from '@anarq/qnet/testing'
import type { NetSettings } from '../src/net/net.ts'
import { openRegisterStore } from '../src/net/register-store.ts'
import { type NetNode, type NetWorld, until, withNetWorld } from './net-world.ts'

/** As in the product, faster: this network lives some seconds. */
const registers = {
  workBits: { private: 4, protected: 4, public: 4 },
  roundMs: 1500,
  offerMs: 1000,
  tickMs: 500,
}
const settings: Partial<NetSettings> = {
  keeping: {
    workBits: 4,
    heldBytesMax: 64 * 1024 ** 2,
    swarm: { probeMs: 250, probeTimeoutMs: 1500, batchMs: 40, requestMs: 2500, recoverTicks: 8 },
  },
  rules: { registers },
}

testLastingRegisterStore('registers on a disk', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'anarq-registers-'))
  const faults: Fault[] = []
  const open = () => openRegisterStore({ folder, onFault: (fault) => faults.push(fault) })
  const first = await open()
  const closing = (opened: typeof first) => async (): Promise<void> => {
    await opened.close()
    await rm(folder, { recursive: true })
    assert.deepEqual(faults, [])
  }
  return {
    store: first.store,
    close: closing(first),
    async reopen() {
      await first.close()
      const again = await open()
      return { store: again.store, close: closing(again) }
    },
  }
})

test('[SW-CON-1] [SW-CON-2] [SW-CON-3] [SW-CON-5] real nodes: a private and a protected register, a node that dies, one that comes back', async () => {
  await withNetWorld(async (world) => {
    const nodes = await neighbours(world, 5)
    const [ada, ben, , , eve] = nodes as [NetNode, NetNode, NetNode, NetNode, NetNode]

    const secret = await ada.network.setRegister({ ref: 'diary', value: 'mine alone', class: 'private' })
    assert.deepEqual([secret.electors, secret.quorum], [[], 0])
    assert.equal((await ada.network.register('diary')).versions[0]?.value, 'mine alone')
    await until(async () => (await seen(ben, secret.reference)) !== undefined)
    const sealed = await ben.network.register(secret.reference)
    assert.deepEqual(
      [sealed.name, sealed.versions[0]?.value],
      [undefined, undefined],
      'others keep it and cannot read it',
    )
    await assert.rejects(ben.network.setRegister({ ref: secret.reference, value: 'theirs' }), {
      code: 'refused.register-writer',
    })

    const rules = await ada.network.setRegister({ ref: 'rules', value: 'be kind', class: 'protected' })
    assert.deepEqual([rules.electors.length, rules.quorum], [5, 4])
    const { key } = await eve.network.registers()
    assert.notEqual(key, rules.owner)
    await eve.close()
    const next = await ada.network.setRegister({ ref: 'rules', value: 'be kind, and brief' })
    assert.equal(next.versions[0]?.version, 2)
    assert.ok((next.versions[0]?.signers.length ?? 0) >= 4)
    assert.ok(!next.versions[0]?.signers.includes(eve.net()?.id ?? ''))
    await until(async () => (await seen(ben, rules.reference)) === 'be kind, and brief')

    const { proof } = await ben.network.proveRegister(rules.reference)
    const checked = verifyRegisterProof(proof, 4)
    assert.ok(checked.isValid && checked.hasGround, checked.sentence)
    assert.equal(checked.register?.versions[0]?.value, 'be kind, and brief')
    assert.equal(verifyRegisterProof(forged(proof, 'brief', 'cruel'), 4).isValid, false)
    assert.equal(verifyRegisterProof(proof.replace(rules.reference, secret.reference), 4).isValid, false)

    const back = await world.open('node 5', 5, settings)
    await until(async () => (await seen(back, rules.reference)) === 'be kind, and brief', 40_000)
    assert.equal((await back.network.registers()).key, key, 'its key is the identity’s, not the process’s')
    assert.deepEqual(world.faults, [])
  })
})

test('[SW-CON-4] [SW-CON-7] real nodes: a public register is decided by the relays that the network agreed on twice, and two writers end with one change', async () => {
  await withNetWorld(async (world) => {
    // A directory takes a newer record at most every 20 seconds.
    const rules = { registers, discovery: { periodMs: 16_000, roundMs: 2000 } }
    const nodes = await neighbours(world, 4, { ...settings, roles: ['relay'], rules })
    const [ada, ben] = nodes as [NetNode, NetNode]
    const periods = () => nodes.map(({ network }) => periodOfAll(network.status()))
    await until(() => !periods().includes(undefined), 120_000)
    // Who just came is not drawn before the state after it.
    const [since = 0] = periods()
    await until(() => periods().every((period = 0) => period > since), 60_000)
    const { key } = await ben.network.registers()
    const made = await ada.network.setRegister({
      ref: 'time',
      value: 'noon',
      class: 'public',
      writers: [key],
    })
    assert.deepEqual([made.electors.length, made.quorum], [4, 3])
    await until(async () => (await seen(ben, made.reference)) === 'noon')

    const both = await Promise.allSettled([
      ada.network.setRegister({ ref: 'time', value: 'one' }),
      ben.network.setRegister({ ref: made.reference, value: 'two' }),
    ])
    const won = both.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    assert.equal(won.length, 1, JSON.stringify(both))
    const value = won[0]?.versions[0]?.value
    for (const node of nodes) await until(async () => (await seen(node, made.reference)) === value)
    const { proof } = await (nodes[3] as NetNode).network.proveRegister(made.reference)
    const checked = verifyRegisterProof(proof, 4)
    assert.ok(checked.isValid && checked.hasGround, checked.sentence)
    assert.deepEqual(world.faults, [])
  })
})

async function neighbours(world: NetWorld, count: number, given = settings): Promise<readonly NetNode[]> {
  const nodes = await world.openMany(count, given)
  await until(() => nodes.every(({ network }) => network.neighbourhood().members.length === count), 40_000)
  return nodes
}

async function seen({ network }: NetNode, reference: string): Promise<string | undefined> {
  try {
    return (await network.register(reference)).versions[0]?.value ?? '(sealed)'
  } catch {
    return undefined
  }
}

/** The period of the state that a node holds, where all four are in it. */
function periodOfAll(facts: ReturnType<NetNode['network']['status']>): number | undefined {
  return facts.state === 'on' && facts.agreed?.relays === 4 ? facts.agreed.period : undefined
}

/** One word of what a proof shows, changed in its bytes. */
function forged(proof: string, word: string, other: string): string {
  const parsed = JSON.parse(proof) as { bytes: string }
  const bytes = Buffer.from(parsed.bytes, 'base64url')
  bytes.write(other, bytes.indexOf(word))
  return JSON.stringify({ ...parsed, bytes: bytes.toString('base64url') })
}
