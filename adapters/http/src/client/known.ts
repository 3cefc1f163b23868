import { hasCode } from '@anarq/fault'
import type { EntryFacts } from '@anarq/kernel'
import type { IsKnown } from '../tar/pack-items.ts'

/** What is asked of the drive: see `DriveOperations`. */
export type Looking = {
  entry(ref: string): Promise<EntryFacts>
  walk(ref: string): AsyncIterable<EntryFacts>
}

type Facts = Pick<EntryFacts, 'bytes' | 'modifiedMs' | 'isLocked'>

/**
 * What lies already where a put goes to: one look for each folder or file that is put by name, when its turn comes, so
 * that putting a large folder again sends little more than its names. What is to get a second lock, and has none, is sent.
 */
export function knownAt(to: string, drive: Looking, { isLocking }: { isLocking: boolean }): IsKnown {
  const base = `/${to
    .split('/')
    .filter((name) => name !== '')
    .join('/')}`
  const whole = (path: string): string => (base === '/' ? `/${path}` : `${base}/${path}`)
  let folder = ''
  let inFolder: ReadonlyMap<string, Facts> = new Map()

  return async ({ path, bytes, modifiedMs }) => {
    const slash = path.indexOf('/')
    if (slash >= 0 && path.slice(0, slash) !== folder) {
      folder = path.slice(0, slash)
      inFolder = await filesBelow(drive, whole(folder))
    }
    const there = slash < 0 ? await fileAt(drive, whole(path)) : inFolder.get(whole(path))
    if (there === undefined || (isLocking && there.isLocked !== true)) return false
    return there.bytes === bytes && there.modifiedMs === modifiedMs
  }
}

async function filesBelow(drive: Looking, path: string): Promise<ReadonlyMap<string, Facts>> {
  const files = new Map<string, Facts>()
  try {
    for await (const { kind, path: at, bytes, modifiedMs, isLocked } of drive.walk(path))
      if (kind === 'file') files.set(at, { bytes, modifiedMs, ...(isLocked && { isLocked }) })
  } catch (error) {
    if (!isNothing(error)) throw error
  }
  return files
}

async function fileAt(drive: Looking, path: string): Promise<Facts | undefined> {
  try {
    const entry = await drive.entry(path)
    return entry.kind === 'file' && !entry.isTrashed ? entry : undefined
  } catch (error) {
    if (isNothing(error)) return undefined
    throw error
  }
}

/** Nothing there, or a name that cannot be: the put itself says so. */
function isNothing(error: unknown): boolean {
  return hasCode(error, 'missing') || hasCode(error, 'invalid')
}
