import { Fault } from '@anarq/fault'
import { type LogState, verifyLine } from './log-line.ts'
import { type ResolvedLog, resolvedOf } from './resolve-log.ts'

/** Logs of one's own, verified once: a change to a long log then costs one line, not all of them. */
export type LogMemory = {
  /** A log of our own that does not verify is `damaged.keyring`. */
  resolve(log: readonly string[]): ResolvedLog
  /** The log with one more line, which must verify too: a defect shows here and not at everybody else's. */
  extend(log: readonly string[], line: string): readonly string[]
}

export function createLogMemory(): LogMemory {
  const states = new WeakMap<readonly string[], LogState>()
  const stateOf = (log: readonly string[]): LogState => {
    const known = states.get(log)
    if (known !== undefined) return known
    let state: LogState | undefined
    for (const [index, line] of log.entries()) state = verifyOwn(state, line, index + 1)
    if (state === undefined)
      throw new Fault('damaged.keyring', 'An identity of this keyring has lost its log.')
    states.set(log, state)
    return state
  }
  return {
    resolve: (log) => resolvedOf(stateOf(log)),
    extend(log, line) {
      const longer = [...log, line]
      states.set(longer, verifyLine(stateOf(log), line, longer.length, Number.POSITIVE_INFINITY))
      return longer
    },
  }
}

function verifyOwn(state: LogState | undefined, line: string, number: number): LogState {
  try {
    return verifyLine(state, line, number, Number.POSITIVE_INFINITY)
  } catch (cause) {
    throw new Fault('damaged.keyring', `Line ${number} of an identity's own log does not verify.`, { cause })
  }
}
