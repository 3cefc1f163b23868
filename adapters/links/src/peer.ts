import type { NodeId, World } from '@anarq/qnet'
import type { CloseReason, Link } from '@anarq/qnet/link'

/** Links of both sides that opened within this time crossed each other; later ones were opened because the older is dead. */
const crossedMsMax = 10_000

export type PeerOptions = {
  readonly self: NodeId
  readonly id: NodeId
  readonly world: World
  readonly limits: { readonly retireMsMax: number; readonly waitingBytesMax: number }
}

/** What leads to one peer: a link that is used, others that are on their way out, messages that wait for one. */
export type Peer = {
  readonly id: NodeId
  /** Open, and what is sent goes over it. */
  readonly active: Link | undefined
  /** Nothing leads to it, and nothing waits. */
  readonly isIdle: boolean
  /** True where it is the first. */
  add(link: Link): boolean
  /** True where it was the last. */
  remove(link: Link): boolean
  send(message: Uint8Array): void
  forgetWaiting(): void
  close(reason: CloseReason): void
}

export function createPeer({ self, id, world, limits }: PeerOptions): Peer {
  const links = new Set<Link>()
  let current: Link | undefined
  let openedMs = 0
  let waiting: Uint8Array[] = []
  let waitingBytes = 0

  const initiatorOf = (link: Link): NodeId => (link.isInitiator ? self : id)

  /** Both sides come to the same link: of two that crossed, the one that the smaller id began; else the newer. */
  const preferred = (older: Link, newer: Link): Link => {
    const hasCrossed = Math.abs(world.clock.nowMs() - openedMs) < crossedMsMax
    if (!hasCrossed || older.isInitiator === newer.isInitiator) return newer
    return initiatorOf(older) < initiatorOf(newer) ? older : newer
  }

  const open = (): Link | undefined => (current?.stage === 'open' ? current : undefined)

  const use = (link: Link): void => {
    current = link
    openedMs = world.clock.nowMs()
    const messages = waiting
    waiting = []
    waitingBytes = 0
    for (const message of messages) link.sendMessage(message)
  }

  return {
    id,
    get active() {
      return open()
    },
    get isIdle() {
      return links.size === 0 && waiting.length === 0
    },
    add(link) {
      const isFirst = current === undefined
      links.add(link)
      const older = open()
      const kept = older === undefined ? link : preferred(older, link)
      if (kept === link) use(link)
      const retired = kept === link ? older : link
      retired?.close('duplicate', { drainMs: limits.retireMsMax })
      return isFirst
    },
    remove(link) {
      links.delete(link)
      if (current !== link) return false
      // A link that the other side retired gives way to the one that it kept.
      current = [...links].find(({ stage }) => stage === 'open')
      return current === undefined
    },
    send(message) {
      const link = open()
      if (link !== undefined) link.sendMessage(message)
      else if (waitingBytes + message.length <= limits.waitingBytesMax) {
        waiting.push(message)
        waitingBytes += message.length
      }
    },
    forgetWaiting() {
      waiting = []
      waitingBytes = 0
    },
    close(reason) {
      for (const link of links) link.close(reason)
    },
  }
}
