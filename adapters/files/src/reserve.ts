import { randomBytes } from 'node:crypto'
import { stat, unlink, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { freeBytesAt } from './disk.ts'

/** Room that is held for the day on which the disk is full: to delete something takes some. */
export type Reserve = {
  /** False where there was none. It is held again at a later start, when there is room. */
  giveUp(): Promise<boolean>
}

const reserveBytes = 2 * 1024 * 1024
/** On a disk with less than this it would be missing elsewhere. */
const freeBytesMin = 16 * reserveBytes

/** Without one it goes on too, whatever the reason. */
export async function openReserve(path: string): Promise<Reserve> {
  await hold(path).catch(() => unlink(path).catch(() => {}))
  return {
    giveUp: () =>
      unlink(path).then(
        () => true,
        () => false,
      ),
  }
}

async function hold(path: string): Promise<void> {
  const held = await stat(path).catch(() => undefined)
  if (held?.size === reserveBytes) return
  if ((await freeBytesAt(dirname(path))) < freeBytesMin) return
  // Nothing that a disk could make smaller.
  await writeFile(path, randomBytes(reserveBytes), { mode: 0o600 })
}
