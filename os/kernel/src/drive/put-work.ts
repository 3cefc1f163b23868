import { equalBytes } from '@anarq/bytes'
import { asFault, type Fault } from '@anarq/fault'
import { type PutFile, type PutItem, type Sealed, store } from '@anarq/flows'
import { cidKey, digestOf } from '@anarq/ipld'
import { createObjectId } from '@anarq/qnt'
import type { PutOptions, PutReport } from '../operations.ts'
import { createEnvelopes } from './envelopes.ts'
import { createPlaces, type Places } from './places.ts'
import type { PutContext, PutFor } from './put.ts'
import { auditOf, fieldsOf, lockCostOf, metadataOf, type PutFacts } from './put-facts.ts'
import { factsOf, isShown } from './resolve.ts'
import { versionsOf } from './versions.ts'

/** A commit every so many files or bytes: what a killed put did up to there stays, and the next one skips it. */
const commitFiles = 5000
const commitBytes = 1024 * 1024 * 1024
const entriesShownMax = 1000

/** What becomes of the results of one put's flow in: changes of the index, in commits, and a report. */
export type PutWork = {
  /** Takes out what is stored already, before anything is read: same name, size and time. */
  select(items: AsyncIterable<readonly PutItem[]>): AsyncIterable<readonly PutItem[]>
  /** Of a file that gets a new version, and was sealed anew once: see `ChunkSecrets`. */
  chunkSecretOf(file: PutFile): Uint8Array | undefined
  folder(path: string, modifiedMs: number): void
  file(sealed: Sealed): Promise<void>
  skip(path: string, fault: Fault): void
  /** Files taken so far, and those that were there already. */
  files(): number
  /** Begins a commit where enough was taken, and waits for the one before it: the next files come meanwhile. */
  commitIfDue(): Promise<void>
  /** Of all that was taken; done when it resolves. */
  commit(): Promise<void>
  /** Nothing is under way any more, whatever came of it. */
  settled(): Promise<void>
  report(counts: Pick<PutReport, 'bytes' | 'newBytes' | 'newBlocks'>): PutReport
}

export function createPutWork(options: PutOptions, context: PutContext, writer?: PutFor): PutWork {
  const { space, ports, branches } = context
  const nowMs = ports.clock.nowMs()
  /** The one file that gets a new version, and the folder that everything lies below. */
  const version = writer?.into.kind === 'file' ? writer.into : undefined
  const top = writer?.into.kind === 'folder' ? writer.into.id : null
  const places = createPlaces(space, { top, to: options.to ?? '/', nowMs })
  const tally = createTally(context, places)
  const keeper = createKeeper(options, { ...context, nowMs, places, version, tally, by: writer?.by })
  const skipInvalid = (path: string, error: unknown): void => {
    // A name that cannot be kept leaves that file out; anything else ends the put.
    const fault = asFault(error)
    if (!fault.code.startsWith('invalid.')) throw error
    tally.skip(path, fault)
  }

  return {
    async *select(items) {
      for await (const batch of items) {
        yield options.isThorough === true ? batch : batch.filter((item) => !isStored(item, places, tally))
      }
    },
    chunkSecretOf(file) {
      const id = version?.id ?? places.known(file.path)?.id
      const own = id && space.chunkSecrets.of(id)
      if (own !== undefined || !branches.book.hasFolders()) return own
      const branch = branches.branchOf(id ?? places.deepest(file.path))
      return branch === undefined ? undefined : branches.chunkSecretOf(branch)
    },
    folder(path, modifiedMs) {
      try {
        places.folder(path, modifiedMs)
      } catch (error) {
        skipInvalid(path, error)
      }
    },
    async file(sealed) {
      try {
        await keeper.keep(sealed)
      } catch (error) {
        skipInvalid(sealed.file.path, error)
      }
    },
    skip: tally.skip,
    files: tally.files,
    async commitIfDue() {
      if (keeper.isDue()) await keeper.beginCommit()
    },
    commit: keeper.commit,
    settled: keeper.settled,
    report: tally.report,
  }
}

function isStored(item: PutItem, places: Places, tally: Tally): boolean {
  if (item.kind !== 'file') return false
  const known = places.known(item.path)
  if (known === undefined || known.bytes !== item.bytes || known.modifiedMs !== item.modifiedMs) return false
  tally.unchanged()
  return true
}

/** What the report will say. */
type Tally = {
  kept(id: Uint8Array, path: string): void
  unchanged(): void
  skip(path: string, fault: Fault): void
  files(): number
  report: PutWork['report']
}

