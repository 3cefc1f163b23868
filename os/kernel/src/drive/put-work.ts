import { equalBytes, toHex } from '@anarq/bytes'
import { asFault, type Fault } from '@anarq/fault'
import {
  type Checked,
  check,
  type EnvelopeRequest,
  type NamedBytes,
  type PutFile,
  type PutItem,
  register,
  type Sealed,
  store,
} from '@anarq/flows'
import { cborCodec, cidKey, cidOfDigest, digestOf } from '@anarq/ipld'
import { type Change, type Entry, type FieldValue, versionField } from '@anarq/qindex'
import { createObjectId, type Metadata } from '@anarq/qnt'
import type { PutOptions, PutReport } from '../operations.ts'
import type { SpaceEntry } from '../space.ts'
import { mediaTypeOf } from './media-type.ts'
import { createPlaces } from './places.ts'
import type { PutContext, PutFor } from './put.ts'
import { factsOf, isShown } from './resolve.ts'
import { versionsOf } from './versions.ts'

/** A commit every so many files or bytes: what a killed put did up to there stays, and the next one skips it. */
const commitFiles = 5000
const commitBytes = 1024 * 1024 * 1024
/** So many envelopes go to the sealer in one message. */
const envelopesAtOnce = 128
const entriesShownMax = 1000
/** Up to here each file has an audit entry of its own. */
const auditEachMax = 64

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
  /** True when enough was taken for a commit. */
  isDue(): boolean
  commit(): Promise<void>
  report(counts: Pick<PutReport, 'bytes' | 'newBytes' | 'newBlocks'>): PutReport
}

/** A file whose place is known; its envelope is not sealed yet. */
type Placed = {
  readonly sealed: Sealed
  readonly request: EnvelopeRequest
  readonly change: Change
}

