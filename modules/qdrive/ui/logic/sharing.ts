import type { Entry, Grant, Person } from './entry.ts'

export type ShareForm = {
  readonly with: string
  readonly canWrite: boolean
  readonly canShare: boolean
  readonly until: 'always' | 'day' | 'week' | 'month' | 'date'
  /** Of a date field: YYYY-MM-DD. */
  readonly date: string
  readonly uses: string
  readonly purpose: string
}

export const emptyShare: ShareForm = {
  with: '',
  canWrite: false,
  canShare: false,
  until: 'week',
  date: '',
  uses: '',
  purpose: '',
}

export type ShareRequest = {
  readonly path: string
  readonly with: string
  readonly rights: readonly ('read' | 'write' | 'share')[]
  readonly untilMs?: number
  readonly uses?: number
  readonly purpose?: string
}
export type ShareProblem = 'with' | 'date' | 'uses'

const dayMs = 86_400_000

/** What is asked of the system, or the first field that is not what it should be. */
export function requestOf(
  entry: Pick<Entry, 'path'>,
  form: ShareForm,
  nowMs: number,
): ShareRequest | ShareProblem {
  const who = form.with.trim()
  if (who === '') return 'with'
  const untilMs = untilOf(form, nowMs)
  if (untilMs === 'date') return 'date'
  const uses = form.uses.trim()
  if (uses !== '' && !(/^\d{1,6}$/.test(uses) && Number(uses) >= 1)) return 'uses'
  const purpose = form.purpose.trim()
  return {
    path: entry.path,
    with: who,
    rights: [
      'read',
      ...(form.canWrite ? (['write'] as const) : []),
      ...(form.canShare ? (['share'] as const) : []),
    ],
    ...(untilMs === undefined ? {} : { untilMs }),
    ...(uses === '' ? {} : { uses: Number(uses) }),
    ...(purpose === '' ? {} : { purpose }),
  }
}

function untilOf({ until, date }: ShareForm, nowMs: number): number | undefined | 'date' {
  if (until === 'always') return undefined
  if (until === 'day') return nowMs + dayMs
  if (until === 'week') return nowMs + 7 * dayMs
  if (until === 'month') return nowMs + 30 * dayMs
  // The whole of that day, where the person is.
  const end = /^\d{4}-\d{2}-\d{2}$/.test(date) ? new Date(`${date}T23:59:59.999`).getTime() : Number.NaN
  return Number.isNaN(end) || end <= nowMs ? 'date' : end
}

/** A card, as `identity.show` gives it: longer than a DID or a name. */
export function isCard(text: string): boolean {
  return text.trim().startsWith('anarq-card-')
}

export function nameOfDid(did: string, people: readonly Person[]): string {
  const known = people.find((one) => one.did === did || one.formerly.includes(did))
  return known?.name ?? shortDid(did)
}

export function shortDid(did: string): string {
  return did.length <= 30 ? did : `${did.slice(0, 18)}…${did.slice(-6)}`
}

/** Those that stand, and with them what they are for; newest first. */
export function grantsOf(
  object: string,
  grants: readonly Grant[],
): { readonly standing: readonly Grant[]; readonly past: readonly Grant[] } {
  const own = grants.filter((grant) => grant.object === object && grant.direction === 'out')
  return {
    standing: own.filter(({ state }) => state === 'active'),
    past: own.filter(({ state }) => state !== 'active'),
  }
}

/** A file name that any system takes. */
export function pingFileName(name: string): string {
  return `${name.replaceAll(/[\\/:*?"<>|\u0000-\u001f]/g, '_').slice(0, 80)}.ping`
}
