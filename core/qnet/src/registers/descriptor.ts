import { compareBytes, concatBytes, fromBase32, fromUtf8, toBase32 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { encodeCbor, readArray, readBytes, readInt, readText } from '@anarq/ipld'
import { hashBlake3 } from '@anarq/qlock'
import type { Random } from '@anarq/random'
import { type Elector, membersMax } from '../swarm/index.ts'

/** Whose agreement a change needs: nobody's, the neighbourhood's, a drawn committee's of the whole network. */
export const registerClasses = ['private', 'protected', 'public'] as const
export type RegisterClass = (typeof registerClasses)[number]

/** What a register is from its first version on. All of it is in the id, so none of it can ever be another. */
export type Descriptor = {
  readonly class: RegisterClass
  /** Ed25519: who may write, and who made it. */
  readonly owner: Uint8Array
  readonly name: Uint8Array
  /** Others who may write; none for a private one. Sorted. */
  readonly writers: readonly Uint8Array[]
  /** The place, in the space of neighbourhoods, of the node that it was made on. */
  readonly home: Uint8Array
  /** The hash of who decides on its first step; empty for a private one. */
  readonly founders: Uint8Array
  /** Makes the id begin with as many zeros as its class asks for. */
  readonly work: Uint8Array
}

/** A descriptor and the hash of it. */
export type Named = { readonly id: Uint8Array; readonly descriptor: Descriptor }

export const idBytes = 32
export const nameBytesMax = 128
export const writersMax = 16
/** A committee is larger than a neighbourhood, and smaller than what a certificate can hold. */
export const committeeMax = 64
const electorsMax = Math.max(membersMax, committeeMax)
const workBytes = 8
const keyBytes = 32
/** Of the home, in a reference: as long as the longest prefix of a neighbourhood. */
const homeBytes = 5
const scheme = 'anarq-register:'

const idLabel = fromUtf8('anarq register id v1\n')
const electorsLabel = fromUtf8('anarq register electors v1\n')
const topicLabel = fromUtf8('anarq register draw v1\n')

export function idOf(descriptor: Descriptor): Uint8Array {
  return hashBlake3(idLabel, encodeCbor(encodeDescriptor(descriptor)))
}

/** What its committees are drawn for: known before its founders are, who come out of the first draw. */
export function topicOf({
  class: of,
  owner,
  name,
}: Pick<Descriptor, 'class' | 'name' | 'owner'>): Uint8Array {
  return hashBlake3(topicLabel, encodeCbor([of, owner, name]))
}

export function hashOfElectors(electors: readonly Pick<Elector, 'publicKey'>[]): Uint8Array {
  return hashBlake3(electorsLabel, ...electors.map(({ publicKey }) => publicKey))
}

export type WorkBits = Readonly<Record<RegisterClass, number>>

/** In slices, so that a node goes on meanwhile: `step` says the named descriptor once its work is paid. */
export function searchName(
  fields: Omit<Descriptor, 'work'>,
  bits: WorkBits,
  random: Random,
): { step(tries: number): Named | undefined } {
  const work = random.bytes(workBytes)
  const view = new DataView(work.buffer, work.byteOffset)
  return {
    step(tries) {
      for (let i = 0; i < tries; i += 1) {
        const descriptor = { ...fields, work: work.slice() }
        const id = idOf(descriptor)
        if (zeroBits(id) >= bits[fields.class]) return { id, descriptor }
        view.setUint32(4, (view.getUint32(4) + 1) >>> 0)
      }
      return undefined
    },
  }
}

export function zeroBits(hash: Uint8Array): number {
  let bits = 0
  for (const byte of hash) {
    bits += Math.clz32(byte) - 24
    if (byte !== 0) break
  }
  return bits
}

export function encodeDescriptor(descriptor: Descriptor): readonly unknown[] {
  const { class: of, owner, name, writers, home, founders, work } = descriptor
  return [1, of, owner, name, writers, home, founders, work]
}

/** Strict; `invalid.shape` or `invalid.register`. */
export function readDescriptor(value: unknown): Named {
  const parts = readArray(value, 'A register', { max: 8 })
  readInt(parts[0], 'Its version', { min: 1, max: 1 })
  const of = readClass(parts[1])
  const descriptor: Descriptor = {
    class: of,
    owner: readBytes(parts[2], 'Its owner', { length: keyBytes }),
    name: readBytes(parts[3], 'Its name', { max: nameBytesMax }),
    writers: readArray(parts[4], 'Its writers', { max: writersMax }).map((key) =>
      readBytes(key, 'A writer', { length: keyBytes }),
    ),
    home: readBytes(parts[5], 'Its home', { length: 32 }),
    founders: readBytes(parts[6], 'Its founders', { length: of === 'private' ? 0 : 32 }),
    work: readBytes(parts[7], 'Its work', { length: workBytes }),
  }
  const { writers, name } = descriptor
  const isSorted = writers.every((key, i) => i === 0 || compareBytes(writers[i - 1] as Uint8Array, key) < 0)
  if (!isSorted || name.length === 0 || (of === 'private' && writers.length > 0))
    throw new Fault('invalid.register', 'A register was described as it cannot be.')
  return { id: idOf(descriptor), descriptor }
}

export function readClass(value: unknown): RegisterClass {
  const found = registerClasses.find((one) => one === value)
  if (found !== undefined) return found
  throw new Fault('invalid.register', 'A register is private, protected or public.')
}

/** The sorted keys of who decides. */
export function readElectorKeys(value: unknown): readonly Uint8Array[] {
  const keys = readArray(value, 'Electors', { max: electorsMax }).map((key) =>
    readBytes(key, 'An elector', { length: keyBytes }),
  )
  if (keys.length === 0 || new Set(keys.map((key) => key.toHex())).size !== keys.length)
    throw new Fault('invalid.register', 'Electors of a register are somebody, and each once.')
  return keys
}

export function mayWrite({ owner, writers }: Descriptor, key: Uint8Array): boolean {
  return [owner, ...writers].some((one) => compareBytes(one, key) === 0)
}

/** One word to give to others: whoever has it finds the register, and holds what is found to it. */
export function referenceOf({ id, descriptor }: Named): string {
  const kind = registerClasses.indexOf(descriptor.class)
  return scheme + toBase32(concatBytes(Uint8Array.of(kind), descriptor.home.subarray(0, homeBytes), id))
}

export type Reference = {
  readonly class: RegisterClass
  readonly id: Uint8Array
  /** As much of the home as finds the neighbourhood, and zeros. */
  readonly home: Uint8Array
}

/** `invalid.reference`. */
export function parseReference(text: string): Reference {
  const bytes = readScheme(readText(text, 'A reference', { max: 200 }))
  const of = registerClasses[bytes[0] ?? 255]
  if (bytes.length !== 1 + homeBytes + idBytes || of === undefined) throw badReference()
  const home = new Uint8Array(32)
  home.set(bytes.subarray(1, 1 + homeBytes))
  return { class: of, id: bytes.slice(1 + homeBytes), home }
}

function readScheme(text: string): Uint8Array {
  try {
    if (text.startsWith(scheme)) return fromBase32(text.slice(scheme.length))
  } catch {
    // Said below.
  }
  throw badReference()
}

function badReference(): Fault {
  return new Fault('invalid.reference', `That is no register: expected ${scheme} and 61 letters and digits.`)
}
