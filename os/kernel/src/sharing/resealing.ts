import { fromHex } from '@anarq/bytes'
import { asFault, hasCode } from '@anarq/fault'
import type { Cid } from '@anarq/ipld'
import { aboutOf } from '../drive/about.ts'
import { type Found, factsOf, isShown } from '../drive/resolve.ts'
import type { GrantFacts, ResealProgress, ResealReport, SharingOperations } from '../operations.ts'
import type { SharingContext } from './context.ts'
import { type Resealed, resealFile } from './reseal.ts'

type Options = NonNullable<Parameters<SharingOperations['revokeHard']>[1]>

/**
 * Takes a grant back, seals what it named anew, and takes the old blocks out of the store: whoever kept the old keys
 * finds nothing there that they open. Each file is done or as it was. Whatever stops it, the grant is revoked, and the
 * same call begins again.
 */
export async function revokeHard(
  context: SharingContext,
  revoke: () => Promise<GrantFacts>,
  { onProgress = () => {}, signal }: Options,
): Promise<ResealReport> {
  const { view } = context.office.space
  const grant = await revoke()
  const work = createWork(onProgress)
  for (const found of filesOf(context, grant)) {
    signal?.throwIfAborted()
    const file = work.begin(factsOf(view, found).path)
    try {
      file.done(await resealOne(context, { found, grant, onBytes: file.onBytes, signal }))
    } catch (error) {
      // What is damaged in one file is no reason to leave the others as they are.
      if (!hasCode(error, 'damaged') && !hasCode(error, 'missing')) throw error
      file.skip(error)
    }
  }
  return { grant, ...work.totals(), ...(await bury(context, work, signal)), skipped: work.skipped }
}

/** What the grant names: a file, or all that lies in a folder now, its trash included. */
function filesOf({ office }: SharingContext, { object }: GrantFacts): readonly Found[] {
  const { view } = office.space
  const start = view.entry(fromHex(object))
  if (start === undefined || !isShown(start)) return []
  if (start.kind === 'file') return [start]
  const below = view.search({ below: start.id, kind: 'file', limit: Number.MAX_SAFE_INTEGER })
  return below.filter(isShown)
}

type One = {
  found: Found
  grant: GrantFacts
  onBytes(bytes: number): void
  signal: AbortSignal | undefined
}

async function resealOne(
  { office, ports }: SharingContext,
  { found, grant, onBytes, signal }: One,
): Promise<Resealed> {
  const { authority, space } = office
  const about = aboutOf(space.view, found)
  const { flow, request } = await authority.own({ action: '/qnt/write', object: found.id, about })
  const done = await resealFile(office, ports, found, { onBytes, signal }).catch((error: unknown) => {
    flow.end('failed', asFault(error).code)
    throw error
  })
  flow.end('ok')
  await space.record([
    {
      action: 'object.reseal',
      object: request.object,
      verdict: 'ok',
      flow: flow.id,
      details: { versions: done.versions, bytes: done.bytes, grant: grant.id },
    },
  ])
  return done
}

/** What nothing stands on any more goes; what other files of the same content need stays, and is counted. */
async function bury(
  { ports, compact }: SharingContext,
  { old, tellBurying, skip }: Work,
  signal: AbortSignal | undefined,
): Promise<Pick<ResealReport, 'buriedBlocks' | 'keptBlocks'>> {
  let keptBlocks = 0
  if (old.size > 0) {
    tellBurying()
    await compact(signal).catch((error: unknown) => {
      signal?.throwIfAborted()
      skip('', error)
    })
    for (const cid of old.values()) if (await ports.blocks.has(cid)) keptBlocks += 1
  }
  return { buriedBlocks: old.size - keptBlocks, keptBlocks }
}

type Work = ReturnType<typeof createWork>

/** What is done, and what is told of it on the way. */
function createWork(onProgress: (progress: ResealProgress) => void) {
  const totals = { files: 0, versions: 0, bytes: 0 }
  const skipped: ResealReport['skipped'][number][] = []
  const old = new Map<string, Cid>()
  const tell = (stage: ResealProgress['stage'], path: string, bytes: number): void =>
    onProgress({ stage, path, bytes, files: totals.files })
  const skip = (path: string, error: unknown): void => {
    const { code, message } = asFault(error)
    skipped.push({ path, code, sentence: message })
  }
  return {
    old,
    skipped,
    skip,
    totals: () => totals,
    tellBurying: () => tell('burying', '', totals.bytes),
    begin(path: string) {
      let { bytes } = totals
      tell('waiting', path, bytes)
      return {
        onBytes(more: number): void {
          bytes += more
          tell('sealing', path, bytes)
        },
        done(done: Resealed): void {
          totals.files += 1
          totals.versions += done.versions
          totals.bytes += done.bytes
          for (const [key, cid] of done.old) old.set(key, cid)
        },
        skip: (error: unknown) => skip(path, error),
      }
    },
  }
}
