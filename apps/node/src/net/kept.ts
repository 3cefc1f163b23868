import { Fault, hasCode } from '@anarq/fault'
import { decodeCbor, encodeCbor, readBytes, readFields } from '@anarq/ipld'
import type { SmallFile } from '@anarq/kernel'
import { deriveSecret, openBox, sealBox, wipe } from '@anarq/qlock'
import type { World } from '@anarq/qnet'

export const keptParts = ['branches', 'guards', 'onion', 'peers', 'swarm'] as const
export type KeptPart = (typeof keptParts)[number]

/** What a node knows of the network and needs again after a restart: small, sealed, and none of it beyond repair. */
export type Kept = {
  get(part: KeptPart): Uint8Array | undefined
  /** Written a few seconds later, together with what else changed by then. */
  set(part: KeptPart, bytes: Uint8Array): void
  /** Writes what is not written yet. */
  close(): Promise<void>
}

export type KeptOptions = {
  readonly file: SmallFile
  /** Of this device; the key of the file is derived from it. */
  readonly secret: Uint8Array
  readonly world: World
  onFault(fault: Fault): void
}

const context = 'anarq kept network state v1'
const partBytesMax = 1024 * 1024
const writeAfterMs = 5_000

/** A file that does not read is told of and left behind: the network is learned again. */
export async function openKept({ file, secret, world, onFault }: KeptOptions): Promise<Kept> {
  const key = deriveSecret(secret, 'anarq/node/v1/kept')
  const parts = await readParts(file, key, onFault)
  let stopTimer: (() => void) | undefined
  let isWritten = true
  let writing: Promise<void> = Promise.resolve()

  const write = (): Promise<void> => {
    stopTimer?.()
    stopTimer = undefined
    isWritten = true
    const sealed = sealBox(key, encodeCbor(Object.fromEntries(parts)), { context, random: world.random })
    writing = writing.then(() => file.write(sealed)).catch((error: Fault) => onFault(error))
    return writing
  }
  return {
    get: (part) => parts.get(part),
    set(part, bytes) {
      if (bytes.length > partBytesMax) throw new Fault('internal.kept', `${part} is too much to keep.`)
      parts.set(part, bytes.slice())
      isWritten = false
      stopTimer ??= world.after(writeAfterMs, () => void write())
    },
    async close() {
      if (!isWritten) await write()
      await writing
      wipe(key)
    },
  }
}

async function readParts(
  file: SmallFile,
  key: Uint8Array,
  onFault: (fault: Fault) => void,
): Promise<Map<KeptPart, Uint8Array>> {
  const parts = new Map<KeptPart, Uint8Array>()
  try {
    const sealed = await file.read()
    if (sealed === undefined) return parts
    const plain = openBox(key, sealed, { context })
    // Another device's, or another identity's that had this home before.
    if (plain === undefined) return parts
    const fields = readFields(decodeCbor(plain), keptParts, 'The kept network state')
    for (const part of keptParts)
      if (fields[part] !== undefined) parts.set(part, readBytes(fields[part], part, { max: partBytesMax }))
  } catch (error) {
    if (!(error instanceof Fault) || hasCode(error, 'internal.error')) throw error
    onFault(error)
  }
  return parts
}
