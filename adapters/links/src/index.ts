/**
 * Links over real connections: carriers of bytes (TCP, WebSocket, one in memory), and the pool that keeps one link to each
 * peer, dials when somebody has something to say, and lets strangers knock with measure.
 */
export { type GateLimits, groupOf } from './address-gate.ts'
export type { Carrier, Listener, Pipe, PipeEvents, PipeWay } from './carrier.ts'
export { writeDialBack } from './dial-back.ts'
export type { PeerContact } from './dialler.ts'
export { createLinks, type Links, type PeerFacts } from './links.ts'
export { type LinksEvents, type LinksLimits, type LinksOptions, linksLimitsDefault } from './links-options.ts'
export { createMemoryCarrier } from './memory.ts'
export { createSystemWorld } from './system-world.ts'
export { createTcpCarrier, type TcpCarrier, type TcpOptions } from './tcp.ts'
export { createWebSocketCarrier } from './web-socket.ts'
