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
/** In one attempt, whatever comes to be known meanwhile. */
const triesMax = 2 * addressesMax
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
  /**
   * One attempt at a time for each peer: whoever asks meanwhile waits for the same, which goes on to the addresses that came to be
   * known since it began. `unavailable.peer`.
   */
  dial(peer: NodeId): Promise<void>
  close(): void
}

export function createDialler({ world, carriers, find, open, dialMsMax, dialled }: DiallerOptions): Dialler {
  const attempts = new Map<NodeId, Promise<void>>()
  const rests = new Map<NodeId, Rest>()
  const closing = new AbortController()

  /** One after another. Who asks meanwhile may know of others than those it began with, so each next one is looked up. */
  const attempt = async (peer: NodeId, tried: Set<string>): Promise<void> => {
    let last: unknown
    for (
      let next = nextIn(find(peer), tried);
      next !== undefined && !closing.signal.aborted;
      next = nextIn(find(peer), tried)
    ) {
      tried.add(next.address)
      const carrier = carriers.find(({ scheme }) => scheme === schemeOf(next.address))
      if (carrier === undefined) continue
      try {
        const pipe = await connected(carrier, next.address)
        return await open(pipe, { node: peer, agreementKey: next.agreementKey })
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

  const rest = (peer: NodeId, tried: ReadonlySet<string>): void => {
    if (rests.size >= restsMax) return
    const restMs = Math.min(restMsMax, 2 * (rests.get(peer)?.restMs ?? restMsMin / 2))
    const entry = { restMs, isResting: true, tried }
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
      if (resting?.isResting === true && nextIn(find(peer), resting.tried) === undefined)
        return Promise.reject(
          new Fault('unavailable.peer', 'That node did not answer just now. Try again in a minute.'),
        )
      const tried = new Set<string>()
      const dialling = attempt(peer, tried).then(
        () => {
          attempts.delete(peer)
          rests.delete(peer)
          dialled(peer, true)
        },
        (fault: unknown) => {
          attempts.delete(peer)
          rest(peer, tried)
          dialled(peer, false)
          throw fault
        },
      )
      attempts.set(peer, dialling)
      return dialling
    },
    close: () => closing.abort(),
  }
}

type Rest = { readonly restMs: number; isResting: boolean; readonly tried: ReadonlySet<string> }

/** The first that was not tried; undefined where all were, or enough. */
function nextIn(
  contact: PeerContact | undefined,
  tried: ReadonlySet<string>,
): { readonly address: string; readonly agreementKey: Uint8Array } | undefined {
  if (contact === undefined || tried.size >= triesMax) return undefined
  const address = contact.addresses.slice(0, addressesMax).find((one) => !tried.has(one))
  return address === undefined ? undefined : { address, agreementKey: contact.agreementKey }
}
