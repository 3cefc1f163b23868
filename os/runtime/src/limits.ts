import { Fault } from '@anarq/fault'
import { type IsolateLimits, memoryBytesMin } from './engine.ts'

export type RuntimeLimits = IsolateLimits & {
  readonly modulesMax: number
  /** Characters of one module, and of all of them. */
  readonly moduleBytesMax: number
  readonly sourceBytesMax: number
  /** Until the entry has loaded. */
  readonly startMsMax: number
  /** Until a request or an event is answered. */
  readonly requestMsMax: number
  /** Requests and events that wait for their answer. */
  readonly requestsPendingMax: number
  /** Of requests that were never answered, so many end the backend. */
  readonly unansweredMax: number
  readonly callMsMax: number
  readonly callsPendingMax: number
  readonly callsPerSecondMax: number
  /** Calls refused in one second because they were too many: so many end the backend. */
  readonly callsRefusedPerSecondMax: number
  /** Characters and bytes of all messages that come out. */
  readonly outputBytesPerMinuteMax: number
  /** Characters of what is kept of the log, and of one line. */
  readonly logBytesMax: number
  readonly logLineBytesMax: number
  readonly valueDepthMax: number
  /** Objects, arrays and all that is in them, of one value. */
  readonly valueNodesMax: number
  readonly sleepMsMax: number
  readonly randomBytesMax: number
  /** Without a request or an event for so long, a backend sleeps until the next one. */
  readonly idleMs: number
  /** After more ends than this it stays stopped. */
  readonly restartsMax: number
  /** The pause before the first restart; each doubles the one before. */
  readonly restartPauseMs: number
  readonly restartPauseMsMax: number
  /** Without an end for so long, earlier ones are forgotten. */
  readonly healthyMs: number
}

const mib = 1024 * 1024

export const runtimeLimits: RuntimeLimits = {
  memoryBytesMax: 32 * mib,
  stackBytesMax: 256 * 1024,
  turnMsMax: 1000,
  cpuMsPerMinuteMax: 20_000,
  messageBytesMax: 4 * mib,
  unreadMessagesMax: 1024,
  unreadBytesMax: 8 * mib,
  modulesMax: 256,
  moduleBytesMax: mib,
  sourceBytesMax: 4 * mib,
  startMsMax: 10_000,
  requestMsMax: 30_000,
  requestsPendingMax: 64,
  unansweredMax: 8,
  callMsMax: 30_000,
  callsPendingMax: 64,
  callsPerSecondMax: 1000,
  callsRefusedPerSecondMax: 1000,
  outputBytesPerMinuteMax: 256 * mib,
  logBytesMax: 64 * 1024,
  logLineBytesMax: 2048,
  valueDepthMax: 32,
  valueNodesMax: 100_000,
  sleepMsMax: 60_000,
  randomBytesMax: 65_536,
  idleMs: 60_000,
  restartsMax: 5,
  restartPauseMs: 1000,
  restartPauseMsMax: 60_000,
  healthyMs: 600_000,
}

/** The defaults with what is given over them. A limit that is no whole number from 1 on is refused (restarts: from 0 on). */
export function limitsFrom(given: Partial<RuntimeLimits>): RuntimeLimits {
  const limits = { ...runtimeLimits, ...given }
  for (const [name, value] of Object.entries(limits)) {
    const least = name === 'memoryBytesMax' ? memoryBytesMin : name === 'restartsMax' ? 0 : 1
    if (!Number.isSafeInteger(value) || value < least)
      throw new Fault('invalid.limit', `The limit ${name} is ${value}; give a whole number from ${least} on.`)
  }
  return limits
}
