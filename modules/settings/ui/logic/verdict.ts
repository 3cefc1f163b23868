/** What a drill means, in one word, and the name under which a backup is saved. */
export type Drilled = {
  readonly isOurs: boolean
  readonly brokenFiles: number
  readonly identities: number
  readonly identitiesHere: number
  readonly since: Since
}
export type Since = {
  readonly added: number
  readonly changed: number
  readonly gone: number
  readonly ofApps: number
  readonly permissions: number
}
export type Verdict = 'others' | 'broken' | 'lacking' | 'behind' | 'good'

/** Files decide: where windows lie, or what an app keeps for itself, makes no backup an old one. */
export function verdictOf({ isOurs, brokenFiles, identities, identitiesHere, since }: Drilled): Verdict {
  if (!isOurs) return 'others'
  if (brokenFiles > 0) return 'broken'
  if (identities < identitiesHere) return 'lacking'
  return since.added + since.changed > 0 ? 'behind' : 'good'
}

const unlike = ['added', 'changed', 'gone', 'permissions', 'ofApps'] as const

/** What is otherwise here, as facts; what is not, is not said. */
export function unlikeIn(since: Since): readonly { what: (typeof unlike)[number]; count: number }[] {
  return unlike.map((what) => ({ what, count: since[what] })).filter(({ count }) => count > 0)
}

/** "anarq-2026-11-28.car", by the person's own calendar. */
export function backupName(ms: number): string {
  const date = new Date(ms)
  const two = (number: number): string => String(number).padStart(2, '0')
  return `anarq-${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}.car`
}
