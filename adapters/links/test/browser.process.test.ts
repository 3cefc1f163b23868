/** A page in a real browser, with the code that a browser gets, is a client of a node's. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { toHex, toUtf8 } from '@anarq/bytes'
import { createLinks, createSystemWorld, createWebSocketCarrier } from '@anarq/links'
import { primitives } from '@anarq/qlock'
import { nodeIdOf } from '@anarq/qnet'
import { systemRandom } from '@anarq/random'
import { build, type Rollup } from 'vite'
import { shareBrowser, skipWithoutBrowser } from '../../../tools/browser.ts'
import type { Door, Told } from './browser-client.ts'
import { sayBack } from './say-back.ts'

const client = fileURLToPath(new URL('browser-client.ts', import.meta.url))

test('a page is a peer like any other: messages, cells, a stream and fresh keys, over one WebSocket', {
  skip: skipWithoutBrowser,
}, async () => {
  await using node = await openNode()
  assert.deepEqual(await meetInBrowser(node.door), {
    primitives: 'noble',
    messages: ['from a page', 'with other keys'],
    cells: [4096],
    refused: { anotherNode: true, anotherKey: true, forbidden: true, listening: true },
    links: 1,
  })
  assert.deepEqual(node.heard, {
    ups: 1,
    downs: ['goingAway'],
    messages: ['from a page', 'with other keys'],
    large: [100_000],
    cells: [4096],
  })
})

type Heard = {
  ups: number
  readonly downs: string[]
  readonly messages: string[]
  readonly large: number[]
  readonly cells: number[]
}

/** It says back what it hears, but for large messages. */
async function openNode(): Promise<AsyncDisposable & { readonly door: Door; readonly heard: Heard }> {
  const identity = {
    node: primitives.ed25519Key(systemRandom.bytes(32)),
    agreement: primitives.x25519Key(systemRandom.bytes(32)),
  }
  const heard: Heard = { ups: 0, downs: [], messages: [], large: [], cells: [] }
  const links = createLinks({
    world: createSystemWorld(),
    identity,
    carriers: [createWebSocketCarrier()],
    find: () => undefined,
    events: {
      onUp() {
        heard.ups += 1
      },
      onDown: (_, { reason }) => void heard.downs.push(reason),
      onMessage(from, message) {
        if (message.length > 100) heard.large.push(message.length)
        else {
          heard.messages.push(toUtf8(message))
          links.send(from, message.slice())
        }
      },
      onCell(from, cell) {
        heard.cells.push(cell.length)
        links.sendCell(from, cell.slice())
      },
      onStream: (_, stream) => sayBack(stream),
    },
  })
  const { address } = await links.listen('ws://127.0.0.1:0/qnet')
  return {
    heard,
    door: {
      id: nodeIdOf(identity.node.publicKey),
      agreementKey: toHex(identity.agreement.publicKey),
      address,
    },
    [Symbol.asyncDispose]: () => links.close(),
  }
}

async function meetInBrowser(door: Door): Promise<Told> {
  await using site = await servePage(await bundle(), door.address)
  const { browser, leave } = await shareBrowser()
  const page = await browser.newPage()
  try {
    await page.goto(site.address)
    return await page.evaluate(async (given) => {
      const script = '/client.js'
      const { meet } = (await import(script)) as typeof import('./browser-client.ts')
      return meet(given)
    }, door)
  } finally {
    await page.close()
    leave()
  }
}

/** As the desktop is made. */
async function bundle(): Promise<string> {
  const { output } = (await build({
    configFile: false,
    publicDir: false,
    logLevel: 'warn',
    build: {
      write: false,
      reportCompressedSize: false,
      rollupOptions: { input: client, preserveEntrySignatures: 'strict' },
    },
  })) as Rollup.RollupOutput
  return output[0].code
}

/** All that a page has to be allowed is its own script, and the node's address. */
async function servePage(
  script: string,
  allowed: string,
): Promise<AsyncDisposable & { readonly address: string }> {
  const policy = `default-src 'none'; script-src 'self'; connect-src ${allowed}`
  const server = createServer(({ url }, response) => {
    const isScript = url === '/client.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    response.setHeader('content-security-policy', policy)
    response.end(isScript ? script : '<!doctype html><title>A page</title>')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
    },
  }
}
