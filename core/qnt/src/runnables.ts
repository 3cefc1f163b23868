import { Fault } from '@anarq/fault'
import { type Cid, readCid, readFields, readInt, readText } from '@anarq/ipld'
import { readSome } from './parse.ts'

/** What a run may use at most. */
export type RunLimits = {
  readonly memoryBytes: number
  readonly durationMs: number
  /** Instructions, as the sandbox counts them. */
  readonly steps: number
}

/** A data self-runnable: the program with this CID, when this happens, within these limits. */
export type Runnable = {
  readonly cid: Cid
  /** The trigger: small letters, digits, `.`, `:` and `-`, such as `expire`, `access`, `every:day`. */
  readonly on: string
  readonly limits: RunLimits
}

const runnablesMax = 16

const triggerPattern = /^[a-z][a-z0-9.:-]{0,63}$/

export function runnableFields({ cid, on, limits }: Runnable): Record<string, unknown> {
  return { cid, on, limits: { memory: limits.memoryBytes, ms: limits.durationMs, steps: limits.steps } }
}

export function readRunnables(value: unknown): readonly Runnable[] {
  return readSome(value, "An envelope's runnables", runnablesMax).map((entry) => {
    const fields = readFields(entry, ['cid', 'on', 'limits'], 'A runnable')
    const limits = readFields(fields.limits, ['memory', 'ms', 'steps'], "A runnable's limits")
    const on = readText(fields.on, "A runnable's trigger", { max: 64 })
    if (!triggerPattern.test(on)) {
      throw new Fault('invalid.shape', "A runnable's trigger is malformed: expected a plain name.")
    }
    return {
      cid: readCid(fields.cid, "A runnable's CID"),
      on,
      limits: {
        memoryBytes: readInt(limits.memory, "A runnable's memory"),
        durationMs: readInt(limits.ms, "A runnable's duration"),
        steps: readInt(limits.steps, "A runnable's steps"),
      },
    }
  })
}
