import { toHex } from '@anarq/bytes'
import { type Change, type FieldValue, type View, versionField } from '@anarq/qindex'
import { withReserve } from '../health/make-room.ts'
import type { EntryFacts } from '../operations.ts'
import type { Space } from '../space.ts'
import { aboutOf } from './about.ts'
import type { ChangeContext } from './apply-change.ts'
import { isPropertyField } from './details.ts'
import { type Found, factsOf, isShown, purgedMs } from './resolve.ts'
import { versionsOf } from './versions.ts'

/** Takes a thing and all below it away for good. Records stay, so that other devices learn of it; they name nothing any more. */
export async function purge({ space, ports, authority }: ChangeContext, found: Found): Promise<EntryFacts> {
  const { view, index } = space
  const gone = factsOf(view, found)
  const about = aboutOf(view, found)
  const { flow } = await authority.own({ action: '/qnt/write', object: found.id, about })
  const changes: Change[] = []
  for (const entry of withBelow(view, found)) changes.push(await purged(space, entry))
  await withReserve(ports, () => index.commit(changes, {}))
  flow.end('ok')
  await space.refresh()
  const object = toHex(found.id)
  const details = { objects: changes.length }
  const entry = { action: 'object.purge', object, verdict: 'ok' as const, flow: flow.id, details }
  await withReserve(ports, () => space.record([entry]))
  return gone
}

async function purged(space: Space, { id, kind }: Found): Promise<Change> {
  const set: Record<string, FieldValue> = { trashedMs: purgedMs, name: 'gone', words: null, note: null }
  for (const field of (await space.index.get(id))?.fields.keys() ?? [])
    if (isPropertyField(field)) set[field] = null
  if (kind === 'file')
    for (const { sequence, cid } of await versionsOf(space, id)) set[versionField(sequence, cid)] = null
  return { id, kind, set }
}

function* withBelow(view: View, found: Found): Iterable<Found> {
  yield found
  if (found.kind !== 'folder') return
  for (const child of view.search({ below: found.id, limit: Number.MAX_SAFE_INTEGER }))
    if (isShown(child)) yield child
}
