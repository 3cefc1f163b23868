import { readFile } from 'node:fs/promises'
import { concatBytes, equalBytes, fromUtf8 } from '@anarq/bytes'
import { Fault, hasCode } from '@anarq/fault'
import { hashBlake3 } from '@anarq/qlock'
import { diskFault, replaceFile } from './disk.ts'

const magic = fromUtf8('AQTWIN1\n')
const headBytes = magic.length + 8 + 32
const twinBytesMax = 64 * 1024 * 1024

export type TwinFile = {
  /** `undefined` when neither copy exists. Throws `damaged.twin` when no copy is whole. */
  read(): Promise<Uint8Array | undefined>
  /** Durable in both copies when it resolves. */
  write(bytes: Uint8Array): Promise<void>
}

export type TwinFileOptions = {
  /** The copies are `<path>.a` and `<path>.b`. */
  path: string
  /** What it is, for messages: "The key vault". */
  what: string
  onFault?: (fault: Fault) => void
}

/** A small file kept twice, each copy with a generation and a hash: one flipped byte or one torn write loses nothing. */
export function createTwinFile({ path, what, onFault = () => {} }: TwinFileOptions): TwinFile {
  const copies = copiesOf(path)
  let generation = 0n
  const write = async (bytes: Uint8Array): Promise<void> => {
    generation += 1n
    const encoded = encode(generation, bytes)
    for (const copy of copies) await replaceFile(copy, encoded)
  }
  /** A full disk keeps nobody from the copy that is whole. */
  const mend = async (bytes: Uint8Array): Promise<void> => {
    try {
      await write(bytes)
      onFault(
        new Fault(
          'damaged.twin-copy',
          `${what}: one of its two copies was damaged or old; it has been written anew.`,
        ),
      )
    } catch (error) {
      if (!hasCode(error, 'unavailable.full')) throw error
      onFault(error)
    }
  }
  return {
    write,
    async read() {
      const read = await Promise.all(copies.map(readCopy))
      const whole = newestFirst(read)
      const newest = whole[0]
      if (newest === undefined) {
        if (read.every((copy) => copy.state === 'absent')) return undefined
        throw new Fault(
          'damaged.twin',
          `${what} is damaged in both copies (${copies.join(', ')}). Put one back from a backup.`,
        )
      }
      generation = newest.generation
      if (whole.length < copies.length || whole.some((copy) => copy.generation !== generation)) {
        await mend(newest.bytes)
      }
      return newest.bytes
    },
  }
}

/** What it holds now, for whoever may not write: nothing is mended, and `undefined` may mean damage too. */
export async function peekTwinFile(path: string): Promise<Uint8Array | undefined> {
  return newestFirst(await Promise.all(copiesOf(path).map(readCopy)))[0]?.bytes
}

function copiesOf(path: string): string[] {
  return [`${path}.a`, `${path}.b`]
}

function newestFirst(copies: readonly Copy[]): (Copy & { state: 'whole' })[] {
  return copies
    .filter((copy) => copy.state === 'whole')
    .sort((a, b) => (a.generation < b.generation ? 1 : -1))
}

type Copy =
  | { state: 'absent' }
  | { state: 'damaged' }
  | { state: 'whole'; generation: bigint; bytes: Uint8Array }

async function readCopy(path: string): Promise<Copy> {
  let file: Uint8Array
  try {
    file = await readFile(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { state: 'absent' }
    throw diskFault(error, path)
  }
  if (file.length < headBytes || file.length > headBytes + twinBytesMax) return { state: 'damaged' }
  const body = file.subarray(headBytes)
  const isWhole =
    equalBytes(file.subarray(0, magic.length), magic) &&
    equalBytes(hashOf(file, body), file.subarray(magic.length + 8, headBytes))
  if (!isWhole) return { state: 'damaged' }
  return {
    state: 'whole',
    generation: new DataView(file.buffer, file.byteOffset + magic.length).getBigUint64(0),
    bytes: new Uint8Array(body),
  }
}

function encode(generation: bigint, bytes: Uint8Array): Uint8Array {
  const head = new Uint8Array(headBytes)
  head.set(magic)
  new DataView(head.buffer).setBigUint64(magic.length, generation)
  head.set(hashOf(head, bytes), magic.length + 8)
  return concatBytes(head, bytes)
}

function hashOf(head: Uint8Array, body: Uint8Array): Uint8Array {
  return hashBlake3(concatBytes(head.subarray(0, magic.length + 8), body))
}
