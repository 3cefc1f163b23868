import type { EndCause, IsolateLimits, Message } from '@anarq/runtime'

/** A WebAssembly module, compiled; it may be posted to a thread. */
export type CompiledModule = object

/** What a worker is started with. */
export type IsolateSettings = {
  /** Compiled once in this process; a worker only makes an instance of it. */
  readonly wasm: CompiledModule
  readonly bridge: string
  readonly entry: string
  readonly modules: ReadonlyMap<string, string>
  readonly limits: IsolateLimits
  readonly shared: SharedArrayBuffer
}

/** Counters in shared memory, so that a thread that does not answer can be told from one that is idle. */
export const counter = {
  /** Turns that the worker began, and that it finished: it counts these. */
  turnsBegun: 0,
  turnsDone: 1,
  /** Messages, and their characters and bytes, that this side has taken: it counts these. */
  messagesTaken: 2,
  bytesTaken: 3,
} as const

/** All that came of one turn. */
export type TurnReport = {
  readonly kind: 'turn'
  readonly messages: readonly Message[]
  readonly refused: readonly string[]
}

export type EndReport = { readonly kind: 'ended'; readonly cause: EndCause; readonly detail: string }

const causes: readonly EndCause[] = ['loop', 'memory', 'recursion', 'flood', 'oversized', 'crash']

/** Undefined for anything else: a worker that lost its mind is not believed either. */
export function readReport(value: unknown): TurnReport | EndReport | undefined {
  const { kind, messages, refused, cause, detail } = (value ?? {}) as Record<string, unknown>
  if (kind === 'ended') {
    const known = causes.find((one) => one === cause)
    return known === undefined || typeof detail !== 'string' ? undefined : { kind, cause: known, detail }
  }
  if (kind !== 'turn' || !Array.isArray(messages) || !Array.isArray(refused)) return undefined
  if (!messages.every(isMessage) || !refused.every((one) => typeof one === 'string')) return undefined
  return { kind, messages, refused }
}

function isMessage(value: unknown): value is Message {
  const { text, bytes } = (value ?? {}) as Record<string, unknown>
  return typeof text === 'string' && bytes instanceof Uint8Array
}
