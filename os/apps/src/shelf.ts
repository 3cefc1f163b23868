import { concatBytes } from '@anarq/bytes'
import type { Clock } from '@anarq/clock'
import { Fault } from '@anarq/fault'
import type { DriveOperations } from '@anarq/kernel'
import { type Archive, type Package, packageBytesMax, readPackage } from '@anarq/wxa'

export type OpenArchive = (bytes: Uint8Array) => Archive | Promise<Archive>

/** Packages as they lie in the drive, opened and verified; the ones used last stay at hand. */
export type Shelf = {
  /** Anybody's package, at any place of the drive. */
  open(path: string, options: { allowsUnsigned: boolean }): Promise<{ package: Package; bytes: Uint8Array }>
  /** One that was verified when it was installed, and lies in the sealed drive since. */
  installed(path: string): Promise<Package>
  forget(path: string): void
}

const heldMax = 8
const heldBytesMax = 128 * 1024 * 1024

export function createShelf({
  drive,
  openArchive,
  clock,
}: {
  drive: DriveOperations
  openArchive: OpenArchive
  clock: Clock
}): Shelf {
  const held = new Map<string, Promise<Package>>()
  const open: Shelf['open'] = async (path, { allowsUnsigned }) => {
    const bytes = await readWhole(drive, path, packageBytesMax)
    const archive = await openArchive(bytes)
    return { package: await readPackage(archive, { nowMs: clock.nowMs(), allowsUnsigned }), bytes }
  }
  return {
    open,
    async installed(path) {
      const known = held.get(path) ?? open(path, { allowsUnsigned: true }).then((one) => one.package)
      held.delete(path)
      held.set(path, known)
      known.catch(() => held.delete(path))
      await trim(held)
      return known
    },
    forget: (path) => void held.delete(path),
  }
}

async function trim(held: Map<string, Promise<Package>>): Promise<void> {
  let bytes = 0
  const names = [...held.keys()].reverse()
  for (const [i, name] of names.entries()) {
    bytes += (await held.get(name)?.catch(() => undefined))?.bytes ?? 0
    if (i > 0 && (i >= heldMax || bytes > heldBytesMax)) held.delete(name)
  }
}

/** A file of the drive as one piece of memory; `limit.package-bytes` where it has more than `bytesMax`. */
export async function readWhole(drive: DriveOperations, path: string, bytesMax: number): Promise<Uint8Array> {
  const content = await drive.get(path)
  if (content.bytes > bytesMax) {
    await content.stream[Symbol.asyncIterator]().return?.()
    throw new Fault('limit.package-bytes', `${path} is too large to be what it is named for.`)
  }
  const pieces: Uint8Array[] = []
  for await (const piece of content.stream) pieces.push(piece)
  return concatBytes(...pieces)
}
