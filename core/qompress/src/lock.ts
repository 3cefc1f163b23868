import { concatBytes, equalBytes, fromUtf8 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { deriveSecret, primitives, type VaultParams, vaultParamsDefault, wipe } from '@anarq/qlock'

/** What the second lock adds to a frame: the tag that its key comes from (32) and the cipher's own (16). */
export const lockOverheadBytes = 48

const keyBytes = 32
const saltBytes = 16
const tagBytes = 32
/** The parameters of a shared object were written by somebody else, who may not ask for more work than this. */
const paramsMax: VaultParams = { memoryKiB: 1_048_576, passes: 16, lanes: 16 }
/** Each key seals one content only, so the nonce may stand still. */
const nonce = new Uint8Array(12)

/** The second lock with its keys at hand, for many frames. */
export type Lock = {
  /** Deterministic: the same frame under the same key gives the same bytes, so that resuming and deduplication work. */
  add(frame: Uint8Array): Uint8Array
  /** `undefined` for another passphrase's key, or when the bytes are not what was locked. */
  open(locked: Uint8Array): Uint8Array | undefined
  /** Wipes the derived keys; the lock refuses everything afterwards. The key it was made of stays its owner's. */
  [Symbol.dispose](): void
}

/**
 * The 32-byte key of the second lock: Argon2id (RFC 9106) of the passphrase, NFKD-normalised, so that it does not
 * matter which keyboard typed it. The salt belongs to the owner's store and is no secret. `invalid.passphrase`,
 * `invalid.salt`, and `limit.passphrase-cost` for parameters beyond 1 GiB, 16 passes, 16 lanes.
 */
export async function deriveLockKey(
  passphrase: string,
  salt16: Uint8Array,
  params: VaultParams = vaultParamsDefault,
): Promise<Uint8Array> {
  if (passphrase.length === 0)
    throw new Fault('invalid.passphrase', 'The second lock needs a passphrase of at least one character.')
  if (salt16.length !== saltBytes)
    throw new Fault('invalid.salt', `The second lock's salt has ${saltBytes} bytes, not ${salt16.length}.`)
  checkParams(params)
  const password = fromUtf8(passphrase.normalize('NFKD'))
  try {
    return await primitives.argon2id(password, salt16, { ...params, length: keyBytes })
  } finally {
    wipe(password)
  }
}

/**
 * A layer under Qlock's own, with another cipher (ChaCha20-Poly1305) and a key that the identity alone does not
 * give. Locked = tag || ChaCha20-Poly1305(key of the tag, nonce 0, frame), where tag = keyed BLAKE3 of the frame.
 */
export function createLock(lockKey: Uint8Array): Lock {
  if (lockKey.length !== keyBytes)
    throw new Fault('invalid.key', `The second lock's key has ${keyBytes} bytes, not ${lockKey.length}.`)
  const tagKey = deriveSecret(lockKey, 'q/v1/lock2/id')
  const rootKey = deriveSecret(lockKey, 'q/v1/lock2/key')
  let isDisposed = false
  const checkUsable = (): void => {
    if (isDisposed)
      throw new Fault('internal.disposed', 'This second lock was disposed of before it was used.')
  }
  return {
    add(frame) {
      checkUsable()
      const tag = primitives.blake3Keyed(tagKey, frame)
      const key = frameKeyOf(rootKey, tag)
      const locked = concatBytes(tag, primitives.chachaSeal(key, nonce, frame))
      wipe(key)
      return locked
    },
    open(locked) {
      checkUsable()
      if (locked.length < lockOverheadBytes) return undefined
      const tag = locked.subarray(0, tagBytes)
      const key = frameKeyOf(rootKey, tag)
      const frame = primitives.chachaOpen(key, nonce, locked.subarray(tagBytes))
      wipe(key)
      // Poly1305 alone does not commit to its key; the tag does.
      return frame !== undefined && equalBytes(primitives.blake3Keyed(tagKey, frame), tag) ? frame : undefined
    },
    [Symbol.dispose]() {
      isDisposed = true
      wipe(tagKey, rootKey)
    },
  }
}

/** `createLock(lockKey).add(frame)`, for one frame. */
export function addLock(lockKey: Uint8Array, frame: Uint8Array): Uint8Array {
  using lock = createLock(lockKey)
  return lock.add(frame)
}

/** `createLock(lockKey).open(locked)`, for one frame. */
export function openLock(lockKey: Uint8Array, locked: Uint8Array): Uint8Array | undefined {
  using lock = createLock(lockKey)
  return lock.open(locked)
}

function checkParams({ memoryKiB, passes, lanes }: VaultParams): void {
  const isWithin = (value: number, min: number, max: number): boolean =>
    Number.isInteger(value) && value >= min && value <= max
  const areWithin =
    isWithin(passes, 1, paramsMax.passes) &&
    isWithin(lanes, 1, paramsMax.lanes) &&
    isWithin(memoryKiB, 8 * lanes, paramsMax.memoryKiB)
  if (areWithin) return
  throw new Fault(
    'limit.passphrase-cost',
    `Deriving the second lock's key would take ${memoryKiB} KiB, ${passes} passes and ${lanes} lanes. At most ${paramsMax.memoryKiB}, ${paramsMax.passes} and ${paramsMax.lanes} are done.`,
  )
}

function frameKeyOf(rootKey: Uint8Array, tag: Uint8Array): Uint8Array {
  const keyed = concatBytes(rootKey, tag)
  const key = deriveSecret(keyed, 'q/v1/lock2/frame')
  wipe(keyed)
  return key
}