function createTally({ space: { view } }: PutContext, places: Places): Tally {
  let files = 0
  let unchanged = 0
  const skipped: PutReport['skipped'][number][] = []
  const shown: Uint8Array[] = []
  return {
    kept(id, path) {
      files += 1
      if (!path.includes('/') && shown.length < entriesShownMax) shown.push(id)
    },
    unchanged() {
      unchanged += 1
    },
    skip: (path, { code, message }) => void skipped.push({ path, code, sentence: message }),
    files: () => files + unchanged,
    report(counts) {
      const entries = shown.flatMap((id) => {
        const entry = view.entry(id)
        return entry !== undefined && isShown(entry) ? [factsOf(view, entry)] : []
      })
      return { files, folders: places.foldersMade(), unchanged, ...counts, skipped, entries }
    },
  }
}

type KeeperContext = PutContext & {
  nowMs: number
  places: Places
  version: PutFor['into'] | undefined
  tally: Tally
  /** Who writes, where it is not the owner. */
  by: string | undefined
}

/** Gives each file its place, id and sequence, and commits them together. */
function createKeeper(options: PutOptions, context: KeeperContext) {
  const { space, ports, nowMs, places, version, tally, by } = context
  const { secrets, record } = space.identity
  const owner = { did: space.did, kek: secrets.kek, epoch: record.epoch }
  const envelopes = createEnvelopes(ports.sealer, owner, nowMs)
  const facts: PutFacts = {
    nowMs,
    tags: options.tags ?? [],
    isDecoy: options.isDecoy === true,
    lockSalt: secrets.lockSalt,
    lockCost: lockCostOf(context.ports),
  }
  /** Places of files that wait for their commit, and of those whose commit is under way. */
  let taken = new Set<string>()
  let committing: ReadonlySet<string> = taken
  const commits = createCommits(commitTaken)
  let files = 0
  let bytes = 0

  function placeOf(path: string): { name: string; parent: Uint8Array | null; key: string } {
    const { folder, name } = places.split(path)
    const parent = version === undefined ? places.inner(folder) : (version.parent ?? null)
    return { name, parent, key: `${parent === null ? '' : cidKey(parent)}/${name}` }
  }

  /** Takes what there is at once, so that what comes from now on belongs to the next one. */
  async function commitTaken(): Promise<void> {
    const draining = envelopes.drain()
    const others = places.takeChanges()
    committing = taken
    taken = new Set()
    files = 0
    bytes = 0
    const checked = await draining
    if (checked.length === 0 && others.length === 0) return
    await store(checked, { blocks: ports.blocks, index: space.index, others, signal: options.signal })
    await space.refresh()
    places.committed()
    await space.record(auditOf(checked, { commit: space.index.head()?.cid.toString() ?? '', by }))
  }

  return {
    isDue: (): boolean => files >= commitFiles || bytes >= commitBytes,
    async keep(sealed: Sealed): Promise<void> {
      const { file, body, flow, isLocked } = sealed
      const { name, parent, key } = placeOf(file.path)
      // The same name twice in one put: the first becomes visible before it gets its next version.
      if (taken.has(key)) await commits.whole()
      else if (committing.has(key)) await commits.running()
      const before = version ?? places.fileAt(parent, name)
      const latest = before === undefined ? undefined : (await versionsOf(space, before.id))[0]
      const { cid, ...rest } = body
      const digest = digestOf(cid)
      const isSameTime = [latest?.modifiedMs, before?.modifiedMs].every((ms) => ms === file.modifiedMs)
      if (latest !== undefined && equalBytes(latest.root, digest) && isSameTime) {
        flow.end('failed', 'unchanged')
        tally.unchanged()
        return
      }
      taken.add(key)
      const id = before?.id ?? createObjectId(ports.random)
      const metadata = metadataOf(file, name, isLocked, facts)
      const place = before === undefined ? { name, parent } : undefined
      envelopes.add({
        sealed,
        request: {
          id,
          sequence: latest === undefined ? 0 : latest.sequence + 1,
          ...(latest === undefined ? {} : { previous: digestOf(latest.cid) }),
          body: { digest, ...rest },
          metadata,
        },
        change: { id, kind: 'file', set: fieldsOf(sealed, metadata.type, place, facts) },
      })
      files += 1
      bytes += body.plainBytes
      tally.kept(id, file.path)
    },
    beginCommit: commits.begin,
    commit: commits.whole,
    settled: () => commits.running().catch(() => {}),
  }
}

/** One commit after another: each begins when the one before has ended, and only who must waits for it. */
function createCommits(act: () => Promise<void>) {
  let running: Promise<void> = Promise.resolve()
  const begin = async (): Promise<void> => {
    await running
    running = act()
    // Whoever waits for it next is told; until then a rejection has its handler here.
    running.catch(() => {})
  }
  return {
    begin,
    running: (): Promise<void> => running,
    async whole(): Promise<void> {
      await begin()
      await running
    },
  }
}
