import { type EpochKey, type OpenedFile, smallBytesMax } from '@anarq/flows'
import { digestOf } from '@anarq/ipld'
import type { FileVersion } from '@anarq/qindex'
import type { EntryFacts } from '../operations.ts'
import type { KernelPorts } from '../ports.ts'
import type { Space } from '../space.ts'
import type { Found } from './resolve.ts'
import { versionsOf } from './versions.ts'

export type Placed = { readonly found: Found; readonly entry: EntryFacts }

/** A thing of a walk; where it was opened ahead of its turn, the version that was, and what came of it. */
export type Ahead = Placed & { readonly version?: FileVersion; readonly opened?: OpenedFile }

type Context = { readonly space: Space; readonly ports: Pick<KernelPorts, 'blocks' | 'sealer'> }

const groupFilesMax = 128
const groupBytesMax = 1024 * 1024
/** Fewer are opened sooner than another thread could be asked. */
const groupFilesMin = 16
/** Room for envelopes and headers beside the content. */
const extraBytesEach = 4096

/**
 * The things of a walk in their order, a group at a time: its small files are read in one go and opened on another thread,
 * while the group before them is taken. What could not be had like that comes as it is, to be opened when its turn comes.
 */
export async function* openAhead(context: Context, walk: Iterable<Placed>): AsyncIterable<readonly Ahead[]> {
  const { space } = context
  const epochs = Array.from({ length: space.identity.record.epoch + 1 }, (_, epoch) => epoch)
  const keys = epochs.flatMap((epoch): EpochKey[] => {
    const kek = space.identity.kekOf(epoch)
    return kek === undefined ? [] : [{ epoch, kek }]
  })
  let coming: Promise<readonly Ahead[]> | undefined
  for (const group of groupsOf(walk)) {
    const next = openGroup(context, group, keys)
    if (coming !== undefined) yield await coming
    coming = next
  }
  if (coming !== undefined) yield await coming
}

function* groupsOf(walk: Iterable<Placed>): Iterable<readonly Placed[]> {
  let group: Placed[] = []
  let bytes = 0
  for (const placed of walk) {
    const more = isSmall(placed) ? placed.entry.bytes : 0
    if (group.length >= groupFilesMax || bytes + more > groupBytesMax) {
      yield group
      group = []
      bytes = 0
    }
    group.push(placed)
    bytes += more
  }
  if (group.length > 0) yield group
}

function isSmall({ entry }: Placed): boolean {
  return entry.kind === 'file' && entry.bytes > 0 && entry.bytes <= smallBytesMax
}

/** Never rejects: what goes wrong with a file is said when its turn comes. */
async function openGroup(
  context: Context,
  group: readonly Placed[],
  keys: readonly EpochKey[],
): Promise<readonly Ahead[]> {
  const small = group.filter(isSmall)
  if (small.length < groupFilesMin) return group
  try {
    const opened = await openSmall(context, small, keys)
    return group.map((placed) => ({ ...placed, ...opened.get(placed) }))
  } catch {
    return group
  }
}

type OpenedVersion = Required<Pick<Ahead, 'version' | 'opened'>>

async function openSmall(
  { space, ports: { blocks, sealer } }: Context,
  small: readonly Placed[],
  keys: readonly EpochKey[],
): Promise<ReadonlyMap<Placed, OpenedVersion>> {
  const opened = new Map<Placed, OpenedVersion>()
  const known = await latestOf(space, small)
  const bytes = known.reduce((sum, { version }) => sum + version.storedBytes + extraBytesEach, 0)
  const room = sealer.room(bytes)
  if (room === undefined) return opened
  const digests = known.flatMap(({ version }) => [digestOf(version.cid), version.root])
  const stored = await blocks.readMany(digests, room.bytes).catch(() => [])
  const files = known.flatMap((one, i) => {
    const [envelope, root] = [stored[2 * i], stored[2 * i + 1]]
    if (envelope === undefined || root === undefined) return []
    const named = (at: number, block: Uint8Array) => ({ bytes: block, digest: digests[at] as Uint8Array })
    return [{ ...one, envelope: named(2 * i, envelope), root: named(2 * i + 1, root) }]
  })
  const answers = await room.openFiles(files, keys)
  for (const [i, { placed, version }] of files.entries()) {
    const answer = answers[i]
    if (answer !== undefined) opened.set(placed, { version, opened: answer })
  }
  return opened
}

async function latestOf(
  space: Space,
  small: readonly Placed[],
): Promise<{ placed: Placed; version: FileVersion }[]> {
  const known: { placed: Placed; version: FileVersion }[] = []
  for (const placed of small) {
    const [version] = await versionsOf(space, placed.found.id).catch(() => [])
    if (version !== undefined) known.push({ placed, version })
  }
  return known
}
