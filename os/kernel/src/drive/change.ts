import { Fault } from '@anarq/fault'
import { type Change, checkName, type FieldValue, freeFolderId } from '@anarq/qindex'
import type { DriveOperations, EntryFacts } from '../operations.ts'
import { applyChange } from './apply-change.ts'
import { type CopyContext, copyThing } from './copy.ts'
import { purge } from './purge.ts'
import { type Found, factsOf, partsOf, resolve, rootFacts } from './resolve.ts'
import { restoreVersion } from './restore-version.ts'
import { checkTag } from './tags.ts'
import { makeWay, targetFolder } from './target.ts'

type Changing = Pick<DriveOperations, 'makeFolder' | 'move' | 'copy' | 'tag' | 'remove' | 'restore'>

/** What changes names and places; content is never touched here. */
export function createChanging(context: CopyContext): Changing {
  const { space, ports, authority } = context
  const { view, index } = space

  const apply = (found: Found, action: string, set: Change['set']): Promise<EntryFacts> =>
    applyChange(context, found, { action, set })

  return {
    async makeFolder(path) {
      let parent: Uint8Array | null = null
      const changes: Change[] = []
      for (const name of partsOf(path)) {
        const { id, isThere }: { id: Uint8Array; isThere: boolean } = freeFolderId(
          view,
          index.folderId,
          parent,
          name,
        )
        if (!isThere)
          changes.push({ id, kind: 'folder', set: { name, parent, modifiedMs: ports.clock.nowMs() } })
        parent = id
      }
      if (parent === null) return rootFacts
      const { flow } = await authority.own({ action: '/qnt/write', object: parent })
      if (changes.length > 0) await index.commit(changes, {})
      flow.end('ok')
      await space.refresh()
      return factsOf(view, view.entry(parent) as Found)
    },
    async move(ref, { folder, name, isReplacing = false }) {
      const found = resolve(view, ref)
      const set: Record<string, FieldValue> = {}
      if (name !== undefined) set.name = checkName(name)
      if (folder !== undefined) set.parent = targetFolder(view, folder, found)
      if (!isReplacing) return apply(found, 'object.move', set)
      const place = {
        parent: folder === undefined ? (found.parent ?? null) : (set.parent as Uint8Array | null),
        name: name === undefined ? found.name : (set.name as string),
      }
      const others = makeWay(view, place.parent, place.name, { coming: found, nowMs: ports.clock.nowMs() })
      return applyChange(context, found, { action: 'object.move', set, others })
    },
    copy: async (ref, to) => copyThing(context, resolve(view, ref), to),
    async tag(ref, { add = [], remove = [] }) {
      const found = resolve(view, ref)
      const set: Record<string, FieldValue> = {}
      for (const tag of add) set[`tag/${checkTag(tag)}`] = true
      for (const tag of remove) set[`tag/${checkTag(tag)}`] = null
      if (Object.keys(set).length === 0)
        throw new Fault('invalid.argument', 'Say which tag to add or to remove.')
      return apply(found, 'object.tag', set)
    },
    async remove(ref, { isForever = false } = {}) {
      const found = resolve(view, ref, isForever ? { trash: 'last' } : {})
      if (!isForever) return apply(found, 'object.trash', { trashedMs: ports.clock.nowMs() })
      return purge(context, found)
    },
    async restore(ref, { version } = {}) {
      const found = resolve(view, ref, version === undefined ? { trash: 'first' } : {})
      if (version !== undefined) return restoreVersion(context, found, version)
      if (found.trashedMs === undefined)
        throw new Fault(
          'conflict.state',
          `${found.name} is not in the trash. To go back to an older version, add --version N.`,
        )
      return apply(found, 'object.restore', { trashedMs: null })
    },
  }
}
