import { toHex } from '@anarq/bytes'
import type { Checked, PutFile, Sealed } from '@anarq/flows'
import type { Change, Entry, FieldValue } from '@anarq/qindex'
import { type VaultParams, vaultParamsDefault } from '@anarq/qlock'
import type { Metadata } from '@anarq/qnt'
import type { KernelPorts } from '../ports.ts'
import type { SpaceEntry } from '../space.ts'
import { mediaTypeOf } from './media-type.ts'

/** What one put says of every file that it brings. */
export type PutFacts = {
  readonly nowMs: number
  readonly tags: readonly string[]
  readonly isDecoy: boolean
  /** Of the owner's second lock; recorded where it is on. */
  readonly lockSalt: Uint8Array
  readonly lockCost: VaultParams
}

/** Where a file goes that was not there before; undefined for a new version of one that was. */
export type NewPlace = { readonly name: string; readonly parent: Uint8Array | null } | undefined

/** Up to here each file has an audit entry of its own. */
const auditEachMax = 64

/** Of a guess at the second lock's passphrase: as of one at the home's own. */
export function lockCostOf({
  passphraseCost = vaultParamsDefault,
}: Pick<KernelPorts, 'passphraseCost'>): VaultParams {
  return passphraseCost
}

/** The sealed part of a version's envelope. */
export function metadataOf(file: PutFile, name: string, isLocked: boolean, facts: PutFacts): Metadata {
  return {
    name,
    type: file.type ?? mediaTypeOf(name),
    createdMs: facts.nowMs,
    modifiedMs: Math.max(0, file.modifiedMs),
    ...(file.mode === undefined ? {} : { mode: file.mode }),
    tags: facts.tags,
    transforms: [],
    ...(isLocked ? { lock: { salt: facts.lockSalt, params: facts.lockCost } } : {}),
  }
}

/** The fields of a file's record that this put writes, without the version itself. */
export function fieldsOf(
  { file, body, words, isLocked }: Sealed,
  type: string,
  place: NewPlace,
  facts: PutFacts,
): Record<string, FieldValue> {
  const set: Record<string, FieldValue> = { type, bytes: body.plainBytes, modifiedMs: file.modifiedMs }
  if (place !== undefined) Object.assign(set, place, { createdMs: facts.nowMs })
  if (file.mode !== undefined) set.mode = file.mode
  for (const tag of facts.tags) set[`tag/${tag}`] = true
  if (facts.isDecoy) set.decoy = true
  if (isLocked || place === undefined) Object.assign(set, lockFieldsOf(isLocked))
  if (words !== undefined && !isLocked) set.words = words
  return set
}

/** What a second lock holds is not to be found with the first key, and what an older version said is forgotten. */
export function lockFieldsOf(isLocked: boolean): Record<string, FieldValue> {
  return { locked: isLocked ? true : null, words: null }
}

/** What this put says of a file whose content is there already; undefined where the record has all of it. */
export function fieldsMissing(
  { tags, isDecoy }: Pick<Entry, 'tags' | 'isDecoy'>,
  facts: Pick<PutFacts, 'tags' | 'isDecoy'>,
): Record<string, FieldValue> | undefined {
  const set: Record<string, FieldValue> = {}
  for (const tag of facts.tags) if (!tags.includes(tag)) set[`tag/${tag}`] = true
  if (facts.isDecoy && !isDecoy) set.decoy = true
  return Object.keys(set).length === 0 ? undefined : set
}

/** Of files that got tags, or became decoys, and no new version. */
export function auditOfMarks(marks: readonly Change[]): SpaceEntry[] {
  if (marks.length > auditEachMax)
    return [{ action: 'object.tag', verdict: 'ok', details: { files: marks.length } }]
  return marks.map(({ id }) => ({ action: 'object.tag', object: toHex(id), verdict: 'ok', details: {} }))
}

/** An entry a file, or one for the batch where there are many: the signed commit names each envelope. */
export function auditOf(
  done: readonly Checked[],
  { commit, by }: { commit: string; by: string | undefined },
): SpaceEntry[] {
  const byWhom = by === undefined ? {} : { by }
  if (done.length > auditEachMax) {
    const bytes = done.reduce((sum, { registered }) => sum + registered.sealed.body.plainBytes, 0)
    const details = { files: done.length, bytes, commit, ...byWhom }
    return [{ action: 'object.put', verdict: 'ok', details }]
  }
  return done.map(({ registered: { sealed, change } }) => ({
    action: 'object.put',
    object: toHex(change.id),
    verdict: 'ok',
    flow: sealed.flow.id,
    details: { bytes: sealed.body.plainBytes, ...byWhom },
  }))
}
