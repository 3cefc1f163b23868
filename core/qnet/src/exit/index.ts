/** The exit: what may leave the network, and by which address. Sockets are `@anarq/socks`'. */
export { createExit, type ExitOptions, type Outside } from './exit.ts'
export {
  closedPortsDefault,
  createExitPolicy,
  type Destination,
  type ExitPolicy,
  type PolicyOptions,
  type PortRange,
} from './policy.ts'
