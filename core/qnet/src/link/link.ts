import type { NodeId } from '../node-id.ts'
import type { World } from '../world.ts'
import type { CloseReason } from './close-code.ts'
import type { LinkIdentity, LinkTarget } from './handshake.ts'
import type { LinkStream, StreamEvents } from './stream.ts'

/** An ordered, reliable pipe of bytes, as a link sees it. */
export type LinkTransport = {
  /** The bytes are the transport's from now on; it may not call the link back before it returns. False asks to wait: the host calls `Link.writable` when there is room again. */
  write(bytes: Uint8Array): boolean
  /** After what was written; nothing is written afterwards. */
  end(): void
}

export type CloseReport = {
  readonly reason: CloseReason
  /** In the words of whoever closed; from a peer it is a stranger's text. */
  readonly text: string
  readonly isByPeer: boolean
}

/** What a link tells its host. None may throw. */
export type LinkEvents = {
  /** The peer has proved its node id; both sides may speak. */
  onOpen(peer: NodeId): void
  onMessage(message: Uint8Array): void
  /** 4,096 bytes. */
  onCell(cell: Uint8Array): void
  /** After a cell was refused for want of room: there is some again. */
  onCellRoom?(): void
  /** A stream that the peer opened: whoever takes it says what is to be told of it; undefined refuses it. */
  onStream(stream: LinkStream): StreamEvents | undefined
  /** A round trip that was measured. */
  onLatency(latencyMs: number): void
  /** Once, at the end, also of a link that never opened. */
  onClosed(report: CloseReport): void
}

export type LinkLimits = {
  /** From the transport's beginning to the last message of the handshake. */
  readonly handshakeMsMax: number
  /** A ping goes out so often; a peer that is silent for two of them is gone. */
  readonly heartbeatMs: number
  /** The initiator begins a fresh key exchange after so long, and either side closes the link where none was finished by then. */
  readonly freshKeysMs: number
  readonly staleKeysMs: number
  /** What is queued still goes out in this time after a close, and streams may end. */
  readonly drainMsMax: number
  readonly messageBytesQueuedMax: number
}

export const linkLimitsDefault: LinkLimits = {
  handshakeMsMax: 10_000,
  heartbeatMs: 30_000,
  freshKeysMs: 8 * 60_000,
  staleKeysMs: 10 * 60_000,
  drainMsMax: 2000,
  messageBytesQueuedMax: 32 * 1024 * 1024,
}

export type LinkOptions = {
  readonly world: World
  readonly identity: LinkIdentity
  /** Whom to reach; without it this side waits to be reached. */
  readonly target?: LinkTarget
  /** Up to 64 bytes that both sides have to name alike. */
  readonly network?: Uint8Array
  readonly transport: LinkTransport
  readonly events: LinkEvents
  readonly limits?: Partial<LinkLimits>
}

export type LinkStage = 'handshake' | 'open' | 'draining' | 'closeSent' | 'closed'

/**
 * One encrypted, authenticated connection between two nodes ([the format](../../../../docs/formats/qnet.md)). It is made when its
 * transport is connected, is told what comes in, and never throws because of it.
 */
export type Link = {
  readonly stage: LinkStage
  /** Undefined before the handshake is done. */
  readonly peer: NodeId | undefined
  readonly isInitiator: boolean
  /** Smoothed; undefined before the first answer. */
  readonly latencyMs: number | undefined
  /** The bytes are the link's until this returns. */
  receive(bytes: Uint8Array): void
  /** The transport has room again. */
  writable(): void
  /** The transport is gone. */
  transportClosed(): void
  /** At most `messageBytesMax`, which are the link's from now on. Before the link is open they wait. False: there is no room, it is lost. */
  sendMessage(message: Uint8Array): boolean
  /** False: there is no room (`onCellRoom` says when there is), or these are not 4,096 bytes. */
  sendCell(cell: Uint8Array): boolean
  /** `limit.streams`, or `unavailable.link` where the link is not open. */
  openStream(events: StreamEvents): LinkStream
  /** Measures the round trip; `onLatency` tells it. */
  ping(): void
  /** What is queued still goes out, and streams may end, for `drainMs` at most; then the other side is told. */
  close(reason?: CloseReason, options?: { readonly text?: string; readonly drainMs?: number }): void
}
