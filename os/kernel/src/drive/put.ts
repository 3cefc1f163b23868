import { toHex } from '@anarq/bytes'
import { asFault, type Fault } from '@anarq/fault'
import {
  type BlockSink,
  type Checked,
  check,
  intake,
  type PutFile,
  type PutItem,
  register,
  type Sealed,
  store,
} from '@anarq/flows'
import { type Cid, cidKey, rawCodec } from '@anarq/ipld'
import type { Guardian } from '@anarq/qerberos'
import {
  type Change,
  checkName,
  type Entry,
  type FileVersion,
  freeFolderId,
  versionField,
} from '@anarq/qindex'
import { asObjectId, createObjectId, type Metadata, sealEnvelope } from '@anarq/qnt'
import { deriveLockKey } from '@anarq/qompress'
import type { PutOptions, PutReport } from '../operations.ts'
import type { KernelPorts } from '../ports.ts'
import type { Space, SpaceEntry } from '../space.ts'
import { mediaTypeOf } from './media-type.ts'
import { type Found, factsOf, isShown, partsOf } from './resolve.ts'
import { checkTag } from './tags.ts'
import { versionsOf } from './versions.ts'
import { wordsOf } from './words.ts'

/** A commit every so many files or bytes: what a killed put did up to there stays, and the next one skips it. */
const commitFiles = 5000
const commitBytes = 1024 * 1024 * 1024
const entriesShownMax = 1000
/** Up to here each file has an audit entry of its own. */
const auditEachMax = 64

/** For whom a grant allows to write: one new version of a file that is there, or files put into a folder. */
export type PutFor = { readonly into: Found; readonly by: string }

export type PutContext = { space: Space; ports: KernelPorts; guardian: Guardian }

/** Items of the outside, through the flow in, to objects of the drive. */
export async function putItems(
  items: AsyncIterable<readonly PutItem[]>,
  options: PutOptions,
  context: PutContext,
  writer?: PutFor,
): Promise<PutReport> {
  const { space, ports, guardian } = context
  const { signal, onProgress } = options
  const lockKey =
    options.lock === undefined
      ? undefined
      : await deriveLockKey(options.lock, space.identity.secrets.lockSalt)
  const work = createWork({ ...options, tags: (options.tags ?? []).map(checkTag) }, context, writer)
  const sink = countingSink(ports)
  let bytes = 0
  const results = intake({
    items: work.select(items),
    sealer: ports.sealer,
    sink,
    chunker: space.chunker,
    keys: { chunkSecret: space.identity.secrets.chunk, ...(lockKey === undefined ? {} : { lockKey }) },
    chunkSecretOf: space.chunkSecrets.isAny() ? work.chunkSecretOf : undefined,
    guardian,
    identity: space.did,
    peek: wordsOf,
    onBytes: (more) => {
      bytes += more
    },
    signal,
  })
  for await (const result of results) {
    if ('stage' in result) await work.file(result)
    else if (result.kind === 'folder') work.folder(result.path, result.modifiedMs)
    else work.skip(result.path, result.fault)
    if (work.isDue()) await work.commit()
    onProgress?.({ files: work.files(), bytes, path: 'stage' in result ? result.file.path : result.path })
  }
  await work.commit()
  return work.report({ bytes, ...sink.counts() })
}

