/**
 * Both doors of a circuit: the SOCKS5 server that programs speak to (RFC 1928, 1929), and the sockets and the resolver of an
 * exit. What lies between them is `@anarq/qnet/circuit`.
 */
export { createOutside, type OutsideOptions } from './outside.ts'
export {
  openSocks,
  type Socks,
  type SocksLimits,
  type SocksOptions,
  type Streams,
  socksLimitsDefault,
} from './server.ts'
