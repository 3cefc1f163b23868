import { equalBytes } from '@anarq/bytes'
import { asFault, Fault } from '@anarq/fault'
import { type PutFile, type PutItem, type Sealed, store } from '@anarq/flows'
import { cidKey, digestOf } from '@anarq/ipld'
import type { Change, Entry } from '@anarq/qindex'
import { createObjectId } from '@anarq/qnt'
import type { PutOptions, PutReport } from '../operations.ts'
import { createEnvelopes, ownerOf } from './envelopes.ts'
import { createPlaces, type FolderFacts, type Places } from './places.ts'
import type { PutContext, PutFor } from './put.ts'
import {
  auditOf,
  auditOfMarks,
  fieldsMissing,
  fieldsOf,
  lockCostOf,
  metadataOf,
  type PutFacts,
} from './put-facts.ts'
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
  folder(path: string, facts: FolderFacts): void
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

  /** Not what is stored already, and not what would take a second lock off unsaid. */
  const isWanted = (file: PutFile): boolean => {
    const known = version ?? places.known(file.path)
    if (known === undefined) return true
    const isStored = known.bytes === file.bytes && known.modifiedMs === file.modifiedMs && known !== version
    if (isStored && options.isThorough !== true && (options.lock === undefined || known.isLocked)) {
      keeper.mark(known)
      tally.unchanged()
      return false
    }
    if (options.lock !== undefined || !known.isLocked) return true
    tally.skip(file.path, lockStays(file.path))
    return false
  }

  return {
    async *select(items) {
      for await (const batch of items) {
        yield batch.filter((item) => item.kind !== 'file' || isWanted(item))
      }
    },
    chunkSecretOf(file) {
      const id = version?.id ?? places.known(file.path)?.id
      const own = id && space.chunkSecrets.of(id)
      if (own !== undefined || !branches.book.hasFolders()) return own
      const branch = branches.branchOf(id ?? places.deepest(file.path))
      return branch === undefined ? undefined : branches.chunkSecretOf(branch)
    },
    folder(path, facts) {
      try {
        places.folder(path, facts)
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

function lockStays(path: string): Fault {
  return new Fault(
    'conflict.lock',
    `${path} is kept under a second lock, and this would take it off, so it was left as it is. Give the lock's passphrase with it (--second-lock, or --lock-file FILE), or put it under another name.`,
  )
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
  const envelopes = createEnvelopes(ports.sealer, ownerOf(space), nowMs)
  const facts = putFactsOf(options, context)
  /** Places of files that wait for their commit, and of those whose commit is under way. */
  let taken = new Set<string>()
  let committing: ReadonlySet<string> = taken
  /** Of files whose content was there already. */
  let marks: Change[] = []
  const commits = createCommits(commitTaken)
  let since = { files: 0, bytes: 0 }

  function placeOf(path: string): { name: string; parent: Uint8Array | null; key: string } {
    const { folder, name } = places.split(path)
    const parent = version === undefined ? places.inner(folder) : (version.parent ?? null)
    return { name, parent, key: keyOf(parent, name) }
  }

  /** Takes what there is at once, so that what comes from now on belongs to the next one. */
  async function commitTaken(): Promise<void> {
    const draining = envelopes.drain()
    const marked = marks
    const others = [...places.takeChanges(), ...marked]
    marks = []
    committing = taken
    taken = new Set()
    since = { files: 0, bytes: 0 }
    const checked = await draining
    if (checked.length === 0 && others.length === 0) return
    await store(checked, { blocks: ports.blocks, index: space.index, others, signal: options.signal })
    await space.refresh()
    places.committed()
    const commit = space.index.head()?.cid.toString() ?? ''
    await space.record([...auditOf(checked, { commit, by }), ...auditOfMarks(marked)])
  }

  function mark(entry: Entry): void {
    const set = fieldsMissing(entry, facts)
    const key = keyOf(entry.parent ?? null, entry.name)
    if (set === undefined || taken.has(key)) return
    taken.add(key)
    marks.push({ id: entry.id, kind: 'file', set })
    since.files += 1
  }

  return {
    isDue: (): boolean => since.files >= commitFiles || since.bytes >= commitBytes,
    mark,
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
        if (before !== undefined) mark(before)
        tally.unchanged()
        return
      }
      taken.add(key)
      const id = before?.id ?? createObjectId(ports.random)
      const metadata = metadataOf(file, name, isLocked, facts)
      const set = fieldsOf(sealed, metadata.type, before === undefined ? { name, parent } : undefined, facts)
      envelopes.add({
        sealed,
        request: {
          id,
          sequence: latest === undefined ? 0 : latest.sequence + 1,
          ...(latest === undefined ? {} : { previous: digestOf(latest.cid) }),
          body: { digest, ...rest },
          metadata,
        },
        change: { id, kind: 'file', set },
      })
      since.files += 1
      since.bytes += body.plainBytes
      tally.kept(id, file.path)
    },
    beginCommit: commits.begin,
    commit: commits.whole,
    settled: () => commits.running().catch(() => {}),
  }
}

function putFactsOf(
  { tags = [], isDecoy = false }: PutOptions,
  { space, ports, nowMs }: KeeperContext,
): PutFacts {
  const { lockSalt } = space.identity.secrets
  return { nowMs, tags, isDecoy, lockSalt, lockCost: lockCostOf(ports) }
}

function keyOf(parent: Uint8Array | null, name: string): string {
  return `${parent === null ? '' : cidKey(parent)}/${name}`
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
