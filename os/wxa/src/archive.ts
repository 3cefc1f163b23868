import { once } from '@anarq/bytes'

/** One entry of an archive, as the archive says: nothing of it has been read yet, and any of it may be a lie. */
export type ArchiveEntry = {
  readonly path: string
  readonly kind: 'file' | 'folder' | 'link'
  readonly isEncrypted: boolean
  readonly method: 'store' | 'deflate'
  /** Unpacked, and as it lies in the archive. */
  readonly bytes: number
  readonly packedBytes: number
  /** Its content, unpacked piece by piece; throws as soon as it is more or less than `bytes`. */
  read(): AsyncIterable<Uint8Array>
  /** The same bytes as they lie in the archive. */
  readPacked(): AsyncIterable<Uint8Array>
}

/**
 * What the format needs of a ZIP file. `entries` gives what is listed, in the order of the list, and may be left at any
 * time; only after the last one has it been checked that the file holds nothing but these entries, laid out as
 * docs/formats/wxa.md says. Implementations pass `testArchive` of `@anarq/wxa/testing`.
 */
export type Archive = {
  /** Of the whole file. */
  readonly bytes: number
  entries(): AsyncIterable<ArchiveEntry>
  close(): Promise<void>
}

/** What a writer lays into an archive: the content, and its deflated bytes where it goes in as those. */
export type PackEntry = {
  readonly path: string
  readonly content: Uint8Array
  readonly deflated?: Uint8Array
}

/** An archive that never was a file: for tests, and for what is packed and looked at in one go. */
export function createMemoryArchive(entries: readonly PackEntry[]): Archive {
  const listed = entries.map(entryOf)
  return {
    bytes: listed.reduce((sum, { packedBytes }) => sum + packedBytes, 0),
    async *entries() {
      yield* listed
    },
    close: async () => {},
  }
}

function entryOf({ path, content, deflated }: PackEntry): ArchiveEntry {
  return {
    path,
    kind: 'file',
    isEncrypted: false,
    method: deflated === undefined ? 'store' : 'deflate',
    bytes: content.length,
    packedBytes: (deflated ?? content).length,
    read: () => once(content),
    readPacked: () => once(deflated ?? content),
  }
}
