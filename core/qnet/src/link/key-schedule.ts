import { concatBytes } from '@anarq/bytes'
import { primitives, wipe } from '@anarq/qlock'
import { expandLabel, FrameKey } from './frame-key.ts'

const zeroSalt = new Uint8Array(32)

/** The keys of a link between two exchanges: one for each direction, and the root that the next exchange is mixed into. */
export type LinkKeys = {
  readonly fromInitiator: FrameKey
  readonly fromResponder: FrameKey
  readonly root: Uint8Array
}

/** Betanet 1.2, section 5.3: from what both sides know alone. The material is wiped. */
export function firstKeys(material: Uint8Array): LinkKeys {
  return keysOf(primitives.hmacSha256(zeroSalt, material), material)
}

/**
 * The same from a fresh exchange: who holds the old root but not the fresh secrets learns nothing of the new keys, nor who
 * learns the fresh secrets but does not hold the root. Old root and secrets are wiped.
 */
export function nextKeys(
  root: Uint8Array,
  secrets: readonly [agreed: Uint8Array, encapsulated: Uint8Array],
  transcript: Uint8Array,
): LinkKeys {
  const material = concatBytes(...secrets, primitives.sha256(transcript))
  const keys = keysOf(primitives.hmacSha256(root, material), material)
  wipe(root, ...secrets)
  return keys
}

function keysOf(base: Uint8Array, material: Uint8Array): LinkKeys {
  const keys = {
    fromInitiator: new FrameKey(expandLabel(base, 'ts_c', 32)),
    fromResponder: new FrameKey(expandLabel(base, 'ts_s', 32)),
    root: expandLabel(base, 'anarq root', 32),
  }
  wipe(base, material)
  return keys
}
