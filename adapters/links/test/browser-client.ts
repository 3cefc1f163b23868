/** What the page of `browser.process.test.ts` runs: what a browser gets, and nothing of Node. */
import { equalBytes, fromHex, fromUtf8, toUtf8 } from '@anarq/bytes'
import { hasCode } from '@anarq/fault'
import {
  createLinks,
  createSystemWorld,
  createWebSocketClient,
  type Links,
  type PeerContact,
} from '@anarq/links/browser'
import { primitives } from '@anarq/qlock'
import { type NodeId, nodeIdOf, parseNodeId, type World } from '@anarq/qnet'
import { type LinkStream, linkLimitsDefault } from '@anarq/qnet/link'
import { systemRandom } from '@anarq/random'

/** A node, as text. */
export type Door = { readonly id: string; readonly agreementKey: string; readonly address: string }
export type Told = {
  readonly primitives: string
  readonly messages: readonly string[]
  readonly cells: readonly number[]
  readonly refused: Readonly<Record<string, boolean>>
  readonly links: number
}

const contacts = new Map<NodeId, PeerContact>()
const messages: string[] = []
const cells: number[] = []
const streamBytes = 1024 * 1024
const refusalMsMax = 4000
/** A key of ML-KEM is made of so much chance, and nothing else of a link is. */
const kemSeedBytes = 64

export async function meet({ id, agreementKey, address }: Door): Promise<Told> {
  const node = parseNodeId(id)
  const { world, renewKeys } = createHurriedWorld()
  const links = openLinks(world)
  contacts.set(node, { agreementKey: fromHex(agreementKey), addresses: [address] })
  await links.connect(node)
  links.send(node, new Uint8Array(100_000))
  links.send(node, fromUtf8('from a page'))
  links.sendCell(node, new Uint8Array(4096).fill(7))
  await echo(links, node)
  await renewKeys()
  links.send(node, fromUtf8('with other keys'))
  await until(() => messages.length === 2 && cells.length === 1)
  const key = fromHex(agreementKey)
  const refused = {
    anotherNode: await isRefused(links, { agreementKey: key, addresses: [address] }),
    anotherKey: await isRefused(links, { agreementKey: newKey().publicKey, addresses: [address] }),
    forbidden: await isRefused(links, { agreementKey: key, addresses: ['ws://127.0.0.1:1/qnet'] }),
    listening: await links.listen('ws://127.0.0.1:0/qnet').then(
      () => false,
      (fault: unknown) => hasCode(fault, 'invalid.address'),
    ),
  }
  const told = { primitives: primitives.name, messages, cells, refused, links: links.peers().length }
  await links.close()
  return told
}

/** Its clock can be put forward; it knows how many keys of ML-KEM were made. */
function createHurriedWorld(): { readonly world: World; readonly renewKeys: () => Promise<void> } {
  const { after, clock, random } = createSystemWorld()
  let aheadMs = 0
  let kemKeys = 0
  const bytes = (length: number): Uint8Array => {
    if (length === kemSeedBytes) kemKeys += 1
    return random.bytes(length)
  }
  return {
    world: { after, clock: { nowMs: () => clock.nowMs() + aheadMs }, random: { bytes } },
    /** Until a second exchange begins, which it does when the first has come to its end. */
    async renewKeys() {
      const before = kemKeys
      await until(() => {
        aheadMs += linkLimitsDefault.freshKeysMs
        return kemKeys >= before + 2
      })
    },
  }
}

function openLinks(world: World): Links {
  return createLinks({
    world,
    identity: { node: primitives.ed25519Key(systemRandom.bytes(32)), agreement: newKey() },
    carriers: [createWebSocketClient()],
    find: (peer) => contacts.get(peer),
    events: {
      onMessage: (_, message) => void messages.push(toUtf8(message)),
      onCell: (_, cell) => void cells.push(cell.length),
    },
    // Keys are renewed at a heartbeat.
    linkLimits: { heartbeatMs: 800 },
  })
}

/** What goes out on a stream comes back on it. */
async function echo(links: Links, node: NodeId): Promise<void> {
  const sent = Uint8Array.from({ length: streamBytes }, (_, at) => (at * 31) >> 4)
  const back = new Uint8Array(streamBytes)
  let received = 0
  await new Promise<void>((resolve, reject) => {
    const open = async (): Promise<void> => {
      const stream: LinkStream = await links.openStream(node, {
        onData(bytes) {
          back.set(bytes, received)
          received += bytes.length
          stream.consumed(bytes.length)
        },
        onEnd: resolve,
        onReset: (code) => reject(new Error(`the stream was reset: ${code}`)),
        onDrain() {},
      })
      stream.write(sent.slice())
      stream.end()
    }
    open().catch(reject)
  })
  if (received !== streamBytes || !equalBytes(sent, back)) throw new Error('other bytes came back')
}

/** At once, and not because a dial gave up after its time. */
async function isRefused(links: Links, contact: PeerContact): Promise<boolean> {
  const startMs = performance.now()
  const somebody = nodeIdOf(primitives.ed25519Key(systemRandom.bytes(32)).publicKey)
  contacts.set(somebody, contact)
  return links.connect(somebody).then(
    () => false,
    (fault: unknown) => hasCode(fault, 'unavailable.peer') && performance.now() - startMs < refusalMsMax,
  )
}

function newKey(): ReturnType<typeof primitives.x25519Key> {
  return primitives.x25519Key(systemRandom.bytes(32))
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let i = 0; i < 1000; i += 1) {
    if (isTrue()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`it did not come to pass in ten seconds: ${isTrue}`)
}
