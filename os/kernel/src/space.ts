import { discard, toHex } from '@anarq/bytes'
import { Fault, hasCode } from '@anarq/fault'
import { type AuditEntry, type AuditLog, createAuditLog, type LogStore } from '@anarq/qerberos'
import { catchUp, type IndexOptions, openIndex, type QIndex, type View } from '@anarq/qindex'
import { deriveSecret, openBox, sealBox, verifySignature } from '@anarq/qlock'
import { type Chunker, createChunker } from '@anarq/qompress'
import type { OpenIdentity } from '@anarq/squid'
import { type ChunkSecrets, openChunkSecrets } from './chunk-secrets.ts'
import { isFull } from './health/make-room.ts'
import type { Sweeper } from './health/sweeper.ts'
import type { KernelPorts } from './ports.ts'

export type SpaceEntry = Omit<AuditEntry, 'atMs' | 'identity'>

/** Everything of one identity that is open: its keys, its index, what can be searched, and its audit log. */
export type Space = {
  readonly identity: OpenIdentity
  readonly did: string
  /** 8 bytes: this device, for this identity alone. */
  readonly device: Uint8Array
  readonly index: QIndex
  /** With which the same index opens over other blocks: those of a backup. */
  readonly indexKeys: Pick<IndexOptions, 'keys' | 'signer' | 'device'>
  readonly view: View
  readonly audit: AuditLog
  readonly chunker: Chunker
  readonly chunkSecrets: ChunkSecrets
  /** Brings the view to the index's head. */
  refresh(): Promise<void>
  /** Keeps an entry for the next `record`, so that both cost one write. */
  note(entry: SpaceEntry): void
  /** Appends to the audit log: durable and under a signed head when it resolves. */
  record(entries: readonly SpaceEntry[]): Promise<void>
  /** The same of what the owner only reads: a full disk keeps nobody from their own, so there it waits for room, and is told. */
  recordRead(entries: readonly SpaceEntry[]): Promise<void>
  close(): Promise<void>
}

export type SpaceOptions = {
  identity: OpenIdentity
  ports: KernelPorts
  /** Secret of this device. */
  replica: Uint8Array
  /** The keys that an identity has and had. */
  verifyKeysOf(did: string): readonly Uint8Array[]
  sweeper: Sweeper
}

/** Whether the view is worth saving for the next start is asked when so many refreshes came since the last time, and on closing. */
const refreshesUnasked = 256
/** Entries of the audit log that wait for room on the disk. */
const waitingMax = 10_000

export async function openSpace({
  identity,
  ports,
  replica,
  verifyKeysOf,
  sweeper,
}: SpaceOptions): Promise<Space> {
  const { secrets, did } = identity
  const name = toHex(secrets.feed)
  const device = deriveSecret(replica, `q/v1/replica/${name}`, 8)
  const indexKeys: Space['indexKeys'] = {
    // The index secret is the first epoch's for ever, so that the words alone find the index again.
    keys: { index: secrets.index, feed: secrets.feed, epoch: 0, indexOf: () => secrets.index },
    signer: {
      did,
      sign: (message, context) => identity.signer.sign(message, context),
      verify: (by, _epoch, message, signature, context) =>
        verifyKeysOf(by)
          .toReversed()
          .some((key) => verifySignature(key, message, signature, context)),
    },
    device,
  }
  const opened = await openIndex({
    ...indexKeys,
    blocks: ports.blocks,
    heads: ports.heads,
    clock: ports.clock,
    random: ports.random,
    onFault: ports.onFault,
  })
  const index: QIndex = {
    ...opened,
    commit: (...args) => sweeper.during(() => opened.commit(...args)),
    merge: (...args) => sweeper.during(() => opened.merge(...args)),
  }
  const audit = await openAudit({ name, origin: toHex(device), identity, ports, verifyKeysOf })
  const view = ports.createView()
  const saver = createViewSaver({ name, view, identity, ports })
  await saver.load()
  let refreshes = 0
  let noted: AuditEntry[] = []
  const stamped = (entry: SpaceEntry): AuditEntry => ({ ...entry, atMs: ports.clock.nowMs(), identity: did })

  const refresh = async (): Promise<void> => {
    if ((await catchUp(view, index)) === 0) return
    refreshes += 1
    if (refreshes < refreshesUnasked) return
    refreshes = 0
    await saver.saveIfWorth()
  }
  const record = async (entries: readonly SpaceEntry[]): Promise<void> => {
    const all = [...noted, ...entries.map(stamped)]
    noted = []
    // Who may not sign now (a child's device that was not renewed) still writes down what was done before.
    if (all.length > 0) await audit.append(all, { sign: identity.maySign() })
  }
  let isWaitingTold = false
  const recordRead = async (entries: readonly SpaceEntry[]): Promise<void> => {
    const all = [...noted, ...entries.map(stamped)]
    try {
      await record(entries)
      isWaitingTold = false
    } catch (error) {
      if (!isFull(error)) throw error
      // Where only the signature found no room, the entries are in the log.
      if (hasCode(error, 'unavailable.full')) noted = [...all, ...noted].slice(-waitingMax)
      if (isWaitingTold) return
      isWaitingTold = true
      ports.onFault(unwritten(error))
    }
  }
  await refresh()

  return {
    identity,
    did,
    device,
    index,
    indexKeys,
    view,
    audit,
    chunker: createChunker(secrets.chunker),
    chunkSecrets: await openChunkSecrets(index, view),
    refresh,
    note: (entry) => void noted.push(stamped(entry)),
    record,
    recordRead,
    async close() {
      await recordRead([])
      // It is made again from the index.
      await saver.saveIfWorth().catch((error: unknown) => {
        if (!hasCode(error, 'unavailable.full')) throw error
      })
      view.close()
      await index.close()
    },
  }
}