function createWork(options: PutOptions, { space, ports }: PutContext, writer?: PutFor) {
  const { view } = space
  /** The one file that gets a new version, and the folder that everything lies below. */
  const version = writer?.into.kind === 'file' ? writer.into : undefined
  const top = writer?.into.kind === 'folder' ? writer.into.id : null
  const nowMs = ports.clock.nowMs()
  /** Folders and files of this put that the view does not show yet. */
  const folders = new Map<string, Uint8Array>()
  const taken = new Set<string>()
  let changes: Change[] = []
  let checked: Checked[] = []
  let waitingBytes = 0
  let filesKept = 0
  let unchanged = 0
  let foldersMade = 0
  const skipped: PutReport['skipped'][number][] = []
  const byWhom = writer === undefined ? {} : { by: writer.by }
  const direct: Uint8Array[] = []

  /** The id of a folder below the one that receives, made where it is missing. */
  const folderAt = (path: string, modifiedMs?: number): Uint8Array | null => {
    if (path === '') return top
    const known = folders.get(path)
    if (known !== undefined) return known
    const slash = path.lastIndexOf('/')
    const parent = folderAt(slash < 0 ? '' : path.slice(0, slash))
    const name = checkName(path.slice(slash + 1))
    const { id, isThere } = freeFolderId(view, space.index.folderId, parent, name)
    if (!isThere) {
      changes.push({ id, kind: 'folder', set: { name, parent, modifiedMs: modifiedMs ?? nowMs } })
      foldersMade += 1
    }
    folders.set(path, id)
    return id
  }
  const base = partsOf(options.to ?? '/').join('/')
  const whole = (path: string): string => (base === '' ? path : `${base}/${path}`)
  const split = (path: string): { folder: string; name: string } => {
    const full = whole(path)
    const slash = full.lastIndexOf('/')
    return { folder: slash < 0 ? '' : full.slice(0, slash), name: checkName(full.slice(slash + 1)) }
  }
  const skip = (path: string, fault: Fault): void => {
    skipped.push({ path, code: fault.code, sentence: fault.message })
  }

  return {
    folder(path: string, modifiedMs: number): void {
      try {
        folderAt(whole(path), modifiedMs)
      } catch (error) {
        skipInvalid(path, error)
      }
    },
    skip,
    /** Of a file that gets a new version, and was sealed anew once: see `ChunkSecrets`. */
    chunkSecretOf(file: PutFile): Uint8Array | undefined {
      const id = version?.id ?? fileAt(file.path)?.id
      return id && space.chunkSecrets.of(id)
    },
    files: () => filesKept + unchanged,
    isDue: () => checked.length >= commitFiles || waitingBytes >= commitBytes,
    /** Takes out what is stored already, before anything is read: same name, size and time. */
    async *select(items: AsyncIterable<readonly PutItem[]>): AsyncIterable<readonly PutItem[]> {
      for await (const batch of items) {
        yield options.isThorough === true
          ? batch
          : batch.filter((item) => item.kind !== 'file' || !isStored(item))
      }
    },
    async file(sealed: Sealed): Promise<void> {
      try {
        await keep(sealed)
      } catch (error) {
        skipInvalid(sealed.file.path, error)
      }
    },
    commit,
    report(bytes: Pick<PutReport, 'bytes' | 'newBytes' | 'newBlocks'>): PutReport {
      const entries = direct.slice(0, entriesShownMax).flatMap((id) => {
        const entry = view.entry(id)
        return entry !== undefined && isShown(entry) ? [factsOf(view, entry)] : []
      })
      return { files: filesKept, folders: foldersMade, unchanged, ...bytes, skipped, entries }
    },
  }

  async function commit(): Promise<void> {
    if (checked.length === 0 && changes.length === 0) return
    const now = { checked, changes }
    checked = []
    changes = []
    waitingBytes = 0
    await store(now.checked, {
      blocks: ports.blocks,
      index: space.index,
      others: now.changes,
      signal: options.signal,
    })
    await space.refresh()
    taken.clear()
    folders.clear()
    await space.record(auditOf(now.checked))
  }

  /** A name that cannot be kept leaves that file out; anything else ends the put. */
  function skipInvalid(path: string, error: unknown): void {
    const fault = asFault(error)
    if (!fault.code.startsWith('invalid.')) throw error
    skip(path, fault)
  }

  /** The id of a folder that is there already; undefined where it would have to be made. */
  function knownFolder(path: string): Uint8Array | null | undefined {
    if (path === '') return top
    const known = folders.get(path)
    if (known !== undefined) return known
    const slash = path.lastIndexOf('/')
    const parent = knownFolder(slash < 0 ? '' : path.slice(0, slash))
    if (parent === undefined) return undefined
    return view.childByName(parent, path.slice(slash + 1)).find((entry) => entry.kind === 'folder')?.id
  }

  /** The file that is there already under this path. */
  function fileAt(path: string): Entry | undefined {
    try {
      const { folder, name } = split(path)
      const parent = knownFolder(folder)
      if (parent === undefined) return undefined
      return view.childByName(parent, name).find((one) => one.kind === 'file')
    } catch {
      // A name that cannot be kept: the flow says so when its turn comes.
      return undefined
    }
  }

  function isStored(item: PutFile): boolean {
    const entry = fileAt(item.path)
    const isSame = entry !== undefined && entry.bytes === item.bytes && entry.modifiedMs === item.modifiedMs
    if (isSame) unchanged += 1
    return isSame
  }

  async function keep(sealed: Sealed): Promise<void> {
    const { file, body, flow } = sealed
    const { folder, name } = split(file.path)
    const parent = version === undefined ? folderAt(folder) : (version.parent ?? null)
    const key = nameKey(parent, name)
    // The same name twice in one put: the first becomes visible before it gets its next version.
    if (taken.has(key)) await commit()
    const before = version ?? view.childByName(parent, name).find((one) => one.kind === 'file')
    const latest = before === undefined ? undefined : (await versionsOf(space, before.id))[0]
    if (latest !== undefined && sameContent(latest.root, body.cid) && latest.modifiedMs === file.modifiedMs) {
      flow.end('failed', 'unchanged')
      unchanged += 1
      return
    }
    taken.add(key)
    const id = before?.id ?? createObjectId(ports.random)
    const { sequence, previous } = after(latest)
    const metadata = metadataOf(file, name, sealed.isLocked)
    const { secrets, record } = space.identity
    const envelope = sealEnvelope({
      id: asObjectId(id),
      objectClass: 'private',
      owner: space.did,
      sequence,
      ...(previous === undefined ? {} : { previous }),
      body,
      metadata,
      own: { kek: secrets.kek, epoch: record.epoch },
      random: ports.random,
    })
    const saved = {
      cid: envelope.cid,
      bytes: body.plainBytes,
      storedBytes: body.storedBytes,
      modifiedMs: file.modifiedMs,
      savedMs: nowMs,
      type: metadata.type,
      root: body.cid.multihash.digest,
    }
    const change: Change = {
      id,
      kind: 'file',
      set: {
        ...(before === undefined ? { name, parent, createdMs: nowMs } : {}),
        type: metadata.type,
        bytes: body.plainBytes,
        modifiedMs: file.modifiedMs,
        ...wordsField(sealed, before !== undefined),
        ...(file.mode === undefined ? {} : { mode: file.mode }),
        ...Object.fromEntries((options.tags ?? []).map((tag) => [`tag/${tag}`, true])),
        ...(options.isDecoy === true ? { decoy: true } : {}),
        [versionField(sequence, envelope.cid)]: saved,
      },
    }
    checked.push(check(register(sealed, envelope, change)))
    waitingBytes += body.plainBytes
    filesKept += 1
    if (!file.path.includes('/')) direct.push(id)
  }

  function after(latest: FileVersion | undefined): { sequence: number; previous?: Cid } {
    return latest === undefined ? { sequence: 0 } : { sequence: latest.sequence + 1, previous: latest.cid }
  }

  function metadataOf(file: PutFile, name: string, isLocked: boolean): Metadata {
    return {
      name,
      type: file.type ?? mediaTypeOf(name),
      createdMs: nowMs,
      modifiedMs: Math.max(0, file.modifiedMs),
      ...(file.mode === undefined ? {} : { mode: file.mode }),
      tags: options.tags ?? [],
      transforms: [],
      ...(isLocked
        ? {
            lock: {
              salt: space.identity.secrets.lockSalt,
              params: { memoryKiB: 65_536, passes: 3, lanes: 1 },
            },
          }
        : {}),
    }
  }

  /** An entry a file, or one for the batch where there are many: the signed commit names each envelope. */
  function auditOf(done: readonly Checked[]): SpaceEntry[] {
    if (done.length > auditEachMax) {
      const bytes = done.reduce((sum, { registered }) => sum + registered.sealed.body.plainBytes, 0)
      const commitCid = space.index.head()?.cid.toString() ?? ''
      return [
        {
          action: 'object.put',
          verdict: 'ok',
          details: { files: done.length, bytes, commit: commitCid, ...byWhom },
        },
      ]
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

/** What a second lock holds is not to be found with the first key, and what an older version said is forgotten. */
function wordsField({ words, isLocked }: Sealed, isThere: boolean): { words?: string | null } {
  if (words !== undefined && !isLocked) return { words }
  return isThere ? { words: null } : {}
}

function nameKey(parent: Uint8Array | null, name: string): string {
  return `${parent === null ? '' : cidKey(parent)}/${name}`
}

function sameContent(root: Uint8Array, cid: Cid): boolean {
  const digest = cid.multihash.digest
  return root.length === digest.length && root.every((byte, i) => byte === digest[i])
}

function countingSink({ blocks }: Pick<KernelPorts, 'blocks'>) {
  let newBytes = 0
  let newBlocks = 0
  return {
    counts: () => ({ newBytes, newBlocks }),
    async putSealed(sealed: Parameters<BlockSink['putSealed']>[0]): Promise<void> {
      const added = await blocks.putSealed(
        sealed.map(({ digest, block }) => ({ codec: rawCodec, digest, parts: [block] })),
        'data',
      )
      newBytes += added.bytes
      newBlocks += added.blocks
    },
    put: blocks.put,
  }
}
