import { concatBytes, once } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { packFrameParts } from './frame.ts'
import { delta16, delta32, shuffle4 } from './sample-transforms.ts'

export type ByteStream = AsyncIterable<Uint8Array>

/** A named change of the bytes before compression. The pieces of a stream carry no meaning, only their bytes do. */
export type Transform = {
  readonly id: string
  /** From 1; a new version when the same input gives other bytes. Old versions stay registered to be undone. */
  readonly version: number
  /** A lossy one (a scaled picture, say) declares itself and has no `undo`. */
  readonly isLossless: boolean
  apply(source: ByteStream): ByteStream
  undo?(source: ByteStream): ByteStream
}

/** What metadata keeps of each transform, in the order applied. */
export type TransformRecord = { readonly id: string; readonly version: number }

export type Transforms = {
  ids(): string[]
  /** The records that `apply` with these ids leaves to keep. An unknown id, or too many, is `invalid.transform`. */
  recordsOf(ids: readonly string[]): TransformRecord[]
  /** Applies the newest version of each, first to last. Faults at the call, not at the first piece. */
  apply(ids: readonly string[], source: ByteStream): ByteStream
  /** False when one of them was lossy: ask before applying, because what is lost stays lost. */
  canUndo(records: readonly TransformRecord[]): boolean
  /**
   * Undoes them, last to first. `invalid.transform` for an unknown id or version, `refused.transform` for a lossy
   * one, both at the call.
   */
  undo(records: readonly TransformRecord[], source: ByteStream): ByteStream
  /**
   * The lossless transforms after which this sample (64 KiB do) makes the smallest frame; none when nothing gains
   * a twentieth.
   */
  choose(sample: Uint8Array): Promise<string[]>
}

export const losslessTransforms: readonly Transform[] = [delta16, delta32, shuffle4]

const chainMax = 8
const chosenMax = 3
const gainMin = 0.05

/** A registry of transforms; a repeated (id, version), or a lossless one that cannot be undone, is `invalid.transform`. */
export function createTransforms(list: readonly Transform[] = losslessTransforms): Transforms {
  const byId = registerAll(list)

  const recordsOf = (ids: readonly string[]): TransformRecord[] =>
    newestOf(byId, ids).map(({ id, version }) => ({ id, version }))
  const apply = (ids: readonly string[], source: ByteStream): ByteStream =>
    newestOf(byId, ids).reduce((stream, transform) => transform.apply(stream), source)

  return {
    ids: () => [...byId.keys()],
    recordsOf,
    apply,
    canUndo: (records) => recorded(byId, records).every((transform) => transform.isLossless),
    undo(records, source) {
      const undone = recorded(byId, records).map(undoOf)
      return undone.reduceRight((stream, undo) => undo(stream), source)
    },
    choose: (sample) => chooseChain(losslessIds(byId), sample, apply),
  }
}

/** Greedy: the best first transform, then what gains most behind it. */
async function chooseChain(
  ids: readonly string[],
  sample: Uint8Array,
  apply: (ids: readonly string[], source: ByteStream) => ByteStream,
): Promise<string[]> {
  let chosen: string[] = []
  let best = (await frameBytesAfter(apply([], once(sample)))) * (1 - gainMin)
  while (chosen.length < chosenMax) {
    let longer: string[] | undefined
    for (const id of ids) {
      if (chosen.includes(id)) continue
      const bytes = await frameBytesAfter(apply([...chosen, id], once(sample)))
      if (bytes >= best) continue
      best = bytes
      longer = [...chosen, id]
    }
    if (longer === undefined) break
    chosen = longer
  }
  return chosen
}

async function frameBytesAfter(stream: ByteStream): Promise<number> {
  const pieces: Uint8Array[] = []
  for await (const piece of stream) pieces.push(piece)
  const { header, body } = packFrameParts(concatBytes(...pieces))
  return header.length + body.length
}

type ById = ReadonlyMap<string, readonly Transform[]>

/** The versions of each id, newest first. */
function registerAll(list: readonly Transform[]): ById {
  const byId = new Map<string, Transform[]>()
  for (const transform of list) {
    const { id, version, isLossless, undo } = transform
    const versions = byId.get(id) ?? []
    if (id.length === 0 || !Number.isSafeInteger(version) || version < 1)
      throw invalid(`A transform has a name and a version from 1; "${id}" version ${version} has not.`)
    if (versions.some((other) => other.version === version))
      throw invalid(`The transform "${id}" version ${version} is registered twice. Give one another version.`)
    if (isLossless && undo === undefined)
      throw invalid(`The transform "${id}" says that it is lossless and cannot be undone. Declare it lossy.`)
    byId.set(
      id,
      [...versions, transform].sort((a, b) => b.version - a.version),
    )
  }
  return byId
}

function losslessIds(byId: ById): string[] {
  return [...byId].filter(([, versions]) => versions[0]?.isLossless).map(([id]) => id)
}

function newestOf(byId: ById, ids: readonly string[]): Transform[] {
  checkChain(ids.length)
  return ids.map((id) => {
    const newest = byId.get(id)?.[0]
    if (newest === undefined) throw unknown(id)
    return newest
  })
}

function recorded(byId: ById, records: readonly TransformRecord[]): Transform[] {
  checkChain(records.length)
  return records.map(({ id, version }) => {
    const versions = byId.get(id)
    const newest = versions?.[0]
    if (versions === undefined || newest === undefined) throw unknown(id)
    const transform = versions.find((known) => known.version === version)
    if (transform !== undefined) return transform
    throw invalid(
      version > newest.version
        ? `This was made with version ${version} of the transform "${id}" and ${newest.version} is the newest known here. Update to open it.`
        : `This was made with version ${version} of the transform "${id}", which is not known here any more.`,
    )
  })
}

function undoOf(transform: Transform): (source: ByteStream) => ByteStream {
  const { undo } = transform
  if (transform.isLossless && undo !== undefined) return (source) => undo.call(transform, source)
  throw new Fault(
    'refused.transform',
    `The transform "${transform.id}" is lossy: what it left out cannot come back. Use the version from before it, if there is one.`,
  )
}

function checkChain(length: number): void {
  if (length > chainMax)
    throw invalid(`At most ${chainMax} transforms follow one another, and here are ${length}.`)
}

function unknown(id: string): Fault {
  return invalid(
    `No transform is called "${id.slice(0, 40)}" here. Install what provides it, then try again.`,
  )
}

function invalid(message: string): Fault {
  return new Fault('invalid.transform', message)
}
