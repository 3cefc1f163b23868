import { toHex } from '@anarq/bytes'
import type { Change } from '@anarq/qindex'
import type { Authority } from '../authority.ts'
import type { EntryFacts } from '../operations.ts'
import type { KernelPorts } from '../ports.ts'
import type { Space, SpaceEntry } from '../space.ts'
import { aboutOf } from './about.ts'
import { type Found, factsOf, isShown } from './resolve.ts'

export type ChangeContext = { space: Space; ports: KernelPorts; authority: Authority }

export type OneChange = {
  action: string
  set: Change['set']
  /** Digests of the envelopes that the change names. */
  batch?: readonly Uint8Array[]
  /** Of other things, in the same commit. */
  others?: readonly Change[]
  details?: SpaceEntry['details']
}

/** Decides, commits one change of a thing, and says what it looks like now. */
export async function applyChange(
  { space, authority }: ChangeContext,
  found: Found,
  { action, set, batch = [], others = [], details = {} }: OneChange,
): Promise<EntryFacts> {
  const { view, index } = space
  const about = aboutOf(view, found)
  const { flow } = await authority.own({ action: '/qnt/write', object: found.id, about })
  await index.commit([...others, { id: found.id, kind: found.kind, set }], { batch })
  flow.end('ok')
  await space.refresh()
  await space.record([{ action, object: toHex(found.id), verdict: 'ok', flow: flow.id, details }])
  const now = view.entry(found.id)
  return factsOf(view, now !== undefined && isShown(now) ? now : found)
}
