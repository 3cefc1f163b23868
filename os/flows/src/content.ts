import { discard } from '@anarq/bytes'
import { Fault } from '@anarq/fault'

/** What comes in: a door or a reader of folders turns the outside into these. Paths are relative, parts joined by `/`. */
export type PutItem = PutFolder | PutFile | PutSkipped

export type PutFolder = {
  readonly kind: 'folder'
  readonly path: string
  readonly modifiedMs: number
  /** POSIX permission bits. */
  readonly mode?: number
}

export type PutFile = {
  readonly kind: 'file'
  readonly path: string
  /** As announced; for a stream whose length is not known, undefined. */
  readonly bytes: number | undefined
  readonly modifiedMs: number
  /** POSIX permission bits, where the source has them. */
  readonly mode?: number
  /** Media type; guessed from the name where absent. `inode/symlink` for a link, whose content is its target. */
  readonly type?: string
  readonly content: SmallContent | StreamContent
}

/** Something that was seen and could not be taken; the put goes on and says so at the end. */
export type PutSkipped = { readonly kind: 'skipped'; readonly path: string; readonly fault: Fault }

/**
 * At most `smallBytesMax`: read in one go when its turn comes. Throws a `Fault` when it cannot be read whole. `into` is
 * memory that the bytes may be read to, to spare a copy; they may also lie where the next file will be read to: whoever
 * keeps them copies them.
 */
export type SmallContent = { readonly kind: 'small'; readAll(into?: Uint8Array): Uint8Array }

export type StreamContent = {
  readonly kind: 'stream'
  open(): Promise<ContentReader>
  /** Where it is a file of this machine's disk: another process of the same user can read it there itself. */
  locate?(): Promise<DiskFile>
}

/**
 * A file of this machine's disk as a process read it there. Another one that is told of it opens it only where it finds all of
 * this at the path: so it is the same disk that both see, and who tells of it could read it.
 */
export type DiskFile = {
  /** Absolute. */
  readonly path: string
  readonly bytes: number
  /** In decimal, as the next three. */
  readonly device: string
  readonly inode: string
  /** Nanoseconds since 1970, as the next. */
  readonly modifiedNs: string
  /** Of its last change of any kind. */
  readonly changedNs: string
  /** BLAKE3 of its first and its last 16 KiB, in hexadecimal: who may only look at the folder does not know it. */
  readonly proof: string
}

/** Smaller files are sent as soon as somebody could be told where they lie. */
export const byPlaceBytesMin: number = 4 * 1024 * 1024

/** A file that another process of this user made, and that is to be written here. The source's arrays are taken over. */
export type DiskTarget = {
  write(source: AsyncIterable<Uint8Array>): Promise<void>
  close(): Promise<void>
}

/** What was told of is not there, or may not be opened: it has to be sent. */
export function unseenFile(): Fault {
  return new Fault(
    'unavailable.unseen',
    'The node does not find that file as it was seen, or may not open it.',
  )
}

export type ContentReader = {
  /** Fills from the start of `into`; resolves to the number of bytes, 0 at the end. */
  read(into: Uint8Array): Promise<number>
  /** For a source that may be slow: undefined when bytes, or the end, are there; else what resolves when they are. */
  waits?(): Promise<unknown> | undefined
  /** Rejects when what was read is not one consistent state of the source. */
  close(): Promise<void>
}

export const smallBytesMax: number = 128 * 1024

/**
 * Any stream of bytes as content. Pieces that are given away, as a socket's are, are freed when they were read: the collector, which
 * would come for them by and by, takes a third of the processor otherwise.
 */
export function streamContent(
  source: AsyncIterable<Uint8Array>,
  { isGivenAway = false }: { isGivenAway?: boolean } = {},
): StreamContent {
  return {
    kind: 'stream',
    async open() {
      const iterator = source[Symbol.asyncIterator]()
      let piece: Uint8Array = new Uint8Array(0)
      let rest = piece
      let coming: Promise<IteratorResult<Uint8Array>> | undefined
      let isHere = false
      return {
        waits() {
          if (rest.length > 0 || isHere) return undefined
          coming ??= iterator.next()
          return coming.then(
            () => (isHere = true),
            () => (isHere = true),
          )
        },
        async read(into) {
          while (rest.length === 0) {
            const next = await (coming ?? iterator.next())
            coming = undefined
            isHere = false
            if (next.done === true) return 0
            piece = next.value
            rest = piece
          }
          const bytes = Math.min(into.length, rest.length)
          into.set(rest.subarray(0, bytes))
          rest = rest.subarray(bytes)
          if (isGivenAway && rest.length === 0) discard(piece)
          return bytes
        },
        async close() {
          await iterator.return?.()
        },
      }
    },
  }
}
