import { once } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { type PutFile, streamContent } from '@anarq/flows'
import type { DriveOperations, EntryFacts, PutOptions, PutReport } from '../operations.ts'

/** `/a/b.txt` as the folder that receives and the name in it; `invalid.path` for the root folder, which has none. */
export function placeOfFile(path: string): { readonly folder: string; readonly name: string } {
  const slash = path.lastIndexOf('/')
  const name = path.slice(slash + 1)
  if (name === '') throw new Fault('invalid.path', 'The root folder has no name of its own.')
  return { folder: path.slice(0, slash) || '/', name }
}

/** Puts one file at its path. What the drive leaves out of many is a fault where it is all there is. */
export async function putOne(
  drive: Pick<DriveOperations, 'put'>,
  path: string,
  file: Omit<PutFile, 'kind' | 'path'>,
  options: Omit<PutOptions, 'to' | 'isThorough'> = {},
): Promise<PutReport> {
  const { folder, name } = placeOfFile(path)
  const item = { kind: 'file' as const, ...file, path: name }
  const report = await drive.put(once([item]), { ...options, to: folder, isThorough: true })
  const [skipped] = report.skipped
  if (skipped !== undefined) throw new Fault(skipped.code, skipped.sentence)
  return report
}

/** The same of a file that is in memory; equal content is no new version. */
export async function putWhole(
  drive: Pick<DriveOperations, 'put' | 'entry'>,
  path: string,
  bytes: Uint8Array,
  {
    type,
    modifiedMs,
    signal,
  }: { type?: string | undefined; modifiedMs: number; signal?: AbortSignal | undefined },
): Promise<{ readonly entry: EntryFacts; readonly isUnchanged: boolean }> {
  const file = {
    bytes: bytes.length,
    modifiedMs,
    content: streamContent(once(bytes)),
    ...(type === undefined ? {} : { type }),
  }
  const { entries, unchanged } = await putOne(drive, path, file, { signal })
  return { entry: entries[0] ?? (await drive.entry(path)), isUnchanged: unchanged > 0 }
}
