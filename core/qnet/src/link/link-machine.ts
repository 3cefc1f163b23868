import { concatBytes, equalBytes } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import type { NodeId } from '../node-id.ts'
import type { World } from '../world.ts'
import { type Beating, beatsOf } from './beats.ts'
import { type CloseReason, closeFrame, reasonOf } from './close-code.ts'
import {
  cellBytes,
  frameType,
  type OutFrame,
  readClose,
  readCode,
  readCredit,
  readMessagePart,
  readStreamPart,
} from './frame.ts'
import { FrameOpener, FrameSealer, type InFrame } from './frames.ts'
import { type Established, LinkHandshake, networkBytesMax } from './handshake.ts'
import { KeyRenewal, type RenewalHost } from './key-renewal.ts'
import {
  type Link,
  type LinkEvents,
  type LinkLimits,
  type LinkOptions,
  type LinkStage,
  type LinkTransport,
  linkLimitsDefault,
} from './link.ts'
import { MessageReceiver } from './messages.ts'
import { Outbox } from './outbox.ts'
import { Splitter } from './splitter.ts'
import type { LinkStream, StreamEvents } from './stream.ts'
import { StreamTable, type TableHost, type Verdict } from './stream-table.ts'

const empty = new Uint8Array(0)
const pingBytes = 8
/** Pings of the peer between two heartbeats: an answer costs as much as a question. */
const pingsMax = 256
/** A round trip that took longer says more about a clock that was set than about the way. */
const latencyMsMax = 120_000
/** These end a link in peace: what is queued goes out first. */
const peaceful: ReadonlySet<CloseReason> = new Set(['done', 'duplicate', 'goingAway'])

export function createLink(options: LinkOptions): Link {
  return new LinkMachine(options)
}

/**
 * A class, because a relay holds a hundred thousand: methods that stand once cost nothing for each. What belongs to it alone is made
 * when it is needed, and calls it back by itself instead of by functions made for it.
 */
class LinkMachine implements Link, TableHost, RenewalHost, Beating {
  readonly world: World
  readonly limits: LinkLimits
  readonly isInitiator: boolean
  readonly #transport: LinkTransport
  readonly #events: LinkEvents
  readonly #splitter = new Splitter()
  readonly #streams: StreamTable
  readonly #outbox: Outbox
  readonly #incoming = new MessageReceiver()
  #handshake: LinkHandshake | undefined
  #sealer: FrameSealer | undefined
  #opener: FrameOpener | undefined
  #renewal: KeyRenewal | undefined
  #stopTimer: (() => void) | undefined
  #beatSlot = 0
  #isWritable = true
  #isBusy = false
  #framesSinceBeat = 0
  #beatsMissed = 0
  #pingsSinceBeat = 0
  #ping: { readonly token: Uint8Array; readonly sentMs: number } | undefined
  #closing: { readonly reason: CloseReason; readonly text: string } | undefined
  #hasPeerClosed = false
  stage: LinkStage = 'handshake'
  peer: NodeId | undefined
  latencyMs: number | undefined

