/** Alerts and their evidence, as facts that can be read. */
import type { Tone } from '@anarq/design'
import { en, type MessageKey } from '../messages/en.ts'

export type Alert = {
  readonly id: string
  readonly atMs: number
  readonly kind: string
  readonly severity: 'low' | 'medium' | 'high' | 'critical'
  readonly rule: string
  readonly identity: string
  readonly sentence: string
  readonly evidence: {
    readonly hashes: readonly string[]
    readonly counts: Readonly<Record<string, number>>
    readonly flow?: string
    readonly object?: string
    readonly code?: string
    readonly source?: string
    readonly method?: string
    readonly steps?: readonly Step[]
  }
}

export type Step = {
  readonly atMs: number
  readonly kind: string
  readonly stage: string
  readonly object?: string
}

export const toneOfSeverity: Readonly<Record<Alert['severity'], Tone>> = {
  low: 'plain',
  medium: 'warning',
  high: 'danger',
  critical: 'danger',
}

export function kindKey(kind: string): MessageKey {
  const key = `alert.${kind}`
  return Object.hasOwn(en, key) ? (key as MessageKey) : 'alert.other'
}

export type EvidenceFact = {
  readonly name: MessageKey | { readonly counted: string }
  readonly value: string
}

/** Only what is there. Counts keep the guardian's own names for them. */
export function evidenceOf({ rule, evidence }: Alert): readonly EvidenceFact[] {
  const { object, code, flow, source, method, hashes, counts } = evidence
  const named: readonly [MessageKey, string | undefined][] = [
    ['evidence.rule', rule],
    ['evidence.source', source],
    ['evidence.method', method],
    ['evidence.object', object],
    ['evidence.code', code],
    ['evidence.flow', flow],
    ['evidence.hashes', hashes.length === 0 ? undefined : hashes.join(' ')],
  ]
  return [
    ...named.flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }])),
    ...Object.entries(counts).map(([counted, value]) => ({ name: { counted }, value: String(value) })),
  ]
}

/** "out · delivered · 3f2a91c0". */
export function stepText({ kind, stage, object }: Step): string {
  return [kind, stage, ...(object === undefined ? [] : [object.slice(0, 8)])].join(' · ')
}

const didPattern = /did:[a-z]+:[A-Za-z0-9._:%-]*[A-Za-z0-9]/g
const idPattern = /\b[0-9a-f]{24,}\b/g

/** The guardian's sentence with names for addresses, and ids as long as it takes to tell them apart. */
export function readable(sentence: string, nameOf: (did: string) => string): string {
  return sentence.replace(didPattern, nameOf).replace(idPattern, (id) => `${id.slice(0, 8)}…`)
}
