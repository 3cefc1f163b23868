import { nothing, once } from '@anarq/bytes'
import { hasCode } from '@anarq/fault'
import type {
  CommitFacts,
  DriveOperations,
  EntryFacts,
  PutProgress,
  PutReport,
  VersionFacts,
} from '@anarq/kernel'
import { readLines } from '../ndjson.ts'
import { faultOfProblem } from '../problem.ts'
import { packItems } from '../tar/pack-items.ts'
import { unpackTree } from '../tar/unpack-tree.ts'
import { contentOf, lastEvent } from './content.ts'
import { createPlaces, createSaving, together } from './disk.ts'
import { knownAt } from './known.ts'
import { part, query } from './path.ts'
import type { Answer, Wire } from './wire.ts'

export const tarType = 'application/x-tar'

export function driveOf(wire: Wire): DriveOperations {
  const object = (ref: string): string => `/api/v1/objects/${part(ref)}`
  const save = createSaving(wire)
  const drive: DriveOperations = {
    async put(items, { to, tags, lock, isThorough, isDecoy, onProgress, signal } = {}) {
      const options = {
        ...(tags === undefined ? {} : { tags }),
        ...(lock === undefined ? {} : { lock }),
        ...(isDecoy === undefined ? {} : { isDecoy }),
      }
      const send = async (pieces: AsyncIterable<Uint8Array>, thorough: boolean, tell = onProgress) => {
        const path = `/api/v1/import${query({ to, thorough })}`
        const answer = await wire.open('POST', path, { pieces, type: tarType, signal })
        return lastEvent<PutReport, PutProgress>(answer, tell)
      }
      const places = createPlaces(wire)
      const isKnown =
        isThorough === true ? undefined : knownAt(to ?? '/', drive, { isLocking: lock !== undefined })
      const { placeOf } = places
      const first = await send(packItems(items, options, { isKnown, placeOf }), isThorough === true)
      const unseen = places.unseen(first)
      if (unseen.length === 0) return first
      const further = ({ files, bytes, path }: PutProgress): void =>
        onProgress?.({ files: files + first.files + first.unchanged, bytes: bytes + first.bytes, path })
      // Thoroughly: of several versions that are sent again, the last may be what is there, and has to come after the others.
      return together(first, await send(packItems(once(unseen), options), true, further))
    },
    list: (ref, page = {}) => wire.json('GET', `${object(ref)}/children${query(page)}`),
    entry: (ref) => wire.json('GET', object(ref)),
    find: (asked) => wire.json('GET', `/api/v1/search${query(asked)}`),
    async get(ref, { version, fromByte, toByte, lock, into, signal } = {}) {
      const saved = into && (await save(ref, into, { version, lock, signal }))
      if (saved !== undefined) return { ...saved, isWritten: true, stream: nothing() }
      const answer = await wire.open('POST', `${object(ref)}/content`, {
        body: { version, fromByte, toByte, lock },
        signal,
      })
      return contentOf(answer, { fromByte, toByte })
    },
    async *walk(ref) {
      const answer = await wire.open('GET', `${object(ref)}/tree`)
      for await (const line of readLines(answer.pieces)) {
        const { error } = line as { error?: unknown }
        if (error !== undefined) throw faultOfProblem(error)
        yield line as EntryFacts
      }
    },
    async *readTree(ref, { lock, leavesFrom, signal } = {}) {
      const ask = (body: object): Promise<Answer> =>
        wire.open('POST', `/api/v1/export/${part(ref)}`, { body: { lock, hasFacts: true, ...body }, signal })
      const answer = await ask({ leavesFrom }).catch((error: unknown) => {
        // A node that was started by a version before this one leaves nothing out.
        if (leavesFrom !== undefined && hasCode(error, 'invalid.request')) return ask({})
        throw error
      })
      yield* unpackTree(answer.pieces)
    },
    makeFolder: (path) =>
      wire.json(
        'POST',
        `/api/v1/folders/${path.replace(/^\/+/, '').split('/').map(encodeURIComponent).join('/')}`,
      ),
    move: (ref, to) => wire.json('POST', `${object(ref)}/move`, { body: to }),
    copy: (ref, to) => wire.json('POST', `${object(ref)}/copy`, { body: to }),
    tag: (ref, change) => wire.json('POST', `${object(ref)}/tag`, { body: change }),
    remove: (ref, { isForever = false } = {}) =>
      wire.json('POST', `${object(ref)}/${isForever ? 'purge' : 'trash'}`),
    restore: (ref, options = {}) => wire.json('POST', `${object(ref)}/restore`, { body: options }),
    versions: (ref) => wire.json<readonly VersionFacts[]>('GET', `${object(ref)}/versions`),
    history: (page = {}) => wire.json<readonly CommitFacts[]>('GET', `/api/v1/history${query(page)}`),
  }
  return drive
}
