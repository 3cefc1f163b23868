/** Two people on two nodes, each in a process of its own: what one shares, the other opens over the network. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import type { GrantFacts, IdentityFacts } from '@anarq/kernel'
import type { NetworkWayFacts, NodeNetworkFacts, RolesFacts } from '@anarq/sdk'
import { skipWithoutIpv6 } from '../../../tools/ipv6.ts'
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
  await shell.begin('alice')
  await shell.begin('bob', bobsHome)
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

  test('[WX-PNG-3] a folder comes over whole, in part, and as a list', async () => {
    for (const name of ['plans/one.txt', 'plans/deep/two.txt']) await shell.write(name, `this is ${name}`)
    await shell.json(['put', 'plans'])
    await share('plans')
    const list = await shell.json<readonly { path: string }[]>(['open', 'plans.ping', '--list'], asBob())
    const paths = list.map(({ path }) => path).sort()
    assert.deepEqual(paths, ['plans', 'plans/deep', 'plans/deep/two.txt', 'plans/one.txt'])
    await shell.json(['open', 'plans.ping', '-o', 'brought'], asBob())
    assert.equal(await readFile(shell.path('brought/deep/two.txt'), 'utf8'), 'this is plans/deep/two.txt')
    const { out } = await shell.run(['open', 'plans.ping', '--only', 'one.txt', '-o', '-'], asBob())
    assert.equal(out, 'this is plans/one.txt')
  })

  test('[AQ-QONSENT-5] [WX-PNG-3] whoever may write puts files into it from their node, and nobody else does', async () => {
    await shell.write('more/three.txt', 'three')
    await shell.write('more/large.bin', large)
    await share('plans', '--rights', 'read,write')
    const { files } = await shell.json<{ files: number }>(['open', 'plans.ping', '--put', 'more'], asBob())
    assert.equal(files, 2)
    await shell.json(['get', '/plans/more', '-o', 'written'])
    assert.ok(large.equals(await readFile(shell.path('written/large.bin'))))
    await share('plans', '--rights', 'read')
    assert.equal(await shell.fails(['open', 'plans.ping', '--put', 'more'], asBob()), 'refused.condition')
  })

  test('a node opens it for its own commands, and goes on when the other was away', async () => {
    await share('note.txt')
    await shell.down()
    await shell.up(bobsHome)
    assert.equal(await shell.fails(['open', 'note.txt.ping', '-o', '-'], asBob()), 'unavailable.peer')
    await shell.up(shell.home, ['--net', 'tcp://127.0.0.1:0'])
    // The other node came back at another address: what is shared now leads there.
    await share('note.txt')
    const back = await shell.run(['open', 'note.txt.ping', '-o', '-'], asBob())
    assert.equal(back.out, 'a note', back.err)
    await shell.json(['id', 'use', 'alice'])
  })
})

suite('meeting by an invitation', () => {
  type Status = { readonly state: string; readonly known: number; readonly addresses: readonly string[] }
  const status = (home: string): Promise<Status> => shell.json(['net', 'status'], { home })

  test('[WX-NET-1] [AQ-QNET-4] one line leads one node to the other, and both then know of each other', async () => {
    await shell.down()
    await shell.up(shell.home, ['--net', skipWithoutIpv6 === false ? 'tcp://[::1]:0' : 'tcp://127.1.0.1:0'])
    await shell.up(bobsHome, ['--net', 'out'])
    const { invitation } = await shell.json<{ invitation: string }>(['net', 'invite'])
    const peer = await shell.json<{ id: string }>(['net', 'join', invitation], asBob())
    const [bobSees] = await shell.json<readonly { id: string; isLinked: boolean }[]>(
      ['net', 'peers'],
      asBob(),
    )
    assert.deepEqual([bobSees?.id, bobSees?.isLinked], [peer.id, true])
    assert.equal((await status(shell.home)).known, 1)
    assert.deepEqual((await status(bobsHome)).addresses, [])
    const { out } = await shell.run(['net', 'status'], asBob())
    assert.match(
      out,
      /^This node is [a-z2-7]{52}\nIt only goes out: nobody can come in by themselves\.\nIt is among others: 1 answer/,
    )
  })

  test('[WX-PNG-3] and so they are over IPv6, by which the other opens what one shares', {
    skip: skipWithoutIpv6,
  }, async () => {
    assert.match((await status(shell.home)).addresses.join(), /^tcp:\/\/\[::1\]:\d+$/)
    assert.match((await shell.run(['net', 'peers'], asBob())).out, /linked, direct .* tcp:\/\/\[::1\]:\d+/)
    await share('note.txt')
    assert.equal((await shell.run(['open', 'note.txt.ping', '-o', '-'], asBob())).out, 'a note')
  })

  test('[QN-ARC-1] a node is a relay, or has a door for programs, where it is started as one', async () => {
    await shell.down()
    await shell.up(shell.home, ['--net', 'tcp://127.1.0.1:0', '--role', 'exit', '--role', 'relay'])
    await shell.up(bobsHome, ['--net', 'out', '--socks', '0'])
    const { invitation } = await shell.json<{ invitation: string }>(['net', 'invite'])
    await shell.json(['net', 'join', invitation], asBob())
    type Circuits = {
      readonly relays: number
      readonly exits: number
      readonly socks?: { readonly port: number }
    }
    const seen = await shell.json<Circuits>(['net', 'circuit'], asBob())
    assert.deepEqual([seen.relays, seen.exits], [1, 1])
    assert.ok((seen.socks?.port ?? 0) > 0)
    assert.equal((await shell.json<Circuits>(['net', 'circuit'])).socks, undefined)
    const { out } = await shell.run(['net', 'circuit'], asBob())
    assert.match(out, /^Programs come in at 127\.0\.0\.1:\d+ \(SOCKS5\)\.\nIt knows 1 relays/)
    assert.match((await shell.run(['net', 'status'])).out, /It serves others as exit, relay\./)
  })

  test('[SW-ROL-5] a node is a broker where it is started as one, within limits that it says, and is seen to bring others', async () => {
    await shell.down()
    const limits = 'places=3,pairs=2,pace=100000,bytes=2000000,minutes=5'
    await shell.up(shell.home, ['--net', 'tcp://127.1.0.1:0', '--role', 'broker', '--broker-limits', limits])
    await shell.up(bobsHome, ['--net', 'out'])
    const { invitation } = await shell.json<{ invitation: string }>(['net', 'invite'])
    const broker = await shell.json<{ id: string }>(['net', 'join', invitation], asBob())
    let brought = ''
    for (let i = 0; i < 60 && !brought.includes('Brokers'); i += 1) {
      await new Promise((resolve) => setTimeout(resolve, 250))
      brought = (await shell.run(['net', 'status'], asBob())).out
    }
    assert.ok(brought.includes(`Brokers bring others to it: ${broker.id.slice(0, 16)}`), brought)
    assert.match(
      (await shell.run(['net', 'status'])).out,
      /It serves others as broker\.\nAs a broker: 1 of 3 places taken; it passes bytes on for 0 of 2 pairs, 8 of one node\.\nA pair has 100 kB a second, 2 MB and 5 minutes/,
    )
    assert.match((await shell.run(['net', 'peers'], asBob())).out, /linked, direct +.*broker/)
    const { invitation: bobs } = await shell.json<{ invitation: string }>(['net', 'invite'], asBob())
    assert.ok(bobs.length <= 400)
  })

  test('[SW-ROL-7] [WX-L1-4] an Operator says what it guarantees, another node sees it, and each says how fit it is', async () => {
    await shell.down()
    await shell.up(shell.home, ['--net', 'tcp://127.1.0.1:0', '--role', 'operator', '--guarantee', '99.5'])
    await shell.up(bobsHome, ['--net', 'out'])
    const { invitation } = await shell.json<{ invitation: string }>(['net', 'invite'])
    await shell.json(['net', 'join', invitation], asBob())
    const seen = await shell.json<RolesFacts>(['net', 'roles'], asBob())
    assert.deepEqual(
      seen.operators.map(({ guarantee, state, isSelf }) => [guarantee, state, isSelf]),
      [[99.5, 'new', false]],
    )
    assert.equal(seen.term, undefined)
    const { out } = await shell.run(['net', 'roles'])
    assert.match(out, /^Period \d+, until .*: nobody is drawn\./)
    assert.match(out, /\(this node\) +99\.5 % +not measured yet/)
    assert.match(out, /How fit this node is, as far as it knows: \d+ of 100/)
  })

  test('a relay that nobody can reach, a role that there is not, and a door without a network are refused', async () => {
    await shell.down()
    for (const wrong of [
      ['--net', 'out', '--role', 'relay'],
      ['--net', 'tcp://127.1.0.1:0', '--role', 'king'],
      ['--role', 'relay'],
      ['--net', 'out', '--role', 'broker'],
      ['--net', 'tcp://127.1.0.1:0', '--broker-limits', 'places=3'],
      ...['', 'places', 'places=0', 'pace=1', 'kings=3', 'places=3,', 'constructor=3', 'minutes=9999'].map(
        (limits) => [...['--net', 'tcp://127.1.0.1:0', '--role', 'broker', '--broker-limits', limits]],
      ),
      ['--net', 'tcp://127.1.0.1:0', '--role', 'relay', '--guarantee', '99'],
      ['--net', 'tcp://127.1.0.1:0', '--role', 'operator', '--guarantee', '100'],
      ['--socks', '9150'],
      ['--net', 'ws://127.1.0.1:0/qnet'],
      ...['2001:db8::7:4610', '[::1]:0', '[1.2.3.4]:5', 'localhost:4610'].map((outside) => [
        ...['--net', 'tcp://127.1.0.1:0', '--outside', outside],
      ]),
    ])
      assert.equal(await shell.fails(['up', ...wrong]), 'invalid.option', wrong.join(' '))
  })

  test('what leads nowhere, and a node that is on no network, are told in a sentence', async () => {
    await shell.up(shell.home)
    await shell.up(bobsHome, ['--net', 'out'])
    assert.equal(await shell.fails(['net', 'join', 'anarq:nothing'], asBob()), 'invalid.invitation')
    assert.equal(await shell.fails(['net', 'invite'], asBob()), 'refused.not-reachable')
    await shell.down()
    assert.deepEqual(await shell.json(['net', 'status']), { state: 'off' })
    assert.equal(await shell.fails(['net', 'peers']), 'unavailable.network')
    assert.equal((await shell.run(['net', 'dance'])).code, 2)
  })

  test('how a node meets others is chosen while it runs, or for its next start, and the line that starts it goes before', async () => {
    const way = (...args: readonly string[]) => shell.json<NetworkWayFacts>(['net', 'way', ...args])
    assert.deepEqual(await way(), { way: 'off', port: 4610, isFixed: false })
    await way('out', '--give', '3G')
    await shell.up(shell.home)
    const { state } = await shell.json<NodeNetworkFacts>(['net', 'status'])
    assert.equal(state, 'on')
    assert.match((await shell.run(['net', 'way'])).out, /goes out to others.*3(\.0)? GiB/s)
    await way('off')
    assert.deepEqual(await shell.json(['net', 'status']), { state: 'off' })
    assert.equal((await shell.run(['net', 'way', 'in'])).code, 2)
    assert.equal(await shell.fails(['net', 'way', 'out', '--give', '5M']), 'invalid.option')
    await shell.down()
    await shell.up(shell.home, ['--net', 'out'])
    assert.equal(await shell.fails(['net', 'way', 'off']), 'refused.network-way')
    await shell.down()
  })
})

suite('branches', () => {
  type Facts = { readonly state: string; readonly applicants: readonly { readonly node: string }[] }

  test('[SW-OVL-4] [SW-OVL-5] [SW-OVL-8] two processes found a branch, keep a folder in it, and prove it to a third that is on no network', async () => {
    await shell.down()
    await shell.up(shell.home, ['--net', 'tcp://127.1.0.1:0'])
    await shell.up(bobsHome, ['--net', 'tcp://127.2.0.1:0'])
    await shell.json(['net', 'branch', 'new', 'works'])
    const { invitation } = await shell.json<{ invitation: string }>(['net', 'branch', 'invite', 'works'])
    await shell.json(['net', 'branch', 'join', invitation], asBob())
    const show = (options = {}): Promise<Facts> => shell.json(['net', 'branch', 'show', 'works'], options)
    const asks = await eventually(async () => (await show()).applicants[0]?.node)
    await shell.json(['net', 'branch', 'admit', 'works', asks.slice(0, 16)])
    const list = (): Promise<readonly Facts[]> => shell.json(['net', 'branch', 'list'], asBob())
    await eventually(async () => (await list()).find(({ state }) => state === 'member'))
    await shell.json(['net', 'branch', 'keep', '/team', '--in', 'works'])
    await shell.write('plan.txt', 'the plan')
    await shell.json(['put', 'plan.txt', '--to', '/team'])
    assert.equal(await shell.fails(['mv', '/team/plan.txt', '--to', '/']), 'refused.branch-border')
    assert.equal(
      await shell.fails(['share', '/team/plan.txt', '--with', await stranger(), '-o', 'no.ping']),
      'refused.branch-stays',
    )
    const report = await eventually(async () => {
      await shell.json(['net', 'branch', 'prove', '/team', '-o', 'team.proof', '--force'])
      const checked = await shell.json<{ copiesLeast: number; folder: string }>(
        ['net', 'branch', 'verify', shell.path('team.proof')],
        { home: join(shell.root, 'nobody') },
      )
      return checked.copiesLeast === 2 ? checked : undefined
    })
    assert.equal(report.folder, '/team')
    const bytes = await readFile(shell.path('team.proof'))
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1
    await shell.write('forged.proof', bytes)
    assert.match(await shell.fails(['net', 'branch', 'verify', shell.path('forged.proof')]), /^invalid\./)
    const { out } = await shell.run(['net', 'branch', 'show', 'works'])
    assert.match(out, /stays with its members/)
    await shell.json(['net', 'branch', 'leave', 'works'], asBob())
    assert.equal((await list())[0]?.state, 'left')
  })
})

async function stranger(): Promise<string> {
  const home = join(shell.root, 'strangers home')
  await shell.begin('carol', home)
  const { card, did } = await shell.json<IdentityFacts & { card: string }>(['id', 'show', 'carol'], { home })
  await shell.json(['id', 'learn', card])
  return did
}

async function eventually<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (let i = 0; i < 120; i += 1) {
    const found = await look()
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
  throw new Error(`not in 30 seconds: ${look}`)
}
