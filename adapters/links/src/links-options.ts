import type { NodeId, World } from '@anarq/qnet'
import type { CloseReport, LinkIdentity, LinkLimits, LinkStream, StreamEvents } from '@anarq/qnet/link'
import { type GateLimits, gateLimitsDefault } from './address-gate.ts'
import type { Carrier, PipeWay } from './carrier.ts'
import type { PeerContact } from './dialler.ts'

export type LinksEvents = {
  /** A peer can be reached; told once, however many links lead to it. */
  readonly onUp: (peer: NodeId) => void
  /** No link leads to it any more. */
  readonly onDown: (peer: NodeId, report: CloseReport) => void
  /** Each link that opens is told, the first and any other; `isOnTrial`: beside a relayed one, unused until `prefer`. */
  readonly onLink: (peer: NodeId, way: PipeWay | undefined, isOnTrial: boolean) => void
  /** `isOnTrial`: over the link beside the one that is used. */
  readonly onMessage: (from: NodeId, message: Uint8Array, isOnTrial: boolean) => void
  /** Somebody dialled, showed this number of 16 bytes instead of a handshake, and is gone. */
  readonly onDialBack: (number: Uint8Array) => void
  readonly onCell: (from: NodeId, cell: Uint8Array) => void
  /** The link takes cells again, after `sendCell` was false for want of room. */
  readonly onCellRoom: (peer: NodeId) => void
  /** An attempt to reach a peer at its addresses came to an end: they led to it, or none did. */
  readonly onDialled: (peer: NodeId, isReached: boolean) => void
  /** Undefined refuses the stream. */
  readonly onStream: (from: NodeId, stream: LinkStream) => StreamEvents | undefined
  readonly onLatency: (peer: NodeId, latencyMs: number) => void
}

export type LinksLimits = GateLimits & {
  /** Until a carrier has connected. */
  readonly dialMsMax: number
  /** How long a link that another took the place of may go on for the streams in it. */
  readonly retireMsMax: number
  /** Of messages that wait for a link to one peer. */
  readonly waitingBytesMax: number
}

export const linksLimitsDefault: LinksLimits = {
  ...gateLimitsDefault,
  dialMsMax: 5000,
  retireMsMax: 30_000,
  waitingBytesMax: 16 * 1024 * 1024,
}

export type LinksOptions = {
  readonly world: World
  readonly identity: LinkIdentity
  readonly network?: Uint8Array
  readonly carriers: readonly Carrier[]
  /** Where a peer may be found; undefined where nobody knows. */
  readonly find: (peer: NodeId) => PeerContact | undefined
  /** None may throw. */
  readonly events: Partial<LinksEvents>
  readonly limits?: Partial<LinksLimits>
  readonly linkLimits?: Partial<LinkLimits>
}
