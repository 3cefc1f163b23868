/** A node with the door for assistants on a server of its own, and the official client that comes in by it. */
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Fault } from '@anarq/fault'
import { createMcpDoor, type ToolAccess } from '@anarq/mcp'
import { createDispatcher, createSdk, type Dispatcher, type Sdk } from '@anarq/sdk'
import { type CallToolResult, Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { openWorld, type World } from './http-world.ts'

export type McpWorld = {
  readonly world: World
  readonly address: string
  readonly handle: RequestListener
  /** The person's own face of the system. */
  readonly person: Sdk
  /** The keys that open something now. */
  readonly keys: Map<string, ToolAccess>
  /** What apps were refused: app, method, permission. */
  readonly refused: string[]
  readonly faults: Fault[]
  /** A client of 2026-07-28, or of 2025 ("legacy"). */
  connect(key: string, era?: 'auto' | 'legacy'): Promise<Client>
  close(): Promise<void>
}

export async function openMcpWorld(
  around = (dispatcher: Dispatcher): Dispatcher => dispatcher,
): Promise<McpWorld> {
  const world = await openWorld()
  const { clock, kernel } = world
  const keys = new Map<string, ToolAccess>()
  const refused: string[] = []
  const faults: Fault[] = []
  const dispatcher = createDispatcher({
    operations: kernel.operations,
    clock,
    onRefused: (app, method, permission) => refused.push(`${app} ${method} ${permission}`),
  })
  const door = createMcpDoor({
    dispatcher: around(dispatcher),
    access: async (secret) => keys.get(secret),
    hosts: ['node.example'],
    version: '1.2.3',
    clock,
    onFault: (fault) => faults.push(fault),
  })
  const server = await listen(door.handle)
  const clients: Client[] = []
  return {
    world,
    address: server.address,
    handle: door.handle,
    person: createSdk((method, params) => dispatcher.call({ kind: 'person' }, method, params)),
    keys,
    refused,
    faults,
    async connect(key, era = 'auto') {
      const client = new Client({ name: 'a test', version: '1' }, { versionNegotiation: { mode: era } })
      await client.connect(
        new StreamableHTTPClientTransport(new URL(server.address), {
          authProvider: { token: async () => key },
        }),
      )
      clients.push(client)
      return client
    },
    async close() {
      await Promise.all(clients.map((client) => client.close()))
      await door.close()
      await server.close()
      await world.close()
    },
  }
}

/** The smallest mount: a server that has nothing but the door, at /mcp. */
export async function listen(handle: RequestListener): Promise<{ address: string; close(): Promise<void> }> {
  const server = createServer(handle)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** The first block of text. */
export function textOf({ content }: CallToolResult): string {
  const block = content.find(({ type }) => type === 'text')
  return block?.type === 'text' ? block.text : ''
}

/** The code of the refusal, where it is one. */
export function codeOf({ isError, _meta }: CallToolResult): unknown {
  return isError === true ? _meta?.['org.anarq/code'] : undefined
}

export function dataOf<T>({ structuredContent }: CallToolResult): T {
  return structuredContent as T
}
