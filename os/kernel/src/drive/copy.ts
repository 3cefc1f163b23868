import { toHex } from '@anarq/bytes'
import { cborCodec, cidOfDigest, digestOf } from '@anarq/ipld'
import {
  type Change,
  checkName,
  type FieldValue,
  fieldNames,
  type IndexRecord,
  readFile,
  type View,
  versionField,
} from '@anarq/qindex'
import { createObjectId, type Metadata } from '@anarq/qnt'
import type { BranchRules } from '../branches/rules.ts'
import type { CopyPlace, EntryFacts } from '../operations.ts'
import { aboutOf } from './about.ts'
import type { ChangeContext } from './apply-change.ts'
import { isPropertyField } from './details.ts'
import { ownerOf } from './envelopes.ts'
import { type Found, factsOf, isShown } from './resolve.ts'
import { makeWay, targetFolder } from './target.ts'
import { isPurged, openVersion } from './versions.ts'

export type CopyContext = ChangeContext & {
  readonly branches: Pick<BranchRules, 'checkBorder'>
  onDecoy(id: Uint8Array): void
}

/** So many envelopes are sealed at once, and so many things come with one commit. */
const sealedAtOnce = 128
const commitRecords = 20_000

/**
 * The latest version of a file under a new id and an envelope of its own, over the blocks that are there: no content is
 * read. A folder comes with all below it, parents first, up to 20,000 things in one commit.
 */
export async function copyThing(context: CopyContext, found: Found, to: CopyPlace): Promise<EntryFacts> {
  const { space, ports, authority } = context
  const { view, index } = space
  const nowMs = ports.clock.nowMs()
  const parent = to.folder === undefined ? (found.parent ?? null) : targetFolder(view, to.folder, found)
  const name = checkName(to.name ?? found.name)
  context.branches.checkBorder(found.id, parent)
  const reading = await authority.own({
    action: '/qnt/read',
    object: found.id,
    about: aboutOf(view, found),
  })
  reading.flow.end('ok')
  const { flow } = await authority.own({ action: '/qnt/write', object: parent ?? undefined })
  const way = to.isReplacing === true ? makeWay(view, parent, name, { coming: found, nowMs }) : []
  const top = { found, parent, name }
  const planned = plan(context, top, to.isShallow !== true)
  try {
    for (let at = 0; at < planned.length; at += commitRecords) {
      const { changes, batch } = await copyAll(context, planned.slice(at, at + commitRecords), nowMs)
      await index.commit(at === 0 ? [...way, ...changes] : changes, { batch })
    }
  } catch (error) {
    flow.end('failed')
    throw error
  }
  flow.end('ok')
  await space.refresh()
  const [made] = planned as [Planned]
  await space.record([
    {
      action: 'object.copy',
      object: toHex(made.id),
      verdict: 'ok',
      flow: flow.id,
      details: { from: toHex(found.id), objects: planned.length },
    },
  ])
  return factsOf(view, view.entry(made.id) as Found)
}

type Place = { readonly found: Found; readonly parent: Uint8Array | null; readonly name: string }
type Planned = Place & { readonly id: Uint8Array }

/** The thing and all below it that is not in the trash, each with its new id, folders before what is in them. */
function plan({ space: { view, index }, ports }: CopyContext, top: Place, isDeep: boolean): Planned[] {
  const planned: Planned[] = []
  const waiting: Place[] = [top]
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    const { found, parent, name } = place
    const id =
      found.kind === 'folder'
        ? unusedFolderId(view, index.folderId, parent, name)
        : createObjectId(ports.random)
    planned.push({ ...place, id })
    if (found.kind === 'file' || !isDeep) continue
    const inside = view.children(found.id, { limit: Number.MAX_SAFE_INTEGER }).filter(isShown)
    waiting.push(...inside.map((child) => ({ found: child, parent: id, name: child.name })))
  }
  return planned
}

