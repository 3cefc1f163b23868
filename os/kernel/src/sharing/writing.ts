import { toHex } from '@anarq/bytes'
import { asFault, Fault, type FaultCode } from '@anarq/fault'
import type { PutFile, PutFolder, PutItem } from '@anarq/flows'
import { checkName } from '@anarq/qindex'
import type { Candidate } from '@anarq/qonsent'
import { aboutOf } from '../drive/about.ts'
import { type Found, isShown } from '../drive/resolve.ts'
import type { EntryFacts, PutReport } from '../operations.ts'
import { type Asked, ask } from './asking.ts'
import type { SharingContext } from './context.ts'

/**
 * A new version of a file, or files put into a folder, by somebody else and under the owner's keys: the owner's node
 * decides, then takes them in like its own.
 */
export async function writePing(
  context: SharingContext,
  bytes: Uint8Array,
  items: AsyncIterable<readonly PutItem[]>,
  { purpose, signal }: { purpose?: string; signal?: AbortSignal | undefined },
): Promise<PutReport> {
  const asked = await ask(context, bytes, { action: '/qnt/write', purpose })
  return takeFor(asked, items, signal)
}

/** The owner's side alone, for who asked and was allowed. */
export async function takeFor(
  asked: Asked,
  items: AsyncIterable<readonly PutItem[]>,
  signal: AbortSignal | undefined,
): Promise<PutReport> {
  asked.authorised.flow.end('ok')
  const { owner, found, reader } = asked
  const by = reader.did
  const taken = found.kind === 'folder' ? allowedInto(asked, items, by) : items
  const report = await owner.putFor(found, taken, { by, signal })
  return { ...report, entries: report.entries.map((entry) => asSeenBelow(asked, entry)) }
}

/** What the permission does not give, or not any more, is left out and said so. */
async function* allowedInto(
  asked: Asked,
  items: AsyncIterable<readonly PutItem[]>,
  by: string,
): AsyncIterable<readonly PutItem[]> {
  for await (const batch of items) {
    const taken: PutItem[] = []
    for (const item of batch) {
      const fault = item.kind === 'skipped' ? undefined : await refusalOf(asked, item, by)
      taken.push(fault === undefined ? item : { kind: 'skipped', path: item.path, fault })
    }
    yield taken
  }
}

async function refusalOf(
  asked: Asked,
  { kind, path }: PutFile | PutFolder,
  by: string,
): Promise<Fault | undefined> {
  const { owner, authorised, grant } = asked
  let part: Candidate
  try {
    const there = deepest(asked, path.split('/').map(checkName), kind)
    if (there.isDecoy) owner.onDecoy(there.id, by, 'open')
    part = partOf(asked, there)
  } catch (error) {
    return asFault(error)
  }
  const { verdict, code, sentence } = await owner.qonsent.judgePart(authorised, part, [grant.delegation])
  return verdict === 'allow' ? undefined : new Fault(code as FaultCode, sentence)
}

/** The file that would get a new version, or the last folder on the way that is there already. */
function deepest(
  { owner: { space }, found }: Asked,
  names: readonly string[],
  kind: 'file' | 'folder',
): Found {
  let at = found
  for (const [i, name] of names.entries()) {
    const wanted = i === names.length - 1 ? kind : 'folder'
    const next = space.view.childByName(at.id, name).find((entry) => entry.kind === wanted)
    if (next === undefined || !isShown(next)) break
    at = next
  }
  return at
}

/** A file as the index knows it; what is new, as something that lies in that folder. */
function partOf({ owner: { space } }: Asked, there: Found): Candidate {
  const { folders = [], ...about } = aboutOf(space.view, there)
  const id = toHex(there.id)
  const isNew = there.kind === 'folder'
  return {
    object: id,
    about: isNew ? { ...about, tags: [], folders: [id, ...folders] } : { ...about, folders },
  }
}

/** Where the owner keeps it is nobody's business: the writer sees it below what was shared. */
function asSeenBelow({ owner, found }: Asked, entry: EntryFacts): EntryFacts {
  const path = found.kind === 'folder' ? `${found.name}/${entry.name}` : entry.name
  return { ...entry, path, tags: [], versions: 1, owner: owner.space.did }
}
