import { close, constants, open } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { packFileName, type SeriesName } from './location.ts'

const openFile = promisify(open)
const closeFile = promisify(close)

export type OpenFile = {
  readonly fd: number
  /** True until the file's name in its folder is durable. */
  isNew: boolean
}

/** The open files of a series: as many as the limit, those used last. */
export type OpenFiles = {
  use<T>(pack: number, act: (file: OpenFile) => Promise<T>, flags?: number): Promise<T>
  /** The file where it is open already, for a read that is over before anything else happens. */
  now(pack: number): OpenFile | undefined
  /** Closes the file; readers that are under way finish first. */
  forget(pack: number): Promise<void>
  close(): Promise<void>
}

type Slot = {
  readonly file: Promise<OpenFile>
  opened?: OpenFile
  users: number
  isNew: boolean
  isGone: boolean
}

export type OpenFilesOptions = { directory: string; series: SeriesName; openMax?: number }

export function createOpenFiles({ directory, series, openMax = 64 }: OpenFilesOptions): OpenFiles {
  const slots = new Map<number, Slot>()

  function take(pack: number, flags: number): Slot {
    let slot = slots.get(pack)
    if (slot === undefined) {
      closeOldest(slots, openMax)
      const file = openFile(join(directory, packFileName(series, pack)), flags).then((fd) => ({
        fd,
        isNew: false,
      }))
      slot = { file, users: 0, isNew: false, isGone: false }
    }
    slots.delete(pack)
    slots.set(pack, slot)
    slot.users += 1
    return slot
  }

  return {
    async use(pack, act, flags = constants.O_RDWR) {
      const slot = take(pack, flags)
      try {
        const file = await slot.file.catch((error: unknown) => {
          if (slots.get(pack) === slot) slots.delete(pack)
          throw error
        })
        slot.opened = file
        const result = await act(file)
        slot.isNew = file.isNew
        return result
      } finally {
        slot.users -= 1
        if (slot.isGone && slot.users === 0) await closeSlot(slot)
      }
    },
    now: (pack) => slots.get(pack)?.opened,
    async forget(pack) {
      const slot = slots.get(pack)
      slots.delete(pack)
      if (slot !== undefined) await retire(slot)
    },
    async close() {
      const open = [...slots.values()]
      slots.clear()
      await Promise.all(open.map(retire))
    },
  }
}

/** Makes room for one more; the map is in order of last use. A new file stays until its name is durable. */
function closeOldest(slots: Map<number, Slot>, openMax: number): void {
  if (slots.size < openMax) return
  for (const [pack, slot] of slots) {
    if (slot.users > 0 || slot.isNew) continue
    slots.delete(pack)
    void retire(slot)
    return
  }
}

/** Closes now, or when its last user is done. */
async function retire(slot: Slot): Promise<void> {
  slot.isGone = true
  if (slot.users === 0) await closeSlot(slot)
}

async function closeSlot(slot: Slot): Promise<void> {
  const file = await slot.file.catch(() => undefined)
  if (file !== undefined) await closeFile(file.fd)
}
