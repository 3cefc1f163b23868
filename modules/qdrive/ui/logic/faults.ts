import type { MessageKey } from '../messages/en.ts'

const known: readonly (readonly [code: string, key: MessageKey])[] = [
  ['unavailable.node', 'fault.node'],
  ['refused.locked', 'fault.locked'],
  ['refused.session', 'fault.locked'],
  ['refused.lock', 'fault.lock'],
  ['conflict.lock', 'fault.lock.stays'],
  ['unavailable.full', 'fault.full'],
  ['refused.permission', 'fault.permission'],
  ['missing.source', 'fault.source'],
  ['missing.', 'fault.missing'],
  ['damaged.', 'fault.damaged'],
]

export type FaultWords = {
  readonly code: string
  readonly key: MessageKey | undefined
  readonly sentence: string
}

/** Our own words where there are some, in the language of the person; else the sentence that the system gave. */
export function wordsOf(error: unknown): FaultWords {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown }
  const text = typeof code === 'string' ? code : 'internal.unexpected'
  const key = known.find(([start]) => text === start || (start.endsWith('.') && text.startsWith(start)))?.[1]
  return { code: text, key, sentence: typeof message === 'string' ? message : String(error) }
}

/** What is over when the node is there again, or when somebody unlocks it. */
export function isPassing(code: string): boolean {
  return code === 'unavailable.node' || code === 'refused.locked' || code === 'refused.session'
}
