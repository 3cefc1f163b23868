/** Grants as people look for them: by person or by file, in force or past. */
import type { Tone } from '@anarq/design'
import type { ConsentSay, MessageKey } from '../messages/messages.ts'

export type Grant = {
  readonly id: string
  readonly direction: 'in' | 'out'
  readonly object: string
  readonly kind: 'folder' | 'file'
  readonly name: string
  readonly with: string
  readonly rights: readonly string[]
  readonly purpose?: string
  readonly issuedMs: number
  readonly untilMs?: number
  readonly usesMax?: number
  readonly uses: number
  readonly state: 'active' | 'expired' | 'used-up' | 'revoked'
}

export type By = 'person' | 'file'
export type Shown = 'active' | 'past' | 'all'

export type GrantGroup = {
  /** The DID or the object. */
  readonly id: string
  readonly title: string
  readonly grants: readonly Grant[]
}

export function shownOf(grants: readonly Grant[], shown: Shown): readonly Grant[] {
  return shown === 'all'
    ? grants
    : grants.filter(({ state }) => (state === 'active') === (shown === 'active'))
}

/** Groups in the order of their names; in a group what is in force comes first, and of each kind the newest. */
export function groupsOf(
  grants: readonly Grant[],
  by: By,
  nameOf: (did: string) => string,
): readonly GrantGroup[] {
  const groups = Map.groupBy(grants, (grant) => (by === 'person' ? grant.with : grant.object))
  return [...groups]
    .map(([id, own]) => ({
      id,
      title: by === 'person' ? nameOf(id) : (newestOf(own)?.name ?? id),
      grants: own.toSorted((a, b) => Number(isPast(a)) - Number(isPast(b)) || b.issuedMs - a.issuedMs),
    }))
    .sort((a, b) => a.title.localeCompare(b.title))
}

export function isPast({ state }: Grant): boolean {
  return state !== 'active'
}

export const toneOf: Readonly<Record<Grant['state'], Tone>> = {
  active: 'success',
  expired: 'plain',
  'used-up': 'plain',
  revoked: 'warning',
}

/** "May open and change · until 3 May 2027 · 2 of 5 uses · for: taxes". */
export function termsOf(grant: Grant, say: ConsentSay, day: (ms: number) => string, locale: string): string {
  const { rights, untilMs, usesMax, uses, purpose, issuedMs } = grant
  const named = rights.map((right) => say(rightKeys[right] ?? 'right.read'))
  const list = new Intl.ListFormat(locale, { type: 'conjunction' }).format(named)
  return [
    say('may', { rights: list }),
    say('since', { day: day(issuedMs) }),
    untilMs === undefined ? say('until.none') : say('until', { day: day(untilMs) }),
    usesMax === undefined ? usesText(uses, say) : say('uses', { used: uses, max: usesMax }),
    ...(purpose === undefined ? [] : [say('purpose', { purpose })]),
  ].join(' · ')
}

const rightKeys: Readonly<Record<string, MessageKey>> = {
  read: 'right.read',
  write: 'right.write',
  share: 'right.share',
}

function usesText(uses: number, say: ConsentSay): string {
  if (uses === 0) return say('uses.never')
  return uses === 1 ? say('uses.once') : say('uses.any', { used: uses })
}

function newestOf(grants: readonly Grant[]): Grant | undefined {
  return grants.toSorted((a, b) => b.issuedMs - a.issuedMs)[0]
}
