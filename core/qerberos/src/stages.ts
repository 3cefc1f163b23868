import { fromUtf8, toHex } from '@anarq/bytes'
import { hashBlake3 } from '@anarq/qlock'

export type FlowKind = 'in' | 'out' | 'access'

export type InStage = 'raw' | 'compressed' | 'sealed' | 'registered' | 'checked' | 'stored'
export type AccessStage = 'requested' | 'signed' | 'verified' | 'decided'
export type OutStage = 'located' | 'fetched' | 'checked' | 'unsealed' | 'expanded' | 'delivered'
export type Stage = InStage | AccessStage | OutStage

/** `failed`: the disk, the network or the caller stopped it; nobody was refused. */
export type Verdict = 'ok' | 'refused' | 'failed'

/**
 * What the guardian learns of a stage: names, hashes, sizes and codes. No field can carry content.
 * `identity` and `object` are whatever pseudonyms the caller counts under.
 */
export type StageReport = {
  readonly flow: string
  readonly kind: FlowKind
  readonly stage: Stage
  readonly atMs: number
  readonly identity: string
  readonly object?: string
  /** 32 bytes: the hash of what the stage gave out. */
  readonly hash?: Uint8Array
  readonly bytes?: number
  readonly chunks?: number
}

export type FlowPath = {
  readonly stages: readonly Stage[]
  /** Where a flow may end with "ok"; it may be refused or fail anywhere. */
  readonly ends: readonly Stage[]
}

const accessStages: readonly AccessStage[] = ['requested', 'signed', 'verified', 'decided']
const outStages: readonly OutStage[] = ['located', 'fetched', 'checked', 'unsealed', 'expanded', 'delivered']

/** The one order of each flow. Nothing goes out that was not decided: an access flow goes on as a flow out. */
export const flowPaths: Readonly<Record<FlowKind, FlowPath>> = {
  in: { stages: ['raw', 'compressed', 'sealed', 'registered', 'checked', 'stored'], ends: ['stored'] },
  access: { stages: [...accessStages, ...outStages], ends: ['decided', 'delivered'] },
  out: { stages: [...accessStages, ...outStages], ends: ['delivered'] },
}

/** Where a flow out begins when its access was a flow of its own that ended well. */
export const stagesBeforeOut: number = accessStages.length

/** Why `stage` may not come after the first `done` stages of its path, in one sentence; undefined when it may. */
export function breachOf(kind: FlowKind, done: number, stage: Stage): string | undefined {
  const { stages } = flowPaths[kind]
  const wanted = stages[done]
  if (stage === wanted) return undefined
  const at = stages.indexOf(stage)
  if (at < 0) return `"${stage}" is no stage of the flow "${kind}"`
  if (wanted === undefined) return `"${stage}" came after the last stage, "${stages.at(-1)}"`
  if (at < done) return `"${stage}" came again where "${wanted}" was next`
  return `"${stage}" came before ${stages
    .slice(done, at)
    .map((skipped) => `"${skipped}"`)
    .join(', ')}`
}

/** Why the flow may not end well after `done` stages; undefined when it may. */
export function unfinishedOf(kind: FlowKind, done: number): string | undefined {
  const { stages, ends } = flowPaths[kind]
  const last = stages[done - 1]
  if (last !== undefined && ends.includes(last)) return undefined
  const end = ends.find((stage) => stages.indexOf(stage) >= done)
  return `it ended before ${stages
    .slice(done, stages.indexOf(end as Stage) + 1)
    .map((missing) => `"${missing}"`)
    .join(', ')}`
}

/**
 * One hash for a whole flow: BLAKE3 over a line for each report, in order, so that whoever keeps the reports can
 * show later that they are the ones the audit log speaks of. The lines are UTF-8, each ended by U+000A.
 */
export function trailDigest(reports: readonly StageReport[]): Uint8Array {
  let text = 'q/v1/trail\n'
  const first = reports[0]
  if (first !== undefined) text += `${first.kind} ${first.flow} ${first.identity} ${first.object ?? '-'}\n`
  for (const { stage, atMs, hash, bytes, chunks } of reports) {
    text += `${stage} ${atMs} ${hash === undefined ? '-' : toHex(hash)} ${bytes ?? '-'} ${chunks ?? '-'}\n`
  }
  return hashBlake3(fromUtf8(text))
}
