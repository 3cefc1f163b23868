import { Fault } from '@anarq/fault'
import type { NodeId, World } from '@anarq/qnet'
import type { LinkTarget } from '@anarq/qnet/link'
import { type Carrier, type Pipe, schemeOf } from './carrier.ts'

/** Where a peer is, from its record or an invitation. */
export type PeerContact = {
  /** Its X25519 key. */
  readonly agreementKey: Uint8Array
  /** The first that leads to it is used. */
  readonly addresses: readonly string[]
}

const addressesMax = 8
/** After a failure a peer is left alone for a while, twice as long each time. */
const restMsMin = 500
const restMsMax = 60_000
const restsMax = 10_000

export type DiallerOptions = {
  readonly world: World
  readonly carriers: readonly Carrier[]
  readonly find: (peer: NodeId) => PeerContact | undefined
  /** Resolves when the link is open. */
  readonly open: (pipe: Pipe, target: LinkTarget) => Promise<void>
  readonly dialMsMax: number
  dialled(peer: NodeId, isReached: boolean): void
}

export type Dialler = {
  /** One attempt at a time for each peer: whoever asks meanwhile waits for the same. `unavailable.peer`. */
  dial(peer: NodeId): Promise<void>
  close(): void
}

export function createDialler({ world, carriers, find, open, dialMsMax, dialled }: DiallerOptions): Dialler {
  const attempts = new Map<NodeId, Promise<void>>()
  const rests = new Map<NodeId, { restMs: number; isResting: boolean; addresses: string }>()
  const addressesOf = (peer: NodeId): string => find(peer)?.addresses.join(' ') ?? ''
  const closing = new AbortController()

  const attempt = async (peer: NodeId): Promise<void> => {
    const contact = find(peer)
    let last: unknown
    for (const address of contact?.addresses.slice(0, addressesMax) ?? []) {
      const carrier = carriers.find(({ scheme }) => scheme === schemeOf(address))
      if (contact === undefined || carrier === undefined || closing.signal.aborted) continue
      try {
        const pipe = await connected(carrier, address)
        return await open(pipe, { node: peer, agreementKey: contact.agreementKey })
      } catch (thrown) {
        last = thrown
      }
    }
    throw new Fault('unavailable.peer', 'No address of that node leads to it now. Try again later.', {
      cause: last,
    })
  }

  const connected = async (carrier: Carrier, address: string): Promise<Pipe> => {
    const timeout = new AbortController()
    const stop = world.after(dialMsMax, () => timeout.abort())
    try {
      return await carrier.dial(address, AbortSignal.any([closing.signal, timeout.signal]))
    } finally {
      stop()
    }
  }

  const rest = (peer: NodeId): void => {
    if (rests.size >= restsMax) return
    const restMs = Math.min(restMsMax, 2 * (rests.get(peer)?.restMs ?? restMsMin / 2))
    const entry = { restMs, isResting: true, addresses: addressesOf(peer) }
    rests.set(peer, entry)
    world.after(restMs, () => {
      entry.isResting = false
      world.after(restMsMax, () => {
        if (rests.get(peer) === entry) rests.delete(peer)
      })
    })
  }

  return {
    dial(peer) {
      const running = attempts.get(peer)
      if (running !== undefined) return running
      const resting = rests.get(peer)
      // Where it is said to be somewhere else now, that is worth a try at once.
      if (resting?.isResting === true && resting.addresses === addressesOf(peer))
        return Promise.reject(
          new Fault('unavailable.peer', 'That node did not answer just now. Try again in a minute.'),
        )
      const dialling = attempt(peer).then(
        () => {
          rests.delete(peer)
          dialled(peer, true)
        },
        (fault: unknown) => {
          rest(peer)
          dialled(peer, false)
          throw fault
        },
      )
      const settled = dialling.finally(() => attempts.delete(peer))
      attempts.set(peer, settled)
      return settled
    },
    close: () => closing.abort(),
  }
}
