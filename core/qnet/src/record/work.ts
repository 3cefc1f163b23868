import { fromUtf8 } from '@anarq/bytes'
import { primitives } from '@anarq/qlock'

/**
 * A proof of work for an identity and a day: 2^bits hashes to make, one to check. It is what many identities cost; a node's own
 * records of one day share one, so that refreshing them is free.
 */
export const workBytes = 8
/** Beyond, honest nodes could no longer pay. */
export const workBitsMax = 26

const label = fromUtf8('anarq node work v1')
const dayMs = 86_400_000

export function workDayOf(issuedMs: number): number {
  return Math.floor(issuedMs / dayMs)
}

/** How many bits in front are zero. One hash. */
export function bitsOfWork(publicKey: Uint8Array, day: number, work: Uint8Array): number {
  const hash = primitives.blake3(label, publicKey, dayBytes(day), work)
  let bits = 0
  for (const byte of hash) {
    if (byte !== 0) return bits + Math.clz32(byte) - 24
    bits += 8
  }
  return bits
}

/** Searches in slices, so that a node goes on meanwhile: `step` says the work once it is found. */
export type WorkSearch = { step(tries: number): Uint8Array | undefined }

export function searchWork(publicKey: Uint8Array, day: number, bits: number): WorkSearch {
  const work = new Uint8Array(workBytes)
  const view = new DataView(work.buffer)
  let next = 0
  return {
    step(tries) {
      for (const end = next + tries; next < end; next += 1) {
        view.setUint32(4, next)
        view.setUint32(0, Math.floor(next / 0x1_0000_0000))
        if (bitsOfWork(publicKey, day, work) >= bits) return work.slice()
      }
      return undefined
    },
  }
}

function dayBytes(day: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, day)
  return bytes
}
