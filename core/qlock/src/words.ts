import { concatBytes, fromUtf8 } from '@anarq/bytes'
import { Fault, failed, type Outcome, ok } from '@anarq/fault'
import type { Random } from '@anarq/random'
import { wordlist } from '@scure/bip39/wordlists/english.js'
import { primitives } from '#primitives'
import { checkKey } from './primitives/lengths.ts'
import { wipe } from './secrets.ts'

/** What a key is for; the third level of its path. */
export type KeyClass = 'root' | 'sub' | 'anonymous' | 'child' | 'device' | 'recovery'

export type LeafPath = { readonly keyClass: KeyClass; readonly index: number; readonly epoch: number }

const entropyBytes = 32
const wordCount = 24
const bitsPerWord = 11

const classNumbers: Readonly<Record<KeyClass, number>> = {
  root: 0,
  sub: 1,
  anonymous: 2,
  child: 3,
  device: 4,
  recovery: 5,
}

/** "QNT" as a number: the coin type of the path. */
const coinType = 0x514e54
const purpose = 44
const hardened = 0x80000000

const positions: ReadonlyMap<string, number> = new Map(wordlist.map((word, index) => [word, index]))

/** 256 bits, which become 24 words. */
export function createEntropy(random: Random): Uint8Array {
  return random.bytes(entropyBytes)
}

/** BIP-39, English: 24 words separated by single spaces. */
export function wordsOf(entropy: Uint8Array): string {
  checkKey(entropy, entropyBytes)
  const checked = concatBytes(entropy, primitives.sha256(entropy).subarray(0, 1))
  const words: string[] = []
  for (let i = 0; i < wordCount; i += 1) words.push(wordlist[readBits(checked, i * bitsPerWord)] as string)
  wipe(checked)
  return words.join(' ')
}

/**
 * The entropy of 24 words, in any case and with any spaces. `invalid.words` says which word is unknown (by its place,
 * so that no part of a secret reaches a log), or that the check at their end fails.
 */
export function entropyOf(words: string): Outcome<Uint8Array> {
  const list = words.normalize('NFKD').toLowerCase().split(/\s+/u).filter(Boolean)
  if (list.length !== wordCount) {
    return failed('invalid.words', `There are ${list.length} words; a recovery phrase has ${wordCount}.`)
  }
  const checked = new Uint8Array(entropyBytes + 1)
  for (const [place, word] of list.entries()) {
    const position = positions.get(word)
    if (position === undefined) {
      return failed('invalid.words', `Word ${place + 1} is not in the list of words. Check its spelling.`, {
        data: { place: place + 1 },
      })
    }
    writeBits(checked, place * bitsPerWord, position)
  }
  const entropy = checked.slice(0, entropyBytes)
  const isRight = checked[entropyBytes] === primitives.sha256(entropy)[0]
  wipe(checked)
  if (isRight) return ok(entropy)
  return failed(
    'invalid.words',
    'Each word is in the list, but they do not belong together. One is wrong, or two changed places.',
  )
}

/** The 64-byte seed, BIP-39: PBKDF2-HMAC-SHA512 with 2048 rounds over the words. */
export function seedOf(entropy: Uint8Array, passphrase: string = ''): Uint8Array {
  const password = fromUtf8(wordsOf(entropy))
  const salt = fromUtf8(`mnemonic${passphrase}`.normalize('NFKD'))
  const seed = primitives.pbkdf2Sha512(password, salt, 2048, 64)
  wipe(password, salt)
  return seed
}

/** The 32-byte leaf at m/44'/5328468'/class'/index'/epoch', to be split by `deriveSecret` into a key for each use. */
export function deriveLeaf(seed: Uint8Array, { keyClass, index, epoch }: LeafPath): Uint8Array {
  return derivePath(seed, [purpose, coinType, classNumbers[keyClass], index, epoch]).key
}

/** SLIP-0010 for ed25519: every step hardened. https://github.com/satoshilabs/slips/blob/master/slip-0010.md */
export function derivePath(
  seed: Uint8Array,
  path: readonly number[],
): { readonly key: Uint8Array; readonly chainCode: Uint8Array } {
  let node = primitives.hmacSha512(fromUtf8('ed25519 seed'), seed)
  for (const step of path) {
    if (!Number.isSafeInteger(step) || step < 0 || step >= hardened)
      throw new Fault('invalid.path', `A step of a key path is a whole number below 2^31, not ${step}.`)
    const data = new Uint8Array(37)
    data.set(node.subarray(0, 32), 1)
    new DataView(data.buffer).setUint32(33, step + hardened)
    const child = primitives.hmacSha512(node.subarray(32), data)
    wipe(node, data)
    node = child
  }
  const derived = { key: node.slice(0, 32), chainCode: node.slice(32) }
  wipe(node)
  return derived
}

function readBits(bytes: Uint8Array, from: number): number {
  let value = 0
  for (let bit = from; bit < from + bitsPerWord; bit += 1) {
    value = (value << 1) | (((bytes[bit >> 3] as number) >> (7 - (bit & 7))) & 1)
  }
  return value
}

function writeBits(bytes: Uint8Array, from: number, value: number): void {
  for (let i = 0; i < bitsPerWord; i += 1) {
    const bit = from + i
    const isSet = (value >> (bitsPerWord - 1 - i)) & 1
    bytes[bit >> 3] = (bytes[bit >> 3] as number) | (isSet << (7 - (bit & 7)))
  }
}
