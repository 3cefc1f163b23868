import type { Random } from '@anarq/random'
import { primitives } from '#primitives'
import {
  chunkPlainBytes,
  chunkSealedBytes,
  deriveMessage,
  deriveSealedMessage,
  headerBytes,
  type MessageKeys,
  saltBytes,
} from './cobblestone.ts'
import { tagBytes } from './primitives/lengths.ts'
import { contextBytes } from './secrets.ts'

/** The sealed size of so many bytes of plain text: 72 more for less than 16 KiB, 16 more for each 16 KiB after that. */
export function boxBytesOf(plainBytes: number): number {
  return headerBytes + plainBytes + tagBytes * (Math.floor(plainBytes / chunkPlainBytes) + 1)
}

/**
 * A small thing sealed under a 32-byte key: one Cobblestone-256 message with a fresh salt, committed to its key.
 * `context` is not stored; whoever opens the box must name the same.
 */
export function sealBox(
  key: Uint8Array,
  plain: Uint8Array,
  { context, random }: { readonly context: Uint8Array | string; readonly random: Random },
): Uint8Array {
  const message = deriveMessage(key, random.bytes(saltBytes), contextBytes(context))
  const sealed = primitives.allocate(boxBytesOf(plain.length))
  sealed.set(message.header)
  let offset = headerBytes
  for (let index = 0, at = 0; at <= plain.length; index += 1, at += chunkPlainBytes) {
    const chunk = plain.subarray(at, at + chunkPlainBytes)
    message.sealInto(index, chunk, sealed, offset)
    offset += chunk.length + tagBytes
  }
  message.dispose()
  return sealed
}

/** The plain text; undefined for another key or context, a changed bit, or a cut. */
export function openBox(
  key: Uint8Array,
  sealed: Uint8Array,
  { context }: { readonly context: Uint8Array | string },
): Uint8Array | undefined {
  const message = deriveSealedMessage(key, sealed, contextBytes(context))
  if (message === undefined) return undefined
  try {
    return openChunks(message, sealed.subarray(headerBytes))
  } finally {
    message.dispose()
  }
}

function openChunks(message: MessageKeys, chunks: Uint8Array): Uint8Array | undefined {
  const last = Math.floor(chunks.length / chunkSealedBytes)
  if (last === 0) return message.open(0, chunks)
  const plainBytes = chunks.length - tagBytes * (last + 1)
  if (plainBytes < last * chunkPlainBytes) return undefined
  const plain = primitives.allocate(plainBytes)
  for (let index = 0; index <= last; index += 1) {
    const at = index * chunkSealedBytes
    const opened = message.open(index, chunks.subarray(at, at + chunkSealedBytes))
    if (opened === undefined) return undefined
    plain.set(opened, index * chunkPlainBytes)
  }
  return plain
}
