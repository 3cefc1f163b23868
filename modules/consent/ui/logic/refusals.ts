/** Who asked and was refused, out of the entries of the audit log. */
import type { MessageKey } from '../messages/messages.ts'

export type Entry = {
  readonly index: number
  readonly atMs: number
  readonly action: string
  readonly object?: string
  readonly verdict: 'ok' | 'refused' | 'failed'
  readonly code?: string
  readonly details: Readonly<Record<string, unknown>>
}

export type Refusal = {
  readonly index: number
  readonly atMs: number
  readonly who: string
  readonly object: string | undefined
  readonly act: MessageKey
  readonly why: MessageKey
  readonly code: string
}

const acts: Readonly<Record<string, MessageKey>> = {
  'decision.qnt.read': 'act.read',
  'decision.qnt.read.facts': 'act.facts',
  'decision.qnt.write': 'act.write',
  'decision.qnt.share': 'act.share',
}

/** The decisions that are asked for: each is one kind of entry. */
export const decisions: readonly string[] = Object.keys(acts)

const whys: Readonly<Record<string, MessageKey>> = {
  'refused.expired': 'why.expired',
  'refused.revoked': 'why.revoked',
  'refused.revoked-identity': 'why.revoked',
  'refused.used-up': 'why.uses',
  'refused.condition': 'why.purpose',
  'refused.policy': 'why.policy',
  'refused.no-rule': 'why.policy',
  'refused.no-grant': 'why.none',
}

/** Newest first. What speaks of nobody is left out. */
export function refusalsOf(entries: readonly Entry[]): readonly Refusal[] {
  return entries
    .flatMap(({ index, atMs, action, object, verdict, code = '', details }) => {
      const { subject } = details
      if (verdict !== 'refused' || typeof subject !== 'string') return []
      const [act, why] = [acts[action] ?? 'act.other', whys[code] ?? 'why.other']
      return [{ index, atMs, who: subject, object, act, why, code }]
    })
    .sort((a, b) => b.index - a.index)
}
