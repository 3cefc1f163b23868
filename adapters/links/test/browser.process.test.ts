import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { fromUtf8, toHex, toUtf8 } from '@anarq/bytes'
import { createLinks, createSystemWorld, createWebSocketCarrier } from '@anarq/links'
import { primitives } from '@anarq/qlock'
import { nodeIdOf } from '@anarq/qnet'
import { systemRandom } from '@anarq/random'

const client = fileURLToPath(new URL('browser-client.ts', import.meta.url))

test('a link from the code that a browser gets, with its own cryptography, is one like any other', async () => {
  const identity = {
    node: primitives.ed25519Key(systemRandom.bytes(32)),
    agreement: primitives.x25519Key(systemRandom.bytes(32)),
  }
  const messages: Uint8Array[] = []
  const links = createLinks({
    world: createSystemWorld(),
    identity,
    carriers: [createWebSocketCarrier()],
    find: () => undefined,
    events: {
      onMessage(from, message) {
        messages.push(message)
        if (messages.length === 2) links.send(from, fromUtf8('from a node'))
      },
    },
  })
  await using _closing = { [Symbol.asyncDispose]: () => links.close() }
  const { address } = await links.listen('ws://127.0.0.1:0/qnet')
  const args = [nodeIdOf(identity.node.publicKey), toHex(identity.agreement.publicKey), address]
  const child = spawn(process.execPath, ['--conditions=browser', '--no-warnings', client, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const [code] = await once(child, 'close')
  assert.deepEqual([code, said], [0, 'noble: from a node\n'])
  assert.equal(messages.length, 2)
  assert.ok(messages.some((message) => message.length === 11 && toUtf8(message) === 'from a page'))
  assert.ok(messages.some((message) => message.length === 100_000))
})
