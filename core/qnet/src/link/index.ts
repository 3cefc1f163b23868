/**
 * Links: one encrypted, authenticated connection between two nodes over any ordered pipe of bytes, with streams, messages and
 * cells in it. [The format](../../../../docs/formats/qnet.md) says what is on the wire.
 */
export { type CloseReason, closeCode } from './close-code.ts'
export { cellBytes, frameBytesMax } from './frame.ts'
export type { LinkIdentity, LinkTarget } from './handshake.ts'
export {
  type CloseReport,
  type Link,
  type LinkEvents,
  type LinkLimits,
  type LinkOptions,
  type LinkStage,
  type LinkTransport,
  linkLimitsDefault,
} from './link.ts'
export { createLink } from './link-machine.ts'
export { type LinkStream, resetCode, type StreamEvents } from './stream.ts'
export { streamsMax } from './stream-table.ts'
