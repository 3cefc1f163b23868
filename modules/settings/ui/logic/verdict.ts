/** What a drill means, in one word, and the name under which a backup is saved. */
export type Drilled = {
  readonly isOurs: boolean
  readonly files: number
  readonly brokenFiles: number
  readonly changesSince: number
}
export type Verdict = 'others' | 'broken' | 'behind' | 'good'

export function verdictOf({ isOurs, brokenFiles, changesSince }: Drilled): Verdict {
  if (!isOurs) return 'others'
  if (brokenFiles > 0) return 'broken'
  return changesSince > 0 ? 'behind' : 'good'
}

/** "anarq-2026-11-28.car", by the person's own calendar. */
export function backupName(ms: number): string {
  const date = new Date(ms)
  const two = (number: number): string => String(number).padStart(2, '0')
  return `anarq-${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}.car`
}