/** Of a folder that comes beside, or instead of, whatever has the name now. */
function unusedFolderId(
  view: View,
  folderId: (parent: Uint8Array | null, name: string, attempt: number) => Uint8Array,
  parent: Uint8Array | null,
  name: string,
): Uint8Array {
  for (let attempt = 0; ; attempt += 1) {
    const id = folderId(parent, name, attempt)
    if (view.entry(id) === undefined) return id
  }
}

async function copyAll(
  context: CopyContext,
  planned: readonly Planned[],
  nowMs: number,
): Promise<{ changes: Change[]; batch: Uint8Array[] }> {
  const changes: Change[] = []
  const batch: Uint8Array[] = []
  for (let at = 0; at < planned.length; at += sealedAtOnce) {
    const files: FileCopy[] = []
    for (const one of planned.slice(at, at + sealedAtOnce)) {
      const record = await context.space.index.get(one.found.id)
      if (record === undefined) continue
      if (one.found.kind === 'folder')
        changes.push({ id: one.id, kind: 'folder', set: fieldsFor(one, record) })
      else if (!isPurged(record)) files.push(await openCopy(context, one, record))
    }
    for (const { change, digest } of await sealCopies(context, files, nowMs)) {
      changes.push(change)
      batch.push(digest)
    }
  }
  return { changes, batch }
}

type FileCopy = {
  readonly planned: Planned
  readonly record: IndexRecord
  readonly version: ReturnType<typeof readFile>['versions'][number]
  readonly inner: Awaited<ReturnType<typeof openVersion>>['inner']
}

async function openCopy(
  { space, ports, onDecoy }: CopyContext,
  planned: Planned,
  record: IndexRecord,
): Promise<FileCopy> {
  const { found } = planned
  // Whoever copies a decoy touches it.
  if (found.isDecoy) onDecoy(found.id)
  const [version] = readFile(record).versions
  if (version === undefined) throw new Error(`${found.name} has no version`)
  const { inner } = await openVersion(space, ports, version.cid, found.name)
  return { planned, record, version, inner }
}

async function sealCopies(
  { space, ports }: CopyContext,
  files: readonly FileCopy[],
  nowMs: number,
): Promise<{ change: Change; digest: Uint8Array }[]> {
  if (files.length === 0) return []
  const named = await ports.sealer.sealEnvelopes(
    files.map(({ planned, inner }) => {
      const { cid, ...body } = inner.body
      return {
        id: planned.id,
        sequence: 0,
        body: { digest: digestOf(cid), ...body },
        metadata: metadataOf(inner.metadata, planned, nowMs),
      }
    }),
    ownerOf(space),
  )
  const envelopes = named.map(({ bytes, digest }) => ({ cid: cidOfDigest(cborCodec, digest), bytes }))
  await ports.blocks.put(envelopes, 'meta')
  return files.map(({ planned, record, version: { sequence: _, stamp: __, ...version } }, i) => {
    const { cid } = envelopes[i] as (typeof envelopes)[number]
    const set = {
      ...fieldsFor(planned, record),
      createdMs: nowMs,
      bytes: version.bytes,
      type: version.type,
      [versionField(0, cid)]: { ...version, cid, savedMs: nowMs },
    }
    return { change: { id: planned.id, kind: 'file', set }, digest: digestOf(cid) }
  })
}

function metadataOf(metadata: Metadata, { found, name }: Planned, nowMs: number): Metadata {
  return { ...metadata, name, createdMs: nowMs, modifiedMs: Math.max(0, found.modifiedMs), tags: found.tags }
}

const copied: readonly string[] = [fieldNames.mode, fieldNames.words, fieldNames.note, fieldNames.locked]

/** What a copy has of the thing it is a copy of. A decoy's copy is none, and grants name the first alone. */
function fieldsFor({ found, name, parent }: Planned, { fields }: IndexRecord): Record<string, FieldValue> {
  const set: Record<string, FieldValue> = { name, parent, modifiedMs: found.modifiedMs }
  for (const [field, { value }] of fields) {
    const isKept = copied.includes(field) || field.startsWith(fieldNames.tagPrefix) || isPropertyField(field)
    if (isKept && value !== null) set[field] = value
  }
  return set
}
