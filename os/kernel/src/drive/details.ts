import { fromUtf8, toHex } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { type FieldValue, type IndexRecord, readFile, type View } from '@anarq/qindex'
import { hashBlake3 } from '@anarq/qlock'
import type { Space } from '../space.ts'
import type { DetailsChange, EntryDetails, EntryProperty, PropertyName } from '../tools/operations.ts'
import { applyChange, type ChangeContext } from './apply-change.ts'
import { type Found, factsOf, rootFacts } from './resolve.ts'
import { etagOf, isPurged } from './versions.ts'

/** Of one thing: room for what tools keep, and not for files. */
export const propertyLimits = { count: 100, valueCharsMax: 65_536, nameCharsMax: 1024, allCharsMax: 262_144 }

/** The drive's root has no record, so nothing is kept of it. */
export const rootDetails: EntryDetails = { ...rootFacts, createdMs: 0, properties: [] }

/** What tools see of a thing beside its facts; `where` is the path of its folder, where that is known. */
export async function detailsOf(
  { view, index }: Pick<Space, 'view' | 'index'>,
  found: Found,
  where?: string,
): Promise<EntryDetails> {
  const facts = factsOf(view, found, where)
  const record = await index.get(found.id)
  const latest =
    record === undefined || record.kind !== 'file' || isPurged(record)
      ? undefined
      : readFile(record).versions[0]
  return {
    ...facts,
    createdMs: found.createdMs,
    ...(latest === undefined ? {} : { etag: etagOf(latest) }),
    properties: record === undefined ? [] : propertiesOf(record),
  }
}

/** Properties are fields of the thing's record, one each: sealed like its name, and merged one by one. */
export async function changeDetails(
  context: ChangeContext,
  found: Found,
  { set = [], remove = [], modifiedMs }: DetailsChange,
): Promise<EntryDetails> {
  const { space } = context
  const changes: Record<string, FieldValue> = {}
  for (const name of remove) changes[fieldOf(name)] = null
  for (const { namespace, name, value } of set.map(checkProperty))
    changes[fieldOf({ namespace, name })] = { namespace, name, value }
  await checkRoom(space, found, changes)
  if (modifiedMs !== undefined) changes.modifiedMs = Math.max(0, Math.trunc(modifiedMs))
  if (Object.keys(changes).length > 0)
    await applyChange(context, found, {
      action: 'object.details',
      set: changes,
      details: { set: set.length, removed: remove.length },
    })
  return detailsOf(space, currentOf(space.view, found))
}

/** The fields of a record that hold properties: they go with a copy. */
export function isPropertyField(name: string): boolean {
  return name.startsWith(prefix)
}

const prefix = 'prop/'

function propertiesOf({ fields }: IndexRecord): EntryProperty[] {
  const all: EntryProperty[] = []
  for (const [field, { value }] of fields) {
    if (!isPropertyField(field) || value === null || typeof value !== 'object') continue
    const { namespace, name, value: held } = value as Record<string, FieldValue>
    if (typeof namespace === 'string' && typeof name === 'string' && typeof held === 'string')
      all.push({ namespace, name, value: held })
  }
  return all.sort((a, b) => (a.namespace + a.name < b.namespace + b.name ? -1 : 1))
}

/** A namespace may be longer than the name of a field. */
function fieldOf({ namespace, name }: PropertyName): string {
  return `${prefix}${toHex(hashBlake3(fromUtf8(`${namespace}\u0000${name}`)).subarray(0, 16))}`
}

function checkProperty(property: EntryProperty): EntryProperty {
  const { namespace, name, value } = property
  const isGood =
    name.length > 0 &&
    namespace.length + name.length <= propertyLimits.nameCharsMax &&
    [namespace, name, value].every((text) => text.isWellFormed())
  if (!isGood) throw new Fault('invalid.property', 'This property has no name that can be kept.')
  if (value.length <= propertyLimits.valueCharsMax) return property
  throw new Fault('limit.property', `A property has at most ${propertyLimits.valueCharsMax} characters.`)
}

async function checkRoom(
  { index }: Space,
  { id, name }: Found,
  changes: Readonly<Record<string, FieldValue>>,
): Promise<void> {
  const record = await index.get(id)
  const kept = record === undefined ? [] : propertiesOf(record)
  const after = [
    ...kept.filter((one) => changes[fieldOf(one)] === undefined),
    ...Object.values(changes).flatMap((value) => (value === null ? [] : [value as EntryProperty])),
  ]
  const chars = after.reduce((sum, { value }) => sum + value.length, 0)
  if (after.length <= propertyLimits.count && chars <= propertyLimits.allCharsMax) return
  throw new Fault(
    'limit.property',
    `${name} has room for ${propertyLimits.count} properties of ${propertyLimits.allCharsMax} characters together. Take others away first.`,
  )
}

function currentOf(view: View, found: Found): Found {
  return (view.entry(found.id) as Found | undefined) ?? found
}
