import type { NodeId, World } from '@anarq/qnet'
import type { CloseReason, Link } from '@anarq/qnet/link'

/** Links of both sides that opened within this time crossed each other; later ones were opened because the older is dead. */
const crossedMsMax = 10_000

export type PeerOptions = {
  readonly self: NodeId
  readonly world: World
  readonly limits: { readonly retireMsMax: number; readonly waitingBytesMax: number }
}

/**
 * What leads to one peer: a link that is used, others that are on their way out, messages that wait for one. A class, because
 * there are as many as links.
 */
export class Peer {
  readonly #options: PeerOptions
  readonly id: NodeId
  #current: Link | undefined
  #others: Link[] | undefined
  #openedMs = 0
  /** Where the link that is used comes from or leads to, without its port; empty where there is none. */
  address = ''
  #waiting: Uint8Array[] | undefined
  #waitingBytes = 0

  constructor(options: PeerOptions, id: NodeId) {
    this.#options = options
    this.id = id
  }

  /** Open, and what is sent goes over it. */
  get active(): Link | undefined {
    return this.#current?.stage === 'open' ? this.#current : undefined
  }

  /** Nothing leads to it, and nothing waits. */
  get isIdle(): boolean {
    return this.#current === undefined && this.#others === undefined && this.#waiting === undefined
  }

  /** True where it is the first. */
  add(link: Link, address: string): boolean {
    const isFirst = this.#current === undefined
    const older = this.active
    const kept = older === undefined ? link : this.#preferred(older, link)
    const other = kept === link ? this.#current : link
    if (other !== undefined) this.#others = [...(this.#others ?? []), other]
    if (kept === link) {
      this.address = address
      this.#use(link)
    }
    // Where the older one is closing already, this does nothing more.
    other?.close('duplicate', { drainMs: this.#options.limits.retireMsMax })
    return isFirst
  }

  /** True where it was the last. */
  remove(link: Link): boolean {
    if (this.#current !== link) {
      this.#leave(link)
      return false
    }
    // A link that the other side retired gives way to the one that it kept.
    this.#current = this.#others?.find(({ stage }) => stage === 'open')
    if (this.#current !== undefined) this.#leave(this.#current)
    return this.#current === undefined
  }

  send(message: Uint8Array): void {
    const link = this.active
    if (link !== undefined) link.sendMessage(message)
    else if (this.#waitingBytes + message.length <= this.#options.limits.waitingBytesMax) {
      this.#waiting ??= []
      this.#waiting.push(message)
      this.#waitingBytes += message.length
    }
  }

  forgetWaiting(): void {
    this.#waiting = undefined
    this.#waitingBytes = 0
  }

  close(reason: CloseReason): void {
    for (const link of [...(this.#others ?? []), this.#current]) link?.close(reason)
  }

  #use(link: Link): void {
    this.#current = link
    this.#openedMs = this.#options.world.clock.nowMs()
    const messages = this.#waiting ?? []
    this.forgetWaiting()
    for (const message of messages) link.sendMessage(message)
  }

  /** Both sides come to the same link: of two that crossed, the one that the smaller id began; else the newer. */
  #preferred(older: Link, newer: Link): Link {
    const { self, world } = this.#options
    const hasCrossed = Math.abs(world.clock.nowMs() - this.#openedMs) < crossedMsMax
    if (!hasCrossed || older.isInitiator === newer.isInitiator) return newer
    const isOurs = self < this.id
    return older.isInitiator === isOurs ? older : newer
  }

  #leave(link: Link): void {
    const left = this.#others?.filter((one) => one !== link)
    this.#others = left?.length === 0 ? undefined : left
  }
}
