/**
 * The HTTP door: the operations of a node as an API described by OpenAPI, a trustless IPFS gateway, and metrics, on a
 * port for signed requests and on a socket in the home folder for this machine's user. `@anarq/http/client` is the
 * other end of that socket.
 */
export type { StoreStats } from './context.ts'
export { type HttpDoor, type HttpDoorOptions, openHttpDoor } from './door.ts'
export type { Mount } from './mounts.ts'
export { socketOf } from './socket.ts'
