/**
 * The rules of running a stranger's backend.
 *
 * `createRuntime` starts backends on an `Engine` (port), hands requests and events to them, and lets them reach one thing:
 * `host.call`. Everything that comes out of an isolate is taken for hostile: it is parsed strictly, counted against
 * limits, and what breaks a rule ends the backend, and is an `Incident` for the guardian.
 */
export type { Backend, BackendState, BackendStats } from './backend.ts'
export { type CodecLimits, decodeValue, encodeValue, type Plain } from './codec.ts'
export {
  type EndCause,
  type Engine,
  type Isolate,
  type IsolateEvent,
  type IsolateLimits,
  type IsolateOptions,
  type Message,
  memoryBytesMin,
  type Source,
} from './engine.ts'
export type { BackendEvent, BackendRequest, BackendResponse } from './exchange.ts'
export type { Host } from './host.ts'
export type { Incident, IncidentKind } from './incident.ts'
export { type RuntimeLimits, runtimeLimits } from './limits.ts'
export type { LogLine } from './log-ring.ts'
export type { LogLevel } from './protocol.ts'
export { createRuntime, type Runtime, type RuntimeOptions, type StartOptions } from './runtime.ts'
export { systemTimers, type Timers } from './timers.ts'
