/** Two people on two nodes, each in a process of its own: what one shares, the other opens over the network. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import type { GrantFacts, IdentityFacts } from '@anarq/kernel'
import { openShell, type Shell } from './shell.ts'

let shell: Shell
let bobsHome: string
let bob: string
const large = randomBytes(20_000_000)

const asBob = (): { home: string } => ({ home: bobsHome })
const share = (name: string, ...terms: string[]): Promise<GrantFacts> =>
  shell.json(['share', name, '--with', bob, '-o', `${name}.ping`, '--force', ...terms])

before(async () => {
  shell = await openShell()
  bobsHome = join(shell.root, 'bobs home')
  await shell.json(['init', '--name', 'alice'])
  await shell.json(['init', '--name', 'bob'], asBob())
  const cards = await Promise.all([
    shell.json<IdentityFacts & { card: string }>(['id', 'show', 'alice']),
    shell.json<IdentityFacts & { card: string }>(['id', 'show', 'bob'], asBob()),
  ])
  bob = cards[1].did
  await shell.json(['id', 'learn', cards[1].card])
  await shell.json(['id', 'learn', cards[0].card], asBob())
  await shell.up(shell.home, ['--net', 'tcp://127.0.0.1:0'])
  await shell.write('large.bin', large)
  await shell.write('note.txt', 'a note')
  await shell.json(['put', 'large.bin', 'note.txt'])
})
after(() => shell.close())

suite('sharing between two nodes', () => {
  test('[WX-PNG-3] [AQ-QNET-4] a command alone opens what a running node shares', async () => {
    await share('large.bin')
    await shell.json(['open', 'large.bin.ping', '-o', 'received.bin'], asBob())
    assert.ok(large.equals(await readFile(shell.path('received.bin'))))
  })

  test('[WX-PNG-6] what was taken back does not open, and says so', async () => {
    const { id } = await share('note.txt')
    const { out } = await shell.run(['open', 'note.txt.ping', '-o', '-'], asBob())
    assert.equal(out, 'a note')
    await shell.json(['revoke', id])
    assert.equal(await shell.fails(['open', 'note.txt.ping', '-o', '-'], asBob()), 'refused.revoked')
  })

  test('a node opens it for its own commands, and goes on when the other was away', async () => {
    await share('note.txt')
    await shell.down()
    await shell.up(bobsHome)
    assert.equal(await shell.fails(['open', 'note.txt.ping', '-o', '-'], asBob()), 'unavailable.peer')
    await shell.up(shell.home, ['--net', 'tcp://127.0.0.1:0'])
    // The other node came back at another address: what is shared now leads there.
    await share('note.txt')
    assert.equal((await shell.run(['open', 'note.txt.ping', '-o', '-'], asBob())).out, 'a note')
    await shell.json(['id', 'use', 'alice'])
  })
})
