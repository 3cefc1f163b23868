import { concatBytes, fromUtf8 } from '@anarq/bytes'
import { createLayer, type Layer, layerKeyBytes } from './layer.ts'

/** What a handshake with a hop gives: a layer for each direction, and a secret that the next handshake binds to. */
export type HopKeys = { readonly forward: Layer; readonly backward: Layer; readonly chain: Uint8Array }

export const hopKeyBytes: number = 2 * layerKeyBytes + 32
/** The version of circuits, said and answered in the handshake's messages. */
export const circuitVersion: Uint8Array = Uint8Array.of(1)

const label = fromUtf8('anarq circuit v1')

export function hopKeysOf(keys: Uint8Array): HopKeys {
  const made = {
    forward: createLayer(keys.subarray(0, layerKeyBytes)),
    backward: createLayer(keys.subarray(layerKeyBytes, 2 * layerKeyBytes)),
    chain: keys.slice(2 * layerKeyBytes),
  }
  keys.fill(0)
  return made
}

/** What both must hold for the handshake to succeed: nothing for the first one, for a rekey the secret of the one before. */
export function verificationOf(chain?: Uint8Array): Uint8Array {
  return chain === undefined ? label : concatBytes(label, chain)
}
