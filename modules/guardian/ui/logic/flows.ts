/** Flows as they run: what is behind them, what is still to come, and how they ended. */
import type { Tone } from '@anarq/design'
import type { AppSdk } from '@anarq/sdk/app'
import { en, type MessageKey } from '../messages/en.ts'

export type Flow = Awaited<ReturnType<AppSdk['guardian']['flows']>>[number]
export type FlowState = 'running' | 'quiet' | 'ok' | 'refused' | 'failed'

/** What said nothing for so long waits for something: a disk, a client, the next part of an upload. */
const quietMs = 10_000

export function stateOf({ stages, ended }: Pick<Flow, 'stages' | 'ended'>, nowMs: number): FlowState {
  if (ended !== undefined) return ended.verdict
  return nowMs - (stages.at(-1)?.atMs ?? 0) > quietMs ? 'quiet' : 'running'
}

export const toneOfState: Readonly<Record<FlowState, Tone>> = {
  running: 'accent',
  quiet: 'plain',
  ok: 'success',
  refused: 'warning',
  failed: 'danger',
}

export type Step = { readonly stage: string; readonly is: 'done' | 'now' | 'next' | 'stopped' | 'spared' }

/** The root folder is no object of its own. */
export function objectOf({ object }: Pick<Flow, 'object'>): string | undefined {
  return object === undefined || /^0+$/.test(object) ? undefined : object.slice(0, 12)
}

/** Each stage of its path. An access that nothing is read for ends well midway: the rest was not asked of it, and is left out. */
export function stepsOf({ path, stages, ended }: Pick<Flow, 'path' | 'stages' | 'ended'>): readonly Step[] {
  const done = new Set(stages.map(({ stage }) => stage))
  // A flow out whose access was a flow of its own begins after it.
  const first = path.findIndex((stage) => done.has(stage))
  const last = path.findLastIndex((stage) => done.has(stage))
  const end = ended?.verdict === 'ok' ? last + 1 : path.length
  return path.slice(Math.max(0, first), end).map((stage, at) => {
    const place = at + Math.max(0, first)
    if (place <= last) return { stage, is: 'done' }
    if (ended !== undefined) return { stage, is: place === last + 1 ? 'stopped' : 'spared' }
    return { stage, is: place === last + 1 ? 'now' : 'next' }
  })
}

export function stageKey(stage: string): MessageKey | undefined {
  const key = `stage.${stage}`
  return Object.hasOwn(en, key) ? (key as MessageKey) : undefined
}

export function reasonKey(reason: string): MessageKey {
  const key = `alert.${reason}`
  return Object.hasOwn(en, key) ? (key as MessageKey) : 'alert.other'
}

/** Bytes of the stage that told the most: what went through. */
export function bytesOf({ stages }: Pick<Flow, 'stages'>): number | undefined {
  const told = stages.flatMap(({ bytes }) => (bytes === undefined ? [] : [bytes]))
  return told.length === 0 ? undefined : Math.max(...told)
}
