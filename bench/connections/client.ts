/**
 * One of the client processes of `connections.bench.ts`: many nodes, each with keys of its own, from many addresses of
 * 127.0.0.0/8, as many of each as a relay lets in. Lines of its input say what to do; each is answered by one line.
 * Arguments: the relay's ports and keys (JSON), first address, links.
 */
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { fromHex } from '@anarq/bytes'
import { createSystemWorld } from '@anarq/links'
import { primitives } from '@anarq/qlock'
import { nodeIdOf } from '@anarq/qnet'
import { createLink, type Link, type LinkEvents } from '@anarq/qnet/link'
import { systemRandom } from '@anarq/random'
import type { RelayAddress } from './relay.ts'

export type ClientFacts = { readonly open: number; readonly cpuMs: number; readonly trips: readonly number[] }

/** What a relay's gate lets in of one address, and how many at once before it makes them wait (`@anarq/links`). */
const linksPerAddress = 64
const burstPerAddress = 32
const underWayMax = 16

const [facts, firstText, countText] = process.argv.slice(2) as [string, string, string]
const relay = JSON.parse(facts) as RelayAddress
const count = Number(countText)
const target = { node: nodeIdOf(fromHex(relay.keys[0])), agreementKey: fromHex(relay.keys[1]) }
const world = createSystemWorld()
const held: { readonly link: Link; answer: (() => void) | undefined }[] = []
const plain: Socket[] = []
let open = 0

console.log('ready')
for await (const line of createInterface({ input: process.stdin })) {
  const [command, argument = ''] = line.split(' ')
  let trips: readonly number[] = []
  if (command === 'plain') await inTurns(256, Number.POSITIVE_INFINITY, dialPlain)
  if (command === 'unplain') for (const socket of plain.splice(0)) socket.destroy()
  if (command === 'links') await inTurns(underWayMax, Number(argument), dialLink)
  if (command === 'trips') trips = await roundTrips(Number(argument))
  if (command === 'exit') process.exit(0)
  const { user, system } = process.cpuUsage()
  console.log(JSON.stringify({ open, cpuMs: (user + system) / 1000, trips } satisfies ClientFacts))
}

/** All of them, so many at once and so many a second; the first half of each address's, then the second. */
async function inTurns(atOnce: number, perSecond: number, dial: (address: string) => Promise<void>) {
  const startedMs = performance.now()
  const addresses = Math.ceil(count / linksPerAddress)
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count) {
      const i = next
      next += 1
      const earlyMs = (i / perSecond) * 1000 - (performance.now() - startedMs)
      if (earlyMs > 0) await new Promise((resolve) => setTimeout(resolve, earlyMs))
      await dial(addressOf(i % addresses))
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

function addressOf(index: number): string {
  const at = Number(firstText) + index
  return `127.${1 + (at >> 16)}.${(at >> 8) & 255}.${at & 255}`
}

function dialled(port: number, localAddress: string): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, localAddress, noDelay: true })
  return new Promise((resolve, reject) => socket.once('connect', () => resolve(socket)).once('error', reject))
}

async function dialPlain(address: string): Promise<void> {
  plain.push((await dialled(relay.plain, address)).on('error', () => {}).resume())
}

async function dialLink(address: string): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    const socket = await dialled(relay.links, address)
    if (await linkOver(socket)) return
    // The gate gives each address some links at once and then four a second.
    if (tries > 20) throw new Error(`the relay takes no link from ${address}`)
    await new Promise((resolve) => setTimeout(resolve, (burstPerAddress / 4) * 250))
  }
}

function linkOver(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    const slot: (typeof held)[number] = { link: createLink(options()), answer: undefined }
    function options(): Parameters<typeof createLink>[0] {
      return {
        world,
        identity: {
          node: primitives.ed25519Key(systemRandom.bytes(32)),
          agreement: primitives.x25519Key(systemRandom.bytes(32)),
        },
        target,
        transport: { write: (bytes) => socket.destroyed || socket.write(bytes), end: () => socket.destroy() },
        events: events(),
      }
    }
    function events(): LinkEvents {
      return {
        onOpen() {
          open += 1
          held.push(slot)
          resolve(true)
        },
        onMessage: () => slot.answer?.(),
        onCell() {},
        onStream: () => undefined,
        onLatency() {},
        onClosed() {
          if (slot.link?.peer !== undefined) open -= 1
          resolve(false)
        },
      }
    }
    socket.on('data', (bytes: Buffer) => slot.link.receive(bytes)).on('drain', () => slot.link.writable())
    socket.on('error', () => {}).once('close', () => slot.link.transportClosed())
  })
}

/** A message of one byte to the relay and back, over links that are spread over all. */
async function roundTrips(wanted: number): Promise<number[]> {
  const trips: number[] = []
  for (let i = 0; i < wanted && held.length > 0; i += 1) {
    const slot = held[Math.floor((i * held.length) / wanted)] as (typeof held)[number]
    const startedMs = performance.now()
    const isAnswered = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), 10_000)
      slot.answer = () => {
        clearTimeout(timer)
        resolve(true)
      }
      if (!slot.link.sendMessage(Uint8Array.of(1))) resolve(false)
    })
    slot.answer = undefined
    trips.push(isAnswered ? performance.now() - startedMs : Number.POSITIVE_INFINITY)
  }
  return trips
}
