import { asFault, Fault, failed, type Outcome, ok } from '@anarq/fault'
import type { DidDocument } from './document.ts'
import { type LogKind, logEntriesMax, type Member } from './key-log.ts'
import { type KeyEpoch, type LogState, verifyLine } from './log-line.ts'

export type ResolvedLog = {
  readonly did: string
  readonly kind: LogKind
  /** Oldest first; the last is current. */
  readonly epochs: readonly KeyEpoch[]
  readonly members: readonly Member[]
  readonly revokedDevices: readonly string[]
  readonly document: DidDocument
  /** The name of the last entry: keep it, and ask for it as `known` the next time. */
  readonly versionId: string
  readonly hasEnded: boolean
}

export type ResolveOptions = {
  readonly nowMs: number
  /** Refuse the log of any other DID. */
  readonly did?: string
  /** The `versionId` seen last: a log that was cut back or forked before it is refused. */
  readonly known?: string
  /** Read no log with more lines; verifying takes about a millisecond a line. */
  readonly entriesMax?: number
}

/**
 * Verifies every line of a did:squid log: hashes, order, pre-rotation, signatures, time, and the shape of each
 * document. The first line that fails is named in the sentence and in `data.entry` (1 is the first).
 */
export function resolveLog(
  log: readonly string[],
  { nowMs, did, known, entriesMax = logEntriesMax }: ResolveOptions,
): Outcome<ResolvedLog> {
  if (log.length === 0) return failed('invalid.log', 'This identity log is empty.')
  if (log.length > Math.min(entriesMax, logEntriesMax)) {
    return failed('limit.log', `This identity log has too many entries; nothing was read.`)
  }
  let state: LogState | undefined
  let isKnown = known === undefined
  for (const [index, line] of log.entries()) {
    try {
      state = verifyLine(state, line, index + 1, nowMs)
    } catch (thrown) {
      return { ok: false, fault: atEntry(thrown, index + 1) }
    }
    if (did !== undefined && state.did !== did) {
      return failed('refused.log', 'This identity log is of another identity than the one asked for.')
    }
    isKnown ||= state.entry.versionId === known
  }
  if (!isKnown) {
    return failed(
      'refused.log',
      'This identity log does not hold the entry seen last: it was cut back or forked.',
    )
  }
  return ok(resolvedOf(state as LogState))
}

export function resolvedOf({ did, entry, facts, epochs, nextKeyHash }: LogState): ResolvedLog {
  return {
    did,
    kind: facts.kind,
    epochs,
    members: facts.members,
    revokedDevices: facts.revokedDevices,
    document: entry.state,
    versionId: entry.versionId,
    hasEnded: nextKeyHash === undefined,
  }
}

function atEntry(thrown: unknown, entry: number): Fault {
  const fault = asFault(thrown)
  const isReason = fault.code === 'refused.log'
  const message = isReason
    ? `Entry ${entry} of this identity log ${fault.message}.`
    : `Entry ${entry} of this identity log cannot be read. ${fault.message}`
  return new Fault(fault.code, message, { cause: fault, data: { entry } })
}
