import { toHex } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import {
  type Change,
  checkName,
  type FieldValue,
  freeFolderId,
  resolvePath,
  versionField,
} from '@anarq/qindex'
import { asObjectId, sealEnvelope } from '@anarq/qnt'
import type { Authority } from '../authority.ts'
import type { DriveOperations, EntryFacts } from '../operations.ts'
import type { KernelPorts } from '../ports.ts'
import type { Space, SpaceEntry } from '../space.ts'
import { aboutOf } from './about.ts'
import { type Found, factsOf, isShown, partsOf, purgedMs, resolve, rootFacts } from './resolve.ts'
import { checkTag } from './tags.ts'
import { openVersion, pickVersion, versionsOf } from './versions.ts'

type Changing = Pick<DriveOperations, 'makeFolder' | 'move' | 'tag' | 'remove' | 'restore'>

/** What changes names and places; content is never touched here. */
export function createChanging({
  space,
  ports,
  authority,
}: {
  space: Space
  ports: KernelPorts
  authority: Authority
}): Changing {
  const { view, index } = space

  /** Decides, commits one change, and says what the thing looks like now. */
  const apply = async (
    found: Found,
    action: string,
    set: Change['set'],
    details: SpaceEntry['details'] = {},
  ): Promise<EntryFacts> => {
    const { flow } = await authority.own({
      action: '/qnt/write',
      object: found.id,
      about: aboutOf(view, found),
    })
    await index.commit([{ id: found.id, kind: found.kind, set }], {})
    flow.end('ok')
    await space.refresh()
    await space.record([{ action, object: toHex(found.id), verdict: 'ok', flow: flow.id, details }])
    const now = view.entry(found.id)
    return now !== undefined && isShown(now) ? factsOf(view, now) : factsOf(view, found)
  }

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
    async move(ref, { folder, name }) {
      const found = resolve(view, ref)
      const set: Record<string, FieldValue> = {}
      if (name !== undefined) set.name = checkName(name)
      if (folder !== undefined) set.parent = await targetFolder(folder, found)
      return apply(found, 'object.move', set)
    },
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
      const found = resolve(view, ref)
      if (!isForever) return apply(found, 'object.trash', { trashedMs: ports.clock.nowMs() })
      return purge(found)
    },
    async restore(ref, { version } = {}) {
      const found = resolve(view, ref)
      if (version !== undefined) return restoreVersion(found, version)
      if (found.trashedMs === undefined)
        throw new Fault(
          'conflict.state',
          `${found.name} is not in the trash. To go back to an older version, add --version N.`,
        )
      return apply(found, 'object.restore', { trashedMs: null })
    },
  }

  async function targetFolder(path: string, moved: Found): Promise<Uint8Array | null> {
    if (partsOf(path).length === 0) return null
    const folder = resolvePath(view, `/${partsOf(path).join('/')}`)
    if (folder == null || folder.kind !== 'folder')
      throw new Fault('missing.object', `There is no folder ${path}. Make it first.`)
    for (let at: Uint8Array | null | undefined = folder.id; at != null; at = view.entry(at)?.parent) {
      if (toHex(at) === toHex(moved.id))
        throw new Fault('invalid.move', `${moved.name} cannot be moved into itself.`)
    }
    return folder.id
  }

  /** The record stays, so that other devices learn of it; what it named is no longer reachable. */
  async function purge(found: Found): Promise<EntryFacts> {
    const gone = factsOf(view, found)
    const { flow } = await authority.own({
      action: '/qnt/write',
      object: found.id,
      about: aboutOf(view, found),
    })
    const changes: Change[] = []
    for (const entry of withBelow(found)) {
      const set: Record<string, FieldValue> = {
        trashedMs: purgedMs,
        name: 'gone',
        words: null,
        note: null,
      }
      if (entry.kind === 'file') {
        for (const version of await versionsOf(space, entry.id))
          set[versionField(version.sequence, version.cid)] = null
      }
      changes.push({ id: entry.id, kind: entry.kind, set })
    }
    await index.commit(changes, {})
    flow.end('ok')
    await space.refresh()
    await space.record([
      {
        action: 'object.purge',
        object: toHex(found.id),
        verdict: 'ok',
        flow: flow.id,
        details: { objects: changes.length },
      },
    ])
    return gone
  }

  function* withBelow(found: Found): Iterable<Found> {
    yield found
    if (found.kind !== 'folder') return
    for (const child of view.search({ below: found.id, limit: Number.MAX_SAFE_INTEGER }))
      if (isShown(child)) yield child
  }

  /** The old content under a new envelope: nothing is overwritten, and the same blocks serve both. */
  async function restoreVersion(found: Found, wanted: number): Promise<EntryFacts> {
    const versions = await versionsOf(space, found.id)
    const old = pickVersion(versions, wanted, found.name)
    const latest = pickVersion(versions, undefined, found.name)
    const { inner } = await openVersion(space, ports, old.cid, found.name)
    const sequence = latest.sequence + 1
    const { secrets, record } = space.identity
    const envelope = sealEnvelope({
      id: asObjectId(found.id),
      objectClass: 'private',
      owner: space.did,
      sequence,
      previous: latest.cid,
      body: inner.body,
      metadata: inner.metadata,
      own: { kek: secrets.kek, epoch: record.epoch },
      random: ports.random,
    })
    await ports.blocks.put([envelope], 'meta')
    const version = { ...old, cid: envelope.cid, savedMs: ports.clock.nowMs() }
    const { sequence: _, ...value } = version
    return apply(
      found,
      'object.restore',
      {
        [versionField(sequence, envelope.cid)]: value,
        bytes: old.bytes,
        modifiedMs: old.modifiedMs,
        type: old.type,
      },
      { version: wanted },
    )
  }
}
