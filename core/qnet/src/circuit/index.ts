/**
 * Circuits: three hops, cells of one size, a layer for each hop that it alone proves. A node has one `Switch` over its links;
 * a `Client` builds circuits on it, a `Relay` passes other people's on, and ends them where it has an exit or services.
 */
export { cellBytes, dataBytesMax, type EndReason, hopsMax } from './cell.ts'
export {
  type Circuit,
  type CircuitEvents,
  type Client,
  type ClientSettings,
  createClient,
  type Hop,
} from './client.ts'
export type { ClientStreams, KeptStream } from './client-streams.ts'
export { type Guard, type GuardState, parseGuardState } from './guards.ts'
export {
  type Agreed,
  answerHandshake,
  type Handshake,
  type HandshakeForm,
  hybridForm,
  ntorV3Form,
  startHandshake,
} from './handshake.ts'
export { createPaths, type PathOptions, type PathReport, type PathSettings, type Paths } from './paths.ts'
export { createPool, type Pool, type PooledCircuit, type PoolOptions, type PoolSettings } from './pool.ts'
export { createRelay, type Relay, type RelaySettings } from './relay.ts'
export type { RelayFacts } from './relay-facts.ts'
export type { Spread } from './spread.ts'
export { type CellWire, createSwitch, type Switch } from './switch.ts'