  constructor({ world, identity, target, network = empty, transport, events, limits }: LinkOptions) {
    if (network.length > networkBytesMax)
      throw new Fault('invalid.network', `The name of a network has at most ${networkBytesMax} bytes.`)
    this.world = world
    this.limits = limits === undefined ? linkLimitsDefault : { ...linkLimitsDefault, ...limits }
    this.isInitiator = target !== undefined
    this.#transport = transport
    this.#events = events
    this.#streams = new StreamTable(this)
    this.#outbox = new Outbox(this.#streams, this.limits.messageBytesQueuedMax, events)
    this.#stopTimer = world.after(this.limits.handshakeMsMax, () =>
      this.#end('handshake', 'The handshake took too long.'),
    )
    const setup = { identity, network, random: world.random, ...(target === undefined ? {} : { target }) }
    this.#handshake = new LinkHandshake(setup)
    if (target !== undefined) this.#sendHandshake(this.#handshake.start())
  }

  receive(bytes: Uint8Array): void {
    if (this.stage === 'closed') return
    this.#isBusy = true
    const isWell = this.#splitter.push(
      bytes,
      (length) => this.#isAllowed(length),
      (piece) => this.#take(piece),
    )
    this.#isBusy = false
    if (isWell || this.#isClosed) this.#pump()
    else if (this.#handshake !== undefined) this.#end('handshake', 'The handshake failed.')
    else this.#fail('protocol', 'A frame has a length that no frame has.')
  }

  writable(): void {
    this.#isWritable = true
    this.#pump()
  }

  transportClosed(): void {
    const closing = this.#closing
    if (closing === undefined) this.#end('transport', 'The connection broke.')
    else this.#end(closing.reason, closing.text, this.#hasPeerClosed)
  }

  sendMessage(message: Uint8Array): boolean {
    if (this.stage !== 'open' && this.stage !== 'handshake') return false
    const isTaken = this.#outbox.message(message)
    this.#pump()
    return isTaken
  }

  sendCell(cell: Uint8Array): boolean {
    if (this.stage !== 'open') return false
    const isTaken = this.#outbox.cell(cell)
    this.#pump()
    return isTaken
  }

  openStream(events: StreamEvents): LinkStream {
    if (this.stage !== 'open')
      throw new Fault('unavailable.link', 'The link is not open. Wait for it, or open another one.')
    return this.#streams.open(events)
  }

  ping(): void {
    if (this.stage !== 'open' || this.#ping !== undefined) return
    const { random, clock } = this.world
    const token = random.bytes(pingBytes)
    this.#ping = { token, sentMs: clock.nowMs() }
    this.control({ type: frameType.ping, id: 0, pieces: [token] })
  }

  close(
    reason: CloseReason = 'done',
    {
      text = '',
      drainMs = this.limits.drainMsMax,
    }: { readonly text?: string; readonly drainMs?: number } = {},
  ): void {
    if (this.stage === 'handshake') this.#end(reason, text)
    else if (this.stage === 'open' && peaceful.has(reason)) this.#drain(reason, text, drainMs)
    else if (!this.#isClosed && !peaceful.has(reason)) this.#fail(reason, text)
  }

  // The stage moves under calls that lead back here, which the compiler does not follow.
  get #isClosed(): boolean {
    return this.stage === 'closed'
  }

  #isAllowed(length: number): boolean {
    return this.#handshake === undefined
      ? FrameOpener.isAllowed(length)
      : length === this.#handshake.awaitedBytes
  }

  #take(piece: Uint8Array): boolean {
    if (this.#handshake !== undefined) return this.#takeHandshake(this.#handshake, piece)
    const frame = this.#opener?.open(piece)
    if (frame === undefined) {
      this.#fail('protocol', 'A frame does not verify.')
      return false
    }
    this.#framesSinceBeat += 1
    const verdict = this.#takeFrame(frame)
    if (verdict === 'protocol') this.#fail('protocol', 'A frame says what it may not say here.')
    else if (verdict === 'limit' || this.#outbox.isFull) this.#fail('limit', 'More came than may come.')
    return !this.#isClosed
  }

  #takeHandshake(handshake: LinkHandshake, piece: Uint8Array): boolean {
    const step = handshake.receive(piece.subarray(3))
    if (step === undefined) return false
    if (step.reply !== undefined) this.#sendHandshake(step.reply)
    if (step.established !== undefined) this.#open(step.established)
    return !this.#isClosed
  }

  #open({ peer, keys }: Established): void {
    this.#handshake = undefined
    this.peer = peer
    const [ours, theirs] = this.isInitiator
      ? [keys.fromInitiator, keys.fromResponder]
      : [keys.fromResponder, keys.fromInitiator]
    this.#sealer = new FrameSealer(ours)
    this.#opener = new FrameOpener(theirs)
    this.#renewal = new KeyRenewal(this, keys.root, this.#sealer, this.#opener)
    this.stage = 'open'
    this.#stopTimer?.()
    this.#stopTimer = undefined
    this.#beatSlot = beatsOf(this.world, this.limits.heartbeatMs).add(this)
    this.#events.onOpen(peer)
  }

  #takeFrame({ type, id, body }: InFrame): Verdict {
    switch (type) {
      case frameType.cell:
        if (body.length !== cellBytes || id !== 0) return 'protocol'
        this.#events.onCell(body)
        return 'ok'
      case frameType.stream: {
        const part = readStreamPart(body)
        return part === undefined ? 'protocol' : this.#streams.take(id, part)
      }
      case frameType.message: {
        const part = readMessagePart(body)
        const received = part === undefined ? 'protocol' : this.#incoming.take(id, part)
        if (typeof received === 'string') return received
        if (received.message !== undefined) this.#events.onMessage(received.message)
        return 'ok'
      }
      case frameType.windowUpdate: {
        const credit = readCredit(body)
        if (credit === undefined || credit.isStream === (id === 0)) return 'protocol'
        return this.#streams.takeCredit(id, credit.isStream, credit.credit)
      }
      case frameType.reset: {
        const code = readCode(body)
        if (code === undefined) return 'protocol'
        this.#streams.takeReset(id, code)
        return 'ok'
      }
      default:
        return id === 0 || type === frameType.ping ? this.#takeControl(type, id, body) : 'protocol'
    }
  }

  #takeControl(type: number, id: number, body: Uint8Array): Verdict {
    switch (type) {
      case frameType.ping:
        return body.length !== pingBytes || id > 1 ? 'protocol' : this.#takePing(id === 1, body)
      case frameType.keyUpdate:
        return 'ok'
      case frameType.rekey:
        return this.stage === 'closeSent' ? 'ok' : (this.#renewal?.take(body) ?? 'protocol')
      case frameType.close: {
        const close = readClose(body)
        if (close === undefined) return 'protocol'
        this.#peerClosed(reasonOf(close.code), close.reason)
        return 'ok'
      }
      default:
        return 'protocol'
    }
  }

  #takePing(isEcho: boolean, token: Uint8Array): Verdict {
    if (!isEcho) {
      this.#pingsSinceBeat += 1
      this.control({ type: frameType.ping, id: 1, pieces: [token] })
      return this.#pingsSinceBeat > pingsMax ? 'limit' : 'ok'
    }
    const ping = this.#ping
    if (ping === undefined || !equalBytes(ping.token, token)) return 'protocol'
    this.#ping = undefined
    const roundTripMs = this.world.clock.nowMs() - ping.sentMs
    if (roundTripMs < 0 || roundTripMs > latencyMsMax) return 'ok'
    this.latencyMs = this.latencyMs === undefined ? roundTripMs : (7 * this.latencyMs + roundTripMs) / 8
    this.#events.onLatency(roundTripMs)
    return 'ok'
  }

  beat(): void {
    this.#beatsMissed = this.#framesSinceBeat === 0 ? this.#beatsMissed + 1 : 0
    this.#framesSinceBeat = 0
    this.#pingsSinceBeat = 0
    if (this.#beatsMissed >= 2) this.#fail('silent', 'Nothing came for too long.')
    else if (this.#renewal?.beat() === false) this.#fail('staleKeys', 'No fresh keys were agreed in time.')
    this.ping()
  }

  wake(): void {
    this.#pump()
  }

  onStream(stream: LinkStream): StreamEvents | undefined {
    return this.#events.onStream(stream)
  }

  sendRekey(body: Uint8Array): void {
    this.#send({ type: frameType.rekey, id: 0, pieces: [body] })
  }

  control(frame: OutFrame): void {
    if (this.#isClosed) return
    this.#outbox.control(frame)
    this.#pump()
  }

  #pump(): void {
    if (this.#isBusy || this.#sealer === undefined || this.stage === 'closeSent' || this.#isClosed) return
    this.#isBusy = true
    while (this.#isWritable && !this.#isClosed) {
      const next = this.#outbox.next(false)
      if (next === undefined) break
      this.#send(next.frame)
      next.left()
    }
    this.#isBusy = false
    if (this.stage === 'draining' && this.#outbox.isEmpty && this.#streams.size === 0) this.#sendClose()
  }

  #send(frame: OutFrame): void {
    if (this.#sealer === undefined || this.#isClosed) return
    if (!this.#transport.write(this.#sealer.seal(frame))) this.#isWritable = false
  }

  #sendHandshake(message: Uint8Array): void {
    const length = Uint8Array.of(0, message.length >> 8, message.length & 255)
    if (!this.#transport.write(concatBytes(length, message))) this.#isWritable = false
  }

  #drain(reason: CloseReason, text: string, drainMs: number): void {
    this.stage = 'draining'
    this.#closing = { reason, text }
    this.#streams.isClosing = true
    this.#stopTimer = this.world.after(drainMs, () => this.#sendClose())
    this.#pump()
  }

  /** After it nothing is sent. What the other side had under way still comes, until it says CLOSE as well. */
  #sendClose(): void {
    const { reason, text } = this.#closing ?? { reason: 'done', text: '' }
    if (this.stage !== 'draining') return
    this.#stopTimer?.()
    this.#send(closeFrame(reason, text))
    if (this.#hasPeerClosed) {
      this.#end(reason, text, true)
      return
    }
    this.stage = 'closeSent'
    this.#streams.clear()
    this.#outbox.clear()
    this.#stopTimer = this.world.after(this.limits.drainMsMax, () => this.#end(reason, text))
  }

  #peerClosed(reason: CloseReason, text: string): void {
    if (this.stage === 'closeSent' || !peaceful.has(reason)) {
      const closing = peaceful.has(reason) ? this.#closing : undefined
      this.#end(closing?.reason ?? reason, closing?.text ?? text, closing === undefined)
      return
    }
    this.#hasPeerClosed = true
    this.#streams.clear()
    if (this.stage === 'open') this.#drain(reason, text, this.limits.drainMsMax)
  }

  /** The other side is told, if it can be, and the link is over at once. */
  #fail(reason: CloseReason, text: string): void {
    if (this.#isClosed) return
    if (this.stage !== 'closeSent') this.#send(closeFrame(reason, text))
    this.#end(reason, text)
  }

  #end(reason: CloseReason, text: string, isByPeer = false): void {
    if (this.#isClosed) return
    this.stage = 'closed'
    this.#stopTimer?.()
    beatsOf(this.world, this.limits.heartbeatMs).remove(this, this.#beatSlot)
    this.#handshake?.dispose()
    this.#handshake = undefined
    this.#renewal?.dispose()
    this.#sealer?.dispose()
    this.#opener?.dispose()
    this.#splitter.clear()
    this.#incoming.clear()
    this.#outbox.clear()
    this.#streams.clear()
    this.#transport.end()
    this.#events.onClosed({ reason, text, isByPeer })
  }
}
