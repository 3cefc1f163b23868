import { networkInterfaces } from 'node:os'
import { concatBytes } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import type { Kernel, Peers } from '@anarq/kernel'
import {
  createLinks,
  createSystemWorld,
  createTcpCarrier,
  createWebSocketCarrier,
  type Links,
} from '@anarq/links'
import { messageBytesMax, type NodeId } from '@anarq/qnet'
import type { LinkStream, StreamEvents } from '@anarq/qnet/link'
import {
  createNodeKeys,
  type Invitation,
  type NodeAddress,
  parseInvitation,
  writeInvitation,
} from '@anarq/qnet/record'

export type NetOptions = {
  readonly kernel: Kernel
  /** Where other nodes may come in; without it this node only goes out. */
  readonly listen?: string | undefined
  /** How others reach that, where it is another address: behind a router, or under a name. */
  readonly outside?: NodeAddress | undefined
}

/** This node among others, while it is unlocked. */
export type Net = Peers & {
  readonly id: NodeId
  /** Where it listens; undefined where it does not. */
  readonly address: string | undefined
  close(): Promise<void>
}

/** Streams begin with what they are for: this one carries one question, and back its answer. */
const questionStream = 1
const questionBytesMax = 16 * 1024
const askMsMax = 60_000
const addressesMax = 3
/** A place in a ping file leads here for so long. */
const placeMs = 365 * 24 * 3_600_000

/** Links to other nodes, and the kernel's questions over them. `refused.locked` while locked, `unavailable.address` where it cannot listen. */
export async function openNet({ kernel, listen, outside }: NetOptions): Promise<Net> {
  const keys = createNodeKeys(kernel.nodeSecret())
  const contacts = new Map<NodeId, Invitation>()
  const world = createSystemWorld()
  const links = createLinks({
    world,
    identity: { node: keys.signing, agreement: keys.link },
    carriers: [createTcpCarrier(), createWebSocketCarrier()],
    find(peer) {
      const contact = contacts.get(peer)
      return contact && { agreementKey: contact.linkKey, addresses: contact.addresses.map(urlOf) }
    },
    events: { onStream: (_from, stream) => answering(kernel, stream) },
  })
  const close = async (): Promise<void> => {
    await links.close()
    keys.dispose()
  }
  try {
    const listener = listen === undefined ? undefined : await links.listen(listen)
    const own = listener === undefined ? [] : addressesOf(listener.address)
    const addresses = outside === undefined ? own : [outside]
    const places = (): readonly string[] =>
      addresses.length === 0
        ? []
        : [writeInvitation(keys, { addresses, endMs: world.clock.nowMs() + placeMs })]
    return {
      id: keys.id,
      address: listener?.address,
      places,
      async ask(places, question, signal) {
        let last: unknown
        for (const contact of places.flatMap((place) => contactOf(place, world.clock.nowMs()))) {
          contacts.set(contact.id, contact)
          try {
            return await askOver(links, contact.id, question, signal)
          } catch (error) {
            if (signal?.aborted === true) throw error
            last = error
          }
        }
        throw new Fault(
          'unavailable.peer',
          'The node of its owner does not answer. It may be switched off, or out of reach from here; try again later.',
          { cause: last },
        )
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Places that are none of ours, or over, lead nowhere. */
function contactOf(place: string, nowMs: number): Invitation[] {
  try {
    const invitation = parseInvitation(place)
    return invitation.endMs > nowMs ? [invitation] : []
  } catch {
    return []
  }
}

async function askOver(
  links: Links,
  to: NodeId,
  question: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const late = AbortSignal.timeout(askMsMax)
  const stop = signal === undefined ? late : AbortSignal.any([signal, late])
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
  const answer = gather(messageBytesMax, { onWhole: resolve, onBroken: () => reject(broken()) })
  const stream = await links.openStream(to, answer.events)
  answer.use(stream)
  const onStop = (): void => {
    stream.reset()
    reject(signal?.aborted === true ? signal.reason : broken())
  }
  stop.addEventListener('abort', onStop, { once: true })
  if (stop.aborted) onStop()
  stream.write(concatBytes(Uint8Array.of(questionStream), question))
  stream.end()
  try {
    return await promise
  } finally {
    stop.removeEventListener('abort', onStop)
  }
}

/** A stream that another node opened: its question, then our answer. */
function answering(kernel: Kernel, stream: LinkStream): StreamEvents {
  const question = gather(questionBytesMax, {
    async onWhole(bytes) {
      if (bytes[0] !== questionStream) return stream.reset()
      stream.write(await kernel.answer(bytes.subarray(1)))
      stream.end()
    },
    onBroken: () => {},
  })
  question.use(stream)
  return question.events
}

/** All that comes on a stream, up to a limit. */
function gather(
  bytesMax: number,
  { onWhole, onBroken }: { onWhole(bytes: Uint8Array): void; onBroken(): void },
): { readonly events: StreamEvents; use(stream: LinkStream): void } {
  const pieces: Uint8Array[] = []
  let bytes = 0
  let stream: LinkStream | undefined
  return {
    use(opened) {
      stream = opened
    },
    events: {
      onData(piece) {
        bytes += piece.length
        if (bytes > bytesMax) {
          stream?.reset()
          onBroken()
          return
        }
        pieces.push(piece)
        stream?.consumed(piece.length)
      },
      onEnd: () => onWhole(concatBytes(...pieces)),
      onReset: onBroken,
      onDrain: () => {},
    },
  }
}

function broken(): Fault {
  return new Fault('unavailable.peer', 'The other node broke off before it had answered. Try again.')
}

function urlOf({ transport, host, port }: NodeAddress): string {
  return `${transport}://${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** Whoever listens everywhere is reached at the addresses that this machine has now; at most so many fit into a ping file. */
function addressesOf(url: string): NodeAddress[] {
  const { protocol, hostname, port } = new URL(url)
  const host = hostname.replace(/^\[|\]$/g, '')
  const isEverywhere = host === '0.0.0.0' || host === '::'
  const hosts = isEverywhere
    ? Object.values(networkInterfaces()).flatMap((all = []) =>
        all.filter(({ internal, family }) => !internal && family === 'IPv4').map(({ address }) => address),
      )
    : [host]
  const transport = protocol === 'ws:' ? 'ws' : 'tcp'
  return hosts.slice(0, addressesMax).map((one) => ({ transport, host: one, port: Number(port) }))
}
