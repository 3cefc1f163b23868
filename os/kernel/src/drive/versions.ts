import { toHex } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import type { Cid } from '@anarq/ipld'
import { type FileVersion, type IndexRecord, readVersions } from '@anarq/qindex'
import { type Blocks, type Inner, openEnvelope, openSlot, parseEnvelope } from '@anarq/qnt'
import type { Space } from '../space.ts'
import { purgedMs } from './resolve.ts'

/** The versions of a file that can still be read, newest first. */
export async function versionsOf(space: Space, id: Uint8Array): Promise<readonly FileVersion[]> {
  const record = await space.index.get(id)
  if (record === undefined || record.kind !== 'file' || isPurged(record))
    throw new Fault('missing.object', 'That is not a file. Choose one with: anarq ls')
  return readVersions(record)
}

/** Taken away for good: the record stays for other devices, and names nothing any more. */
export function isPurged({ fields }: IndexRecord): boolean {
  return fields.get('trashedMs')?.value === purgedMs
}

/** Version 1 is the first; undefined: the latest. */
export function pickVersion(
  versions: readonly FileVersion[],
  wanted: number | undefined,
  name: string,
): FileVersion {
  const picked = wanted === undefined ? versions[0] : versions.find(({ sequence }) => sequence === wanted - 1)
  if (picked !== undefined) return picked
  const there = versions.map(({ sequence }) => sequence + 1).join(', ') || 'none'
  throw new Fault(
    'missing.version',
    `${name} has no version ${wanted ?? ''} (there is: ${there}). See: anarq versions`,
  )
}

export type OpenVersion = {
  readonly inner: Inner
  readonly contentKey: Uint8Array
  readonly bytes: Uint8Array
}

/** The envelope of a version, opened with the owner's key of its epoch; a thorough look recomputes all that it says. */
export async function openVersion(
  space: Space,
  { blocks }: { readonly blocks: Pick<Blocks, 'get'> },
  cid: Cid,
  name: string,
  { isThorough = false }: { isThorough?: boolean } = {},
): Promise<OpenVersion> {
  const bytes = await blocks.get(cid)
  if (bytes === undefined) {
    throw new Fault(
      'damaged.missing',
      `The envelope of ${name} is not in the store. Get it back from a backup or another device.`,
      { data: { cid: cid.toString() } },
    )
  }
  const envelope = parseEnvelope(bytes)
  const contentKey = openSlot(envelope, { kek: (epoch) => space.identity.kekOf(epoch) })
  if (contentKey === undefined)
    throw new Fault(
      'refused.key',
      `${name} does not open with the keys of ${space.did}. It belongs to another identity.`,
    )
  return { inner: openEnvelope(envelope, contentKey, { isOwn: !isThorough }), contentKey, bytes }
}

export function etagOf(version: { readonly cid: Cid }): string {
  return `"${toHex(version.cid.multihash.digest.subarray(0, 16))}"`
}
