/** The same in a browser, which can dial WebSockets and listen to nobody. */
export type { Carrier, Listener, Pipe, PipeEvents } from './carrier.ts'
export type { PeerContact } from './dialler.ts'
export { createLinks, type Links } from './links.ts'
export type { LinksEvents, LinksLimits, LinksOptions } from './links-options.ts'
export { createSystemWorld } from './system-world.ts'
export { createWebSocketClient } from './web-socket-client.ts'
