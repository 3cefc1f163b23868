/** Seven nodes in network namespaces, with delay, loss and a router between them: meeting, sharing, killing, cutting, healing. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import type { IdentityFacts } from '@anarq/kernel'
import { type Lab, type LabNode, openLab, whyNoLab } from './lab/lab.ts'
import { openShell, type Shell } from './shell.ts'

const skip = whyNoLab() ?? false
const names = ['n1', 'n2', 'n3', 'n4', 'n5', 'n6', 'n7'] as const
type Name = (typeof names)[number]
/** Who shares with whom. */
const acquainted: readonly (readonly [Name, Name])[] = [
  ['n3', 'n5'],
  ['n6', 'n7'],
  ['n6', 'n4'],
  ['n1', 'n5'],
  ['n6', 'n5'],
  ['n1', 'n2'],
]
const delaysMs = [5, 10, 15, 20, 25, 30, 20]
const nodes: readonly LabNode[] = names.map((name, at) => ({
  name,
  address: `10.${at + 1}.0.1`,
  delayMs: delaysMs[at] as number,
  loss: 0.003,
  ...(name === 'n7' ? { router: 'cone' as const } : {}),
}))

let shell: Shell
let lab: Lab
const dids = new Map<Name, string>()

const at = (name: Name): { home: string } => ({ home: join(shell.root, name) })
const start = (name: Name): Promise<void> => {
  const { address, router } = nodes[names.indexOf(name)] as LabNode
  const net = router === undefined ? `tcp://${address}:4610` : 'out'
  return shell.up(at(name).home, ['--net', net], lab.in(name))
}
const share = async (from: Name, to: Name, file: string): Promise<string> => {
  const ping = `${file}-${from}-${to}.ping`
  await shell.json(['share', file, '--with', dids.get(to) as string, '-o', ping, '--force'], at(from))
  return ping
}
const opened = async (by: Name, ping: string): Promise<string> =>
  (await shell.run(['open', ping, '-o', '-'], at(by))).out
const known = async (name: Name): Promise<number> =>
  (await shell.json<{ known: number }>(['net', 'status'], at(name))).known

async function until(holds: () => Promise<boolean>, withinMs: number): Promise<void> {
  for (const startMs = performance.now(); !(await holds()); ) {
    if (performance.now() - startMs > withinMs) throw new Error(`not within ${withinMs} ms: ${holds}`)
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}

suite('seven nodes of a lab', { skip }, () => {
  before(async () => {
    shell = await openShell()
    lab = await openLab(nodes)
    const cards = new Map<Name, string>()
    for (const name of names) {
      await shell.begin(name, at(name).home)
      const { did, card } = await shell.json<IdentityFacts & { card: string }>(['id', 'show', name], at(name))
      dids.set(name, did)
      cards.set(name, card)
      await start(name)
    }
    for (const [one, other] of acquainted) {
      await shell.json(['id', 'learn', cards.get(one) as string], at(other))
      await shell.json(['id', 'learn', cards.get(other) as string], at(one))
    }
    await shell.write('large.bin', new Uint8Array(3_000_000).fill(7))
    await shell.write('note.txt', 'a note')
    for (const name of ['n1', 'n3', 'n6'] as const)
      await shell.json(['put', 'large.bin', 'note.txt'], at(name))
  })
  after(async () => {
    await shell?.close()
    await lab?.close()
  })

  test('[WX-NET-1] [AQ-QNET-4] one invitation brings all of them together, the one behind a router too', async () => {
    const { invitation } = await shell.json<{ invitation: string }>(['net', 'invite'], at('n1'))
    for (const name of names.slice(1)) await shell.json(['net', 'join', invitation], at(name as Name))
    for (const name of names) await until(async () => (await known(name)) === 6, 60_000)
  })

  test('[WX-PNG-3] what one shares another opens, from behind the router as well, with packets lost on the way', async () => {
    const ping = await share('n3', 'n5', 'large.bin')
    await shell.json(['open', ping, '-o', 'received.bin'], at('n5'))
    assert.ok((await readFile(shell.path('large.bin'))).equals(await readFile(shell.path('received.bin'))))
    assert.equal(await opened('n7', await share('n6', 'n7', 'note.txt')), 'a note')
  })

  test('[AQ-QNET-7] [WX-NET-4] one that is killed is missed by whoever wants it, by nobody else, and found again when it is back', async () => {
    const ping = await share('n3', 'n5', 'note.txt')
    await shell.kill(at('n3').home)
    assert.equal(await shell.fails(['open', ping, '-o', '-'], at('n5')), 'unavailable.peer')
    assert.equal(await opened('n4', await share('n6', 'n4', 'note.txt')), 'a note')
    await start('n3')
    await until(async () => (await opened('n5', ping)) === 'a note', 90_000)
  })

  test('[SW-TOP-3] [AQ-QNET-7] each side of a cut goes on by itself, and both are one again when it heals', async () => {
    const across = await share('n1', 'n5', 'note.txt')
    const within = await share('n6', 'n5', 'note.txt')
    await lab.cut(['n1', 'n2', 'n3'], ['n4', 'n5', 'n6', 'n7'])
    assert.equal(await opened('n2', await share('n1', 'n2', 'note.txt')), 'a note')
    assert.equal(await opened('n5', within), 'a note')
    assert.equal(await shell.fails(['open', across, '-o', '-'], at('n5')), 'unavailable.peer')
    await lab.heal()
    await until(async () => (await opened('n5', across)) === 'a note', 120_000)
  })
})
