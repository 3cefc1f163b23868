/** The audit log as it is read: what an act is called, what fits a search, and how much of it is asked for. */
import type { IconName, Tone } from '@anarq/design'
import { en, type MessageKey } from '../messages/en.ts'

export type Entry = {
  readonly index: number
  readonly atMs: number
  readonly action: string
  readonly identity: string
  readonly object?: string
  readonly verdict: 'ok' | 'refused' | 'failed'
  readonly code?: string
  readonly details: Readonly<Record<string, unknown>>
}

/** The words for an act; nothing for one that has none, which is shown as it is written. */
export function actionKey(action: string): MessageKey | undefined {
  const key = `action.${action}`
  return Object.hasOwn(en, key) ? (key as MessageKey) : undefined
}

/** Acts that can be looked for, in the order of their words. */
export const knownActions: readonly string[] = Object.keys(en)
  .filter((key) => key.startsWith('action.'))
  .map((key) => key.slice('action.'.length))

export const toneOf: Readonly<Record<Entry['verdict'], Tone>> = {
  ok: 'success',
  refused: 'warning',
  failed: 'danger',
}

export const iconOf: Readonly<Record<Entry['verdict'], IconName>> = {
  ok: 'check',
  refused: 'lock',
  failed: 'alert',
}

/** An object's whole id is looked for in the whole log; anything else in what was loaded. */
export function objectIn(text: string): string | undefined {
  const trimmed = text.trim().toLowerCase()
  return /^[0-9a-f]{32,64}$/.test(trimmed) ? trimmed : undefined
}

export function matching(entries: readonly Entry[], text: string): readonly Entry[] {
  const wanted = text.trim().toLowerCase()
  if (wanted === '' || objectIn(text) !== undefined) return entries
  return entries.filter(({ action, identity, object = '', code = '', verdict, details }) =>
    [action, identity, object, code, verdict, ...Object.values(details).map(String)].some((one) =>
      one.toLowerCase().includes(wanted),
    ),
  )
}

const firstLimit = 500
const limitMax = 10_000

export const limits: readonly number[] = [firstLimit, 2500, limitMax]

/** How many to ask for next; nothing where all that one may ask for is here, or the log has no more. */
export function nextLimit(limit: number, loaded: number): number | undefined {
  return loaded < limit ? undefined : limits.find((one) => one > limit)
}

export function proofName(index: number): string {
  return `audit-entry-${index}.proof.json`
}
