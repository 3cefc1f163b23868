/** Three nodes at home behind routers that translate, and a broker outside: they meet by it, then without it where their routers let them. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import type { IdentityFacts } from '@anarq/kernel'
import type { NetworkInvitation, NodeNetworkFacts, PeerFacts } from '@anarq/sdk'
import { type Lab, type LabNode, openLab, whyNoLab } from './lab/lab.ts'
import { openShell, type Shell } from './shell.ts'

const skip = whyNoLab() ?? false
const broker: LabNode = { name: 'broker', address: '77.1.0.1', delayMs: 5, loss: 0 }
const home = (name: string, at: number, router: LabNode['router']): LabNode => ({
  ...{ name, address: `77.${at}.0.1`, delayMs: 10, loss: 0 },
  ...(router === undefined ? {} : { router }),
})
const nodes = [
  broker,
  home('ann', 2, 'cone'),
  home('ben', 3, 'cone'),
  home('cy', 4, 'symmetric'),
  home('dan', 5, 'cone'),
]

const homes = ['ann', 'ben', 'cy', 'dan']

let shell: Shell
let lab: Lab
const ids = new Map<string, string>()
const dids = new Map<string, string>()

const at = (name: string): { home: string } => ({ home: join(shell.root, name) })
const start = (name: string): Promise<void> => {
  const net: Readonly<Record<string, readonly string[]>> = {
    broker: [`tcp://${broker.address}:4610`, '--role', 'broker'],
    // His router forwards nothing, whatever he believes.
    dan: ['tcp://0.0.0.0:4610', '--outside', '77.5.0.1:4610'],
  }
  return shell.up(at(name).home, ['--net', ...(net[name] ?? ['out'])], lab.in(name))
}
const status = async (name: string): Promise<Extract<NodeNetworkFacts, { state: 'on' }>> => {
  const facts = await shell.json<NodeNetworkFacts>(['net', 'status'], at(name))
  assert.ok(facts.state === 'on')
  return facts
}
const wayOf = async (from: string, to: string): Promise<PeerFacts['way']> =>
  (await shell.json<PeerFacts[]>(['net', 'peers'], at(from))).find(({ id }) => id === ids.get(to))?.way
const received = async (from: string, to: string, file: string): Promise<Buffer> => {
  const [ping, out] = [`${file}-${from}-${to}.ping`, `${file}-${from}-${to}.out`]
  await shell.json(['share', file, '--with', dids.get(to) as string, '-o', ping, '--force'], at(from))
  await shell.json(['open', ping, '-o', out, '--force'], at(to))
  return readFile(shell.path(out))
}

async function until(holds: () => Promise<boolean>, withinMs: number): Promise<void> {
  for (const startMs = performance.now(); !(await holds()); ) {
    if (performance.now() - startMs > withinMs) throw new Error(`not within ${withinMs} ms: ${holds}`)
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}

suite('three homes and a broker', { skip }, () => {
  before(async () => {
    shell = await openShell()
    lab = await openLab(nodes)
    const cards = new Map<string, string>()
    for (const { name } of nodes) {
      await shell.begin(name, at(name).home)
      const { did, card } = await shell.json<IdentityFacts & { card: string }>(['id', 'show', name], at(name))
      dids.set(name, did)
      cards.set(name, card)
      await start(name)
      ids.set(name, (await status(name)).id)
    }
    for (const one of homes)
      for (const other of homes)
        if (one !== other) await shell.json(['id', 'learn', cards.get(one) as string], at(other))
    await shell.write('letter.bin', new Uint8Array(700_000).fill(9))
    await shell.write('note.txt', 'a note')
    for (const name of homes) await shell.json(['put', 'letter.bin', 'note.txt'], at(name))
  })
  after(async () => {
    await shell?.close()
    await lab?.close()
  })

  test('[SW-OVL-1] who only goes out is invited to by way of a broker', async () => {
    assert.equal(await shell.fails(['net', 'invite'], at('ann')), 'refused.not-reachable')
    const { invitation } = await shell.json<NetworkInvitation>(['net', 'invite'], at('broker'))
    await shell.json(['net', 'join', invitation], at('ann'))
    await until(async () => (await status('ann')).brokers.length === 1, 20_000)
    const annas = await shell.json<NetworkInvitation>(['net', 'invite'], at('ann'))
    const peer = await shell.json<PeerFacts>(['net', 'join', annas.invitation], at('ben'))
    assert.equal(peer.id, ids.get('ann'))
  })

  test('[SW-ROL-5] [WX-L2-3] two routers that show a port as one let both meet directly, and a file goes over that', async () => {
    await until(async () => (await wayOf('ben', 'ann')) === 'punched', 40_000)
    await until(async () => (await wayOf('ann', 'ben')) === 'punched', 5_000)
    assert.equal((await received('ann', 'ben', 'letter.bin')).length, 700_000)
  })

  test('[AQ-QNET-8] the broker is killed, and what goes directly goes on; when it is back it has its places again', async () => {
    await shell.kill(at('broker').home)
    assert.equal(String(await received('ann', 'ben', 'note.txt')), 'a note')
    await start('broker')
    await until(async () => (await status('ann')).brokers.length === 1, 120_000)
    await until(async () => (await status('ben')).brokers.length === 1, 120_000)
  })

  test('[SW-ROL-6] behind a router that shows each another port all stays relayed, and works', async () => {
    const annas = await shell.json<NetworkInvitation>(['net', 'invite'], at('ann'))
    await shell.json(['net', 'join', annas.invitation], at('cy'))
    await new Promise((resolve) => setTimeout(resolve, 15_000))
    assert.deepEqual([await wayOf('cy', 'ann'), await wayOf('ann', 'cy')], ['relayed', 'relayed'])
    assert.equal((await received('ann', 'cy', 'letter.bin')).length, 700_000)
  })

  test('[SW-OVL-1] who believes that others reach it learns that they do not, and is come to by a broker too', async () => {
    const { invitation } = await shell.json<NetworkInvitation>(['net', 'invite'], at('broker'))
    await shell.json(['net', 'join', invitation], at('dan'))
    await until(async () => (await status('dan')).reachability === 'unreachable', 60_000)
    await until(async () => (await status('dan')).brokers.length === 1, 20_000)
    assert.equal(String(await received('dan', 'ann', 'note.txt')), 'a note')
    await until(async () => {
      await received('dan', 'ann', 'note.txt').catch(() => undefined)
      return (await wayOf('ann', 'dan')) === 'relayed'
    }, 60_000)
  })

  test('[AQ-QNET-8] [WX-L2-4] the direct way breaks, and the broker carries again what both say to each other', async () => {
    // Another router: nothing that went through the old one comes back, and this one lets no direct way be.
    await lab.put('ben', 'symmetric')
    await until(async () => (await wayOf('ben', 'ann')) !== 'punched', 120_000)
    let got: Buffer | undefined
    await until(async () => {
      got = await received('ann', 'ben', 'letter.bin').catch(() => undefined)
      return got !== undefined
    }, 120_000)
    assert.equal(got?.length, 700_000)
    assert.equal(await wayOf('ben', 'ann'), 'relayed')
  })
})
