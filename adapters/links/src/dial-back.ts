import { concatBytes } from '@anarq/bytes'

/**
 * Who was asked whether a node can be dialled dials its door, writes this and hangs up: `length(3) = 16 | number(16)`. No handshake
 * begins with a piece of that length.
 */
const numberBytes = 16
const head = Uint8Array.of(0, 0, numberBytes)

export function writeDialBack(number: Uint8Array): Uint8Array {
  return concatBytes(head, number)
}

/** The number, where the first bytes that came are a whole dial-back; it is 19 bytes, which no way cuts. */
export function readDialBack(bytes: Uint8Array): Uint8Array | undefined {
  const isOne = bytes.length === head.length + numberBytes && head.every((byte, at) => bytes[at] === byte)
  // A copy, also of a Node buffer, whose `slice` is none.
  return isOne ? Uint8Array.from(bytes.subarray(head.length)) : undefined
}