export function createPutWork(options: PutOptions, { space, ports }: PutContext, writer?: PutFor): PutWork {
  const { secrets, record } = space.identity
  const owner = { did: space.did, kek: secrets.kek, epoch: record.epoch }
  /** The one file that gets a new version, and the folder that everything lies below. */
  const version = writer?.into.kind === 'file' ? writer.into : undefined
  const top = writer?.into.kind === 'folder' ? writer.into.id : null
  const nowMs = ports.clock.nowMs()
  const places = createPlaces(space, { top, to: options.to ?? '/', nowMs })
  const taken = new Set<string>()
  let placed: Placed[] = []
  let sealing: Promise<Checked[]>[] = []
  let waitingFiles = 0
  let waitingBytes = 0
  let filesKept = 0
  let unchanged = 0
  const skipped: PutReport['skipped'][number][] = []
  const direct: Uint8Array[] = []

  return {
    async *select(items) {
      for await (const batch of items) yield options.isThorough === true ? batch : batch.filter(isWanted)
    },
    chunkSecretOf(file) {
      const id = version?.id ?? places.known(file.path)?.id
      return id && space.chunkSecrets.of(id)
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
        await keep(sealed)
      } catch (error) {
        skipInvalid(sealed.file.path, error)
      }
      if (placed.length >= envelopesAtOnce) sealPlaced()
    },
    skip,
    files: () => filesKept + unchanged,
    isDue: () => waitingFiles >= commitFiles || waitingBytes >= commitBytes,
    commit,
    report(counts) {
      const entries = direct.slice(0, entriesShownMax).flatMap((id) => {
        const entry = space.view.entry(id)
        return entry !== undefined && isShown(entry) ? [factsOf(space.view, entry)] : []
      })
      return { files: filesKept, folders: places.foldersMade(), unchanged, ...counts, skipped, entries }
    },
  }

  function isWanted(item: PutItem): boolean {
    if (item.kind !== 'file') return true
    const known = places.known(item.path)
    const isSame = known?.bytes === item.bytes && known?.modifiedMs === item.modifiedMs
    if (known === undefined || !isSame) return true
    unchanged += 1
    return false
  }

  async function commit(): Promise<void> {
    sealPlaced()
    const checked = (await Promise.all(sealing)).flat()
    const others = places.takeChanges()
    sealing = []
    waitingFiles = 0
    waitingBytes = 0
    if (checked.length === 0 && others.length === 0) return
    await store(checked, { blocks: ports.blocks, index: space.index, others, signal: options.signal })
    await space.refresh()
    taken.clear()
    places.committed()
    await space.record(auditOf(checked))
  }

  /** Gives the work that cannot be seen from here to the sealer; the next commit awaits it. */
  function sealPlaced(): void {
    if (placed.length === 0) return
    const batch = placed
    placed = []
    const envelopes = ports.sealer.sealEnvelopes(
      batch.map(({ request }) => request),
      owner,
    )
    const checking = envelopes.then((all) => batch.map((one, i) => checkOne(one, all[i] as NamedBytes)))
    checking.catch(() => {})
    sealing.push(checking)
  }

  function checkOne({ sealed, request, change }: Placed, { bytes, digest }: NamedBytes): Checked {
    const cid = cidOfDigest(cborCodec, digest)
    const { file, body } = sealed
    const saved = {
      cid,
      bytes: body.plainBytes,
      storedBytes: body.storedBytes,
      modifiedMs: file.modifiedMs,
      savedMs: nowMs,
      type: request.metadata.type,
      root: request.body.digest,
    }
    const set = { ...change.set, [versionField(request.sequence, cid)]: saved }
    return check(register(sealed, { cid, bytes }, { ...change, set }))
  }

  function skip(path: string, fault: Fault): void {
    skipped.push({ path, code: fault.code, sentence: fault.message })
  }

  /** A name that cannot be kept leaves that file out; anything else ends the put. */
  function skipInvalid(path: string, error: unknown): void {
    const fault = asFault(error)
    if (!fault.code.startsWith('invalid.')) throw error
    skip(path, fault)
  }

  async function keep(sealed: Sealed): Promise<void> {
    const { file, body, flow } = sealed
    const { folder, name } = places.split(file.path)
    const parent = version === undefined ? places.inner(folder) : (version.parent ?? null)
    const key = `${parent === null ? '' : cidKey(parent)}/${name}`
    // The same name twice in one put: the first becomes visible before it gets its next version.
    if (taken.has(key)) await commit()
    const before = version ?? places.fileAt(parent, name)
    const latest = before === undefined ? undefined : (await versionsOf(space, before.id))[0]
    const { cid, ...rest } = body
    const digest = digestOf(cid)
    if (latest !== undefined && equalBytes(latest.root, digest) && latest.modifiedMs === file.modifiedMs) {
      flow.end('failed', 'unchanged')
      unchanged += 1
      return
    }
    taken.add(key)
    const id = before?.id ?? createObjectId(ports.random)
    const metadata = metadataOf(sealed, name)
    const request = {
      id,
      sequence: latest === undefined ? 0 : latest.sequence + 1,
      ...(latest === undefined ? {} : { previous: digestOf(latest.cid) }),
      body: { digest, ...rest },
      metadata,
    }
    placed.push({
      sealed,
      request,
      change: { id, kind: 'file', set: fieldsOf(sealed, metadata, parent, before) },
    })
    waitingFiles += 1
    waitingBytes += body.plainBytes
    filesKept += 1
    if (!file.path.includes('/')) direct.push(id)
  }

  function fieldsOf(
    sealed: Sealed,
    { name, type }: Metadata,
    parent: Uint8Array | null,
    before: Entry | undefined,
  ): Record<string, FieldValue> {
    const { file, body } = sealed
    const set: Record<string, FieldValue> = { type, bytes: body.plainBytes, modifiedMs: file.modifiedMs }
    if (before === undefined) Object.assign(set, { name, parent, createdMs: nowMs })
    if (file.mode !== undefined) set.mode = file.mode
    for (const tag of options.tags ?? []) set[`tag/${tag}`] = true
    if (options.isDecoy === true) set.decoy = true
    // What a second lock holds is not to be found with the first key, and what an older version said is forgotten.
    if (sealed.words !== undefined && !sealed.isLocked) set.words = sealed.words
    else if (before !== undefined) set.words = null
    return set
  }

  function metadataOf({ file, isLocked }: Sealed, name: string): Metadata {
    const lock = { salt: secrets.lockSalt, params: { memoryKiB: 65_536, passes: 3, lanes: 1 } }
    return {
      name,
      type: file.type ?? mediaTypeOf(name),
      createdMs: nowMs,
      modifiedMs: Math.max(0, file.modifiedMs),
      ...(file.mode === undefined ? {} : { mode: file.mode }),
      tags: options.tags ?? [],
      transforms: [],
      ...(isLocked ? { lock } : {}),
    }
  }

  /** An entry a file, or one for the batch where there are many: the signed commit names each envelope. */
  function auditOf(done: readonly Checked[]): SpaceEntry[] {
    const byWhom = writer === undefined ? {} : { by: writer.by }
    if (done.length > auditEachMax) {
      const bytes = done.reduce((sum, { registered }) => sum + registered.sealed.body.plainBytes, 0)
      const commitCid = space.index.head()?.cid.toString() ?? ''
      const details = { files: done.length, bytes, commit: commitCid, ...byWhom }
      return [{ action: 'object.put', verdict: 'ok', details }]
    }
    return done.map(({ registered: { sealed, change } }) => ({
      action: 'object.put',
      object: toHex(change.id),
      verdict: 'ok',
      flow: sealed.flow.id,
      details: { bytes: sealed.body.plainBytes, ...byWhom },
    }))
  }
}
