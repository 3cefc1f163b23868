import { wipe } from '@anarq/qlock'
import type { World } from '../world.ts'
import type { FrameKey } from './frame-key.ts'
import type { FrameOpener, FrameSealer } from './frames.ts'
import {
  answerOffer,
  doneMessage,
  dropOffer,
  makeOffer,
  type Offer,
  parseRekey,
  takeAnswer,
} from './rekey.ts'
import type { Verdict } from './stream-table.ts'

/** Offers of the peer between two heartbeats: each costs an exchange. */
const offersMax = 4

/** The link that keys are renewed for. */
export type RenewalHost = {
  readonly world: World
  readonly isInitiator: boolean
  readonly limits: {
    readonly heartbeatMs: number
    readonly freshKeysMs: number
    readonly staleKeysMs: number
  }
  /** Seals a REKEY_DH frame and hands it to the transport before it returns, whatever else waits. */
  sendRekey(body: Uint8Array): void
}

/**
 * Fresh keys from a fresh exchange, begun by the initiator:
 * offer →, ← answer (the responder's frames have new keys from here on), done → (and so have the initiator's).
 * Each side changes a key in the call that seals or opens the frame which says so; no other frame comes between.
 */
export class KeyRenewal {
  readonly #host: RenewalHost
  readonly #sealer: FrameSealer
  readonly #opener: FrameOpener
  #root: Uint8Array
  #offer: Offer | undefined
  /** The responder's, until the initiator has said that it is done. */
  #awaited: FrameKey | undefined
  #beats = 0
  #offersSinceBeat = 0
  #renewedMs: number

  /** The root is its own from now on; the keys of both halves are what it changes. */
  constructor(host: RenewalHost, root: Uint8Array, sealer: FrameSealer, opener: FrameOpener) {
    this.#host = host
    this.#root = root
    this.#sealer = sealer
    this.#opener = opener
    this.#renewedMs = host.world.clock.nowMs()
  }

  /** False where the keys are too old to go on with. */
  beat(): boolean {
    const { world, isInitiator, limits } = this.#host
    this.#beats += 1
    this.#offersSinceBeat = 0
    const beatenMs = this.#beats * limits.heartbeatMs
    // Beats count on while a clock is set back; the clock goes on while the machine sleeps. Whichever says more is right.
    const ageMs = Math.max(beatenMs, world.clock.nowMs() - this.#renewedMs)
    if (isInitiator && this.#offer === undefined && ageMs >= limits.freshKeysMs) this.#begin()
    return beatenMs < limits.staleKeysMs
  }

  take(body: Uint8Array): Verdict {
    const { isInitiator } = this.#host
    const message = parseRekey(body)
    if (message === undefined || isInitiator !== (message.step === 'answer')) return 'protocol'
    if (message.step === 'offer') return this.#answer(message.message)
    return message.step === 'answer' ? this.#finish(message.message) : this.#done()
  }

  dispose(): void {
    wipe(this.#root)
    this.#awaited?.dispose()
    if (this.#offer !== undefined) dropOffer(this.#offer)
    this.#offer = undefined
  }

  #begin(): void {
    this.#offer = makeOffer(this.#host.world.random)
    this.#host.sendRekey(this.#offer.message)
  }

  #answer(offer: Uint8Array): Verdict {
    const { world } = this.#host
    this.#offersSinceBeat += 1
    if (this.#awaited !== undefined) return 'protocol'
    if (this.#offersSinceBeat > offersMax) return 'limit'
    const answer = answerOffer(offer, this.#root, world.random)
    if (answer === undefined) return 'protocol'
    this.#host.sendRekey(answer.message)
    this.#sealer.replaceKey(answer.keys.fromResponder)
    this.#awaited = answer.keys.fromInitiator
    this.#root = answer.keys.root
    return 'ok'
  }

  #finish(answer: Uint8Array): Verdict {
    const offer = this.#offer
    if (offer === undefined) return 'protocol'
    this.#offer = undefined
    const keys = takeAnswer(offer, answer, this.#root)
    if (keys === undefined) return 'protocol'
    this.#opener.replaceKey(keys.fromResponder)
    this.#host.sendRekey(doneMessage)
    this.#sealer.replaceKey(keys.fromInitiator)
    this.#renewed(keys.root)
    return 'ok'
  }

  #done(): Verdict {
    if (this.#awaited === undefined) return 'protocol'
    this.#opener.replaceKey(this.#awaited)
    this.#awaited = undefined
    this.#renewed(this.#root)
    return 'ok'
  }

  #renewed(root: Uint8Array): void {
    this.#root = root
    this.#beats = 0
    this.#renewedMs = this.#host.world.clock.nowMs()
  }
}
