import type { NodeId, World } from '@anarq/qnet'
import type { CloseReason, Link } from '@anarq/qnet/link'
import type { Pipe } from './carrier.ts'

/** Links of both sides that opened within this time crossed each other; later ones were opened because the older is dead. */
const crossedMsMax = 10_000
/** A relayed link is slow: what is in it when a better one takes over has longer to end. */
const retireRelayedMsMax = 5 * 60_000

export type PeerOptions = {
  readonly self: NodeId
  readonly world: World
  readonly limits: { readonly retireMsMax: number; readonly waitingBytesMax: number }
}

/** A link and what carries it. */
export type Carried = {
  readonly link: Link
  readonly pipe: Pipe
  /** It is beside a relayed one, and nothing is sent over it but what tries it. */
  isOnTrial: boolean
}

/**
 * What leads to one peer: a link that is used, others that are on their way out or on trial, messages that wait for one. A class,
 * because there are as many as links.
 */
export class Peer {
  readonly #options: PeerOptions
  readonly id: NodeId
  #current: Carried | undefined
  #others: Carried[] | undefined
  #openedMs = 0
  #waiting: Uint8Array[] | undefined
  #waitingBytes = 0

  constructor(options: PeerOptions, id: NodeId) {
    this.#options = options
    this.id = id
  }

  /** Open, and what is sent goes over it. */
  get active(): Link | undefined {
    return this.#current?.link.stage === 'open' ? this.#current.link : undefined
  }

  /** What carries the link that is used. */
  get pipe(): Pipe | undefined {
    return this.#current?.pipe
  }

  /** Open, beside a relayed link that is used. */
  get onTrial(): Link | undefined {
    return this.#others?.find(({ isOnTrial, link }) => isOnTrial && link.stage === 'open')?.link
  }

  /** Nothing leads to it, and nothing waits. */
  get isIdle(): boolean {
    return this.#current === undefined && this.#others === undefined && this.#waiting === undefined
  }

  /** True where it is the first. */
  add(carried: Carried): boolean {
    const isFirst = this.#current === undefined
    if (this.active !== undefined && this.#isBetterWay(carried)) {
      // What is on trial shows itself by messages: the newer one is tried.
      this.onTrial?.close('duplicate')
      carried.isOnTrial = true
      this.#others = [...(this.#others ?? []), carried]
      return false
    }
    const kept = this.active === undefined ? carried : this.#preferred(this.#current as Carried, carried)
    const other = kept === carried ? this.#current : carried
    if (other !== undefined) this.#others = [...(this.#others ?? []), other]
    if (kept === carried) this.#use(carried)
    // Where the older one is closing already, this does nothing more.
    if (other !== undefined) this.#retire(other)
    return isFirst
  }

  /** What is on trial carries both ways: it is used from now on, and the relayed one retires. */
  prefer(): void {
    const better = this.#others?.find(({ isOnTrial, link }) => isOnTrial && link.stage === 'open')
    const older = this.#current
    if (better === undefined) return
    this.#leave(better.link)
    if (older !== undefined) this.#others = [...(this.#others ?? []), older]
    this.#use(better)
    if (older !== undefined) this.#retire(older)
  }

  /** True where it was the last. */
  remove(link: Link): boolean {
    if (this.#current?.link !== link) {
      this.#leave(link)
      return false
    }
    // A link that the other side retired gives way to the one that it kept.
    const next = this.#others?.find((other) => other.link.stage === 'open')
    this.#current = undefined
    if (next === undefined) return true
    this.#leave(next.link)
    this.#take(next)
    return false
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
    for (const carried of [...(this.#others ?? []), this.#current]) carried?.link.close(reason)
  }

  #use(carried: Carried): void {
    this.#openedMs = this.#options.world.clock.nowMs()
    this.#take(carried)
  }

  #take(carried: Carried): void {
    carried.isOnTrial = false
    this.#current = carried
    const messages = this.#waiting ?? []
    this.forgetWaiting()
    for (const message of messages) carried.link.sendMessage(message)
  }

  #isBetterWay({ pipe }: Carried): boolean {
    return this.#current?.pipe.way === 'relayed' && pipe.way !== 'relayed'
  }

  #retire({ link, pipe }: Carried): void {
    const { retireMsMax } = this.#options.limits
    link.close('duplicate', { drainMs: pipe.way === 'relayed' ? retireRelayedMsMax : retireMsMax })
  }

  /** Both sides come to the same link: of two that crossed, the one that the smaller id began; else the newer. */
  #preferred(older: Carried, newer: Carried): Carried {
    const { self, world } = this.#options
    const hasCrossed = Math.abs(world.clock.nowMs() - this.#openedMs) < crossedMsMax
    if (!hasCrossed || older.link.isInitiator === newer.link.isInitiator) return newer
    const isOurs = self < this.id
    return older.link.isInitiator === isOurs ? older : newer
  }

  #leave(link: Link): void {
    const left = this.#others?.filter((one) => one.link !== link)
    this.#others = left?.length === 0 ? undefined : left
  }
}
