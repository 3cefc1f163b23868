/** What a worker does with one stored block on its way out. A module of its own, so that a worker loads little else. */
import { discard, equalBytes } from '@anarq/bytes'
import { hasCode } from '@anarq/fault'
import { chunkOverheadBytes, hashBlake3, openChunk, openChunkInto } from '@anarq/qlock'
import { frameHeaderBytesMax, openFrame, openLock, readFrameHeader } from '@anarq/qompress'

export type BlockKeys = {
  readonly digest: Uint8Array
  readonly key: Uint8Array
  /** Of the second lock, where there is one. */
  readonly lockKey?: Uint8Array | undefined
  readonly plainBytes: number
}

/** What was wrong: other bytes than the name says, another key, another second passphrase, or what came out. */
export type Unopened = 'name' | 'key' | 'lock' | 'frame'

/** Checked, unsealed and expanded: the plain bytes in memory of their own. */
export function openBlock(block: Uint8Array, keys: BlockKeys): Uint8Array | Unopened {
  if (!equalBytes(hashBlake3(block), keys.digest)) return 'name'
  return openChecked(block, keys)
}

/** The same for a block whose name was checked already. */
export function openChecked(block: Uint8Array, keys: BlockKeys): Uint8Array | Unopened {
  try {
    return (keys.lockKey === undefined ? openStored(block, keys) : undefined) ?? openAny(block, keys)
  } catch (error) {
    if (hasCode(error, 'damaged') || hasCode(error, 'limit')) return 'frame'
    throw error
  }
}

function openAny(block: Uint8Array, { key, lockKey, plainBytes }: BlockKeys): Uint8Array | Unopened {
  const sealed = openChunk(key, block)
  if (sealed === undefined) return 'key'
  const frame = lockKey === undefined ? sealed : openLock(lockKey, sealed)
  if (frame === undefined) return 'lock'
  const plain = openFrame(frame, { plainBytesMax: plainBytes })
  // A stored frame's content is a view of it.
  if (plain.buffer !== frame.buffer) discard(frame)
  return plain.length === plainBytes ? plain : 'frame'
}

/** A stored frame is its header and the content, which needs no copy then; undefined for every other frame. */
function openStored(block: Uint8Array, { key, plainBytes }: BlockKeys): Uint8Array | Unopened | undefined {
  const headBytes = block.length - chunkOverheadBytes - plainBytes
  if (plainBytes < copiedBytesMin) return undefined
  if (headBytes < frameHeaderBytesMin || headBytes > frameHeaderBytesMax) return undefined
  const head = new Uint8Array(headBytes)
  const plain = new Uint8Array(plainBytes)
  if (!openChunkInto(key, block, [head, plain])) return 'key'
  const { codec, plainBytes: said, headerBytes } = readFrameHeader(head)
  return codec === 'stored' && said === plainBytes && headerBytes === headBytes ? plain : undefined
}

/** Below, a view of the frame is as good as memory of its own, and one call of the cipher less. */
const copiedBytesMin = 32 * 1024
/** The codec, and a length of one byte. */
const frameHeaderBytesMin = 2
