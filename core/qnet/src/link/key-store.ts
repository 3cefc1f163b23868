import { wipe } from '@anarq/qlock'

/** The secrets of one key. */
export const slotBytes = 76
const slotsPerSlab = 512
export const slabBytes: number = slotsPerSlab * slotBytes

/**
 * Memory for the secrets of many keys in one piece: a buffer for each key would cost a relay of a hundred thousand links more than
 * all else that a link is. The collector moves none of it about either, so what is wiped is gone.
 */
export type Slab = { readonly bytes: Uint8Array; readonly free: number[] }

/** Those with room; a full one is held by the keys in it. */
let slabs: Slab[] = []

export function takeSlot(): { readonly slab: Slab; readonly at: number } {
  const slab = slabs.at(-1) ?? createSlab()
  const at = slab.free.pop() as number
  if (slab.free.length === 0) slabs.pop()
  return { slab, at }
}

export function giveSlotBack(slab: Slab, at: number): void {
  wipe(slab.bytes.subarray(at, at + slotBytes))
  if (slab.free.length === 0) slabs.push(slab)
  slab.free.push(at)
  if (slab.free.length === slotsPerSlab && slabs.length > 1) slabs = slabs.filter((one) => one !== slab)
}

function createSlab(): Slab {
  const slab = {
    bytes: new Uint8Array(slabBytes),
    free: Array.from({ length: slotsPerSlab }, (_, slot) => slot * slotBytes),
  }
  slabs.push(slab)
  return slab
}
