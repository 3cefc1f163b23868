/** Large files of this machine that the node reads and writes where they lie: their bytes need not go through the socket. */
import { hasCode } from '@anarq/fault'
import { byPlaceBytesMin, type DiskFile, type PutFile, type PutItem } from '@anarq/flows'
import type { PutReport } from '@anarq/kernel'
import type { ContentFacts } from '../content-headers.ts'
import type { PlaceOf } from '../tar/pack-items.ts'
import { part } from './path.ts'
import type { Wire } from './wire.ts'

/** The files of one put that the node is to read itself. */
export type Places = {
  readonly placeOf: PlaceOf
  /** Those that it did not find as they were seen here, to be sent, in their order. */
  unseen(report: PutReport): readonly PutItem[]
}

export function createPlaces(wire: Wire): Places {
  /** Several of one path are its versions, one after another: where one of them is sent, all of them are. */
  const named = new Map<string, PutFile[]>()
  let sees: boolean | undefined
  return {
    async placeOf(file) {
      const { bytes = 0, content, path } = file
      if (bytes < byPlaceBytesMin || content.kind !== 'stream' || sees === false) return undefined
      const seen = await content.locate?.().catch(() => undefined)
      if (seen === undefined) return undefined
      sees ??= await seesDisk(wire, seen)
      if (!sees) return undefined
      named.set(path, [...(named.get(path) ?? []), file])
      return seen
    },
    unseen({ skipped }) {
      const paths = new Set(skipped.filter(isUnseen).map(({ path }) => path))
      return [...paths].flatMap((path) => named.get(path) ?? [])
    },
  }
}

/** One answer holds for all of a put: it tells whether the node is a process of this disk, and of this version. */
async function seesDisk(wire: Wire, body: DiskFile): Promise<boolean> {
  try {
    return (await wire.json<{ isSeen: boolean }>('POST', '/api/v1/disk/see', { body })).isSeen
  } catch (error) {
    if (hasCode(error, 'missing') || hasCode(error, 'invalid')) return false
    throw error
  }
}

function isUnseen({ code }: PutReport['skipped'][number]): boolean {
  return code === 'unavailable.unseen'
}

/** Both halves of a put, of which the second sent what the first did not find. */
export function together(first: PutReport, second: PutReport): PutReport {
  return {
    files: first.files + second.files,
    folders: first.folders + second.folders,
    unchanged: first.unchanged + second.unchanged,
    bytes: first.bytes + second.bytes,
    newBytes: first.newBytes + second.newBytes,
    newBlocks: first.newBlocks + second.newBlocks,
    skipped: [...first.skipped.filter((one) => !isUnseen(one)), ...second.skipped],
    entries: [...first.entries, ...second.entries],
  }
}

type SaveOptions = {
  version?: number | undefined
  lock?: string | undefined
  signal?: AbortSignal | undefined
}

/** What the node wrote to this file; undefined where it cannot, so that the content has to be asked for. */
export type Saving = (ref: string, into: DiskFile, options: SaveOptions) => Promise<ContentFacts | undefined>

/** A node that did not see one file is asked no more: each of a large folder would cost a question. */
export function createSaving(wire: Wire): Saving {
  let sees = true
  return async (ref, into, { version, lock, signal }) => {
    if (!sees) return undefined
    try {
      const path = `/api/v1/objects/${part(ref)}/save`
      return await wire.json<ContentFacts>('POST', path, { body: { into, version, lock }, signal })
    } catch (error) {
      if (!hasCode(error, 'unavailable.unseen') && !hasCode(error, 'missing.route')) throw error
      sees = false
      return undefined
    }
  }
}
