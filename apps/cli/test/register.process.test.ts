/** Three people at the command line, each with a node in a process of its own. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import type { NeighbourhoodFacts, OwnRegisters, RegisterFacts } from '@anarq/sdk'
import { openShell, type Shell } from './shell.ts'

let shell: Shell
const homes: string[] = []

before(async () => {
  shell = await openShell()
  for (const [i, name] of ['ada', 'ben', 'eve'].entries()) {
    const home = i === 0 ? shell.home : join(shell.root, `home of ${name}`)
    homes.push(home)
    await shell.begin(name, home)
    await shell.up(home, ['--net', `tcp://127.${90 + i}.0.1:0`])
  }
  const { invitation } = await shell.json<{ invitation: string }>(['net', 'invite'])
  for (const home of homes.slice(1)) await shell.json(['net', 'join', invitation], { home })
  for (const home of homes) await until(async () => (await neighbours(home)) === 3)
})
after(() => shell.close())

suite('registers at the command line', () => {
  test('[SW-CON-3] [SW-CON-5] what one sets, the neighbourhood signs, another reads, and anybody checks from a file', async () => {
    const set = ['net', 'register', 'set', 'rules']
    const made = await shell.json<RegisterFacts>([...set, 'be kind', '--class', 'protected'])
    assert.deepEqual([made.class, made.electors.length, made.quorum], ['protected', 3, 3])
    const next = await shell.json<RegisterFacts>([...set, 'be kind, and brief'])
    assert.equal(next.reference, made.reference)

    const ben = { home: homes[1] as string }
    const { out } = await shell.run(['net', 'register', 'get', made.reference], ben)
    assert.equal(out.trim(), 'be kind, and brief')
    const history = await shell.run(['net', 'register', 'history', made.reference], ben)
    assert.match(history.out, /signed by 3 of 3/)
    await shell.json(['net', 'register', 'prove', made.reference, '-o', 'rules.proof'], ben)

    const checked = await shell.run(['net', 'register', 'verify', 'rules.proof'], {
      home: join(shell.root, 'nowhere'),
    })
    assert.equal(checked.code, 0, checked.err + checked.out)
    assert.match(checked.out, /The proof holds: version 2 .* shown to be of the neighbourhood/)
    const proof = JSON.parse(await readFile(shell.path('rules.proof'), 'utf8')) as { bytes: string }
    const bytes = Buffer.from(proof.bytes, 'base64url')
    bytes.write('cruel', bytes.indexOf('brief'))
    await shell.write('forged.proof', JSON.stringify({ ...proof, bytes: bytes.toString('base64url') }))
    const refused = await shell.run(['net', 'register', 'verify', 'forged.proof'])
    assert.deepEqual([refused.code, /does not hold/.test(refused.out)], [1, true])
  })

  test('[SW-CON-1] [SW-CON-2] a private one needs nobody, and nobody else may write to it', async () => {
    const made = await shell.json<RegisterFacts>(['net', 'register', 'set', 'diary', 'mine'])
    assert.deepEqual([made.class, made.quorum], ['private', 0])
    const eve = { home: homes[2] as string }
    const steal = ['net', 'register', 'set', made.reference, 'hers']
    await until(async () => (await shell.run(['net', 'register', 'get', made.reference], eve)).code === 0)
    assert.equal(await shell.fails(steal, eve), 'refused.register-writer')
    const { registers } = await shell.json<OwnRegisters>(['net', 'register', 'list'])
    assert.deepEqual(registers.map(({ name }) => name).sort(), ['diary', 'rules'])
  })

  test('what cannot be is said in a sentence', async () => {
    assert.equal(await shell.fails(['net', 'register', 'get', 'nothing']), 'missing.register')
    assert.equal(await shell.fails(['net', 'register', 'get', 'anarq-register:abc']), 'invalid.reference')
    const many = ['net', 'register', 'set', 'x', 'y', '--class', 'protected', '--writer', 'nobody']
    assert.equal(await shell.fails(many), 'invalid.register-writers')
    assert.equal((await shell.run(['net', 'register', 'burn'])).code, 2)
  })
})

async function neighbours(home: string): Promise<number> {
  const { members } = await shell.json<NeighbourhoodFacts>(['net', 'neighbours'], { home })
  return members.length
}

async function until(holds: () => Promise<boolean>, withinMs = 60_000): Promise<void> {
  for (const startMs = performance.now(); !(await holds()); ) {
    if (performance.now() - startMs > withinMs) throw new Error(`not within ${withinMs} ms: ${holds}`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}