function unwritten(cause: unknown): Fault {
  return new Fault(
    'unavailable.audit',
    'The disk is full, so what you read now may not be in your audit log. Make room: anarq compact',
    { cause },
  )
}

/** The view between two starts: sealed under a key of the owner's, in the cache; anything odd means building it anew. */
function createViewSaver({
  name,
  view,
  identity,
  ports,
}: {
  name: string
  view: View
  identity: OpenIdentity
  ports: KernelPorts
}): { load(): Promise<void>; saveIfWorth(): Promise<void> } {
  const key = deriveSecret(identity.secrets.index, 'q/v1/view')
  const context = `q/v1/view/${name}`
  return {
    async load() {
      const sealed = await ports.cache.read(`view-${name}`)
      if (sealed === undefined || view.load === undefined) return
      const bytes = openBox(key, sealed, { context })
      // Of a million records each copy is half a gigabyte, and the collector would come for them when it likes.
      discard(sealed)
      const isLoaded = bytes !== undefined && view.load(bytes)
      if (bytes !== undefined) discard(bytes)
      if (isLoaded) return
      ports.onFault(new Fault('damaged.view', 'The saved search index was damaged; it is being built anew.'))
    },
    async saveIfWorth() {
      if (view.snapshot === undefined || view.isWorthSaving?.() === false) return
      const bytes = view.snapshot()
      const sealed = sealBox(key, bytes, { context, random: ports.random })
      discard(bytes)
      await ports.cache.write(`view-${name}`, sealed)
      discard(sealed)
    },
  }
}

type AuditOptions = Omit<SpaceOptions, 'replica' | 'sweeper'> & { name: string; origin: string }

/**
 * The audit log; one that was cut short of what was signed is set aside as evidence and a new one begun, because
 * otherwise nothing could be done any more that has to be written down.
 */
async function openAudit({ name, origin, identity, ports, verifyKeysOf }: AuditOptions): Promise<AuditLog> {
  const open = async (): Promise<AuditLog> =>
    createAuditLog({
      store: sealedHead(await ports.openLog(name), identity, ports),
      key: identity.secrets.audit,
      did: identity.did,
      signer: identity.signer,
      formerPublicKeys: formerKeysOf(identity, verifyKeysOf),
      origin,
      clock: ports.clock,
      random: ports.random,
    })
  const audit = await open()
  const signed = audit.head()?.size ?? 0
  if (signed <= audit.size()) return audit
  ports.onFault(
    new Fault(
      'damaged.audit',
      `The audit log had ${signed} entries when it was last signed, and ${audit.size()} are left. It was set aside in the folder audit, and a new one begun. If you did not do this, somebody else did.`,
    ),
  )
  await ports.setAsideLog(name)
  return open()
}

/** Those of its earlier epochs, of a child's devices, and of the DIDs that a pairwise identity had before. */
function formerKeysOf(identity: OpenIdentity, verifyKeysOf: SpaceOptions['verifyKeysOf']): Uint8Array[] {
  const earlier = identity.public().epochs.slice(0, -1)
  const { formerly, child } = identity.record
  const devices = child === undefined ? [] : [...child.formerDeviceKeys, child.deviceKey]
  const former = formerly.flatMap(({ did }) => verifyKeysOf(did))
  return [...earlier.map(({ verifyKey }) => verifyKey), ...devices, ...former]
}

/** A signed head names its identity, and nobody who reads the disk is to learn who lives here, or that two are one person. */
function sealedHead(
  store: LogStore,
  { secrets }: OpenIdentity,
  { random }: Pick<KernelPorts, 'random'>,
): LogStore {
  const key = deriveSecret(secrets.audit, 'q/v1/audit/head')
  const context = 'q/v1/audit/head'
  return {
    ...store,
    async getHead() {
      const sealed = await store.getHead()
      // What does not open is handed on as it is: the log says that it cannot read it.
      return sealed && (openBox(key, sealed, { context }) ?? sealed)
    },
    putHead: (bytes) => store.putHead(sealBox(key, bytes, { context, random })),
  }
}
