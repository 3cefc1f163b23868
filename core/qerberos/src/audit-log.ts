import { createTurns } from '@anarq/bytes'
import type { Clock } from '@anarq/clock'
import { Fault } from '@anarq/fault'
import { type MerkleFrontier, merkleLeaf, type Signer, verifyInclusion } from '@anarq/qlock'
import type { Random } from '@anarq/random'
import { type AuditEntry, encodeEntry, entryKey, openEntry, sealEntry } from './audit-entry.ts'
import {
  encodeHead,
  headContext,
  headMessage,
  headToJson,
  type SignedHead,
  type TreeHead,
} from './audit-head.ts'
import { type OpenedLog, type OpeningTrouble, openLog } from './audit-open.ts'
import {
  type AuditChain,
  type AuditConsistencyProof,
  type AuditProof,
  type AuditProofStep,
  consistencyProof,
  proofStep,
} from './audit-proof.ts'
import {
  type AuditQuery,
  type AuditRecord,
  collect,
  type FindOptions,
  findEntries,
  tailOf,
} from './audit-search.ts'
import { type AuditContext, createAuditTree } from './audit-tree.ts'
import { type AuditReport, type VerifyOptions, verifyLog } from './audit-verify.ts'
import type { LogStore } from './log-store.ts'

export type AuditLogOptions = {
  store: LogStore
  /** 32 bytes: what the entries are sealed under. */
  key: Uint8Array
  /** Keys of before a rotation, for what was sealed then. */
  formerKeys?: readonly Uint8Array[]
  did: string
  signer: Pick<Signer, 'publicKey' | 'sign'>
  /** Verifying keys of before a rotation, for the head that was signed then. */
  formerPublicKeys?: readonly Uint8Array[]
  /** Which log of this DID: the device's name, where each device keeps its own. */
  origin?: string
  clock: Clock
  random: Random
}

export type AuditLog = {
  size(): number
  /** The last head that was signed. */
  head(): SignedHead | undefined
  /**
   * One durable write and one signature however many entries; all of them or none are in the log when it throws before
   * the write. With `sign: false` the next signing append covers them, and an empty one only signs. `invalid.entry`,
   * `limit.entry`; `damaged.audit` when entries that were signed are gone.
   */
  append(entries: readonly AuditEntry[], options?: { sign?: boolean }): Promise<TreeHead | SignedHead>
  /** The newest entries, newest first. */
  tail(count: number): Promise<AuditRecord[]>
  /** Newest first, as they are found, looking at `scanMax` entries at most. */
  find(query: AuditQuery, options?: FindOptions): AsyncIterable<AuditRecord>
  /** All that was found, oldest first, each entry with its proof and opened: whoever has the public key can check it. */
  exportChain(query: AuditQuery, options?: FindOptions): Promise<AuditChain>
  /** With `disclose`, with the entry's own key, which opens that entry and no other. */
  proveInclusion(index: number, options?: { disclose?: boolean }): Promise<AuditProof>
  /** That the log of `oldSize` entries is the beginning of this one. */
  proveConsistency(oldSize: number): Promise<AuditConsistencyProof>
  /** Recomputes everything from what lies on the disk and says what was changed, removed or moved, and where. */
  verify(options?: VerifyOptions): Promise<AuditReport>
  /** What was found wrong when the log was opened; the next append notes it in the log. */
  troubles(): readonly OpeningTrouble[]
}

/** Opens the log, in time that does not grow with it while the head is whole. One log a store at a time. */
export async function createAuditLog(options: AuditLogOptions): Promise<AuditLog> {
  const { store, key, formerKeys = [], signer, formerPublicKeys = [], origin = originDefault } = options
  const context: AuditContext = {
    store,
    keys: [key, ...formerKeys],
    publicKeys: [signer.publicKey, ...formerPublicKeys],
    tree: createAuditTree(store),
    origin,
  }
  const state: LogState = { ...(await openLog(context)), isNoted: false }
  const inTurn = createTurns()
  const verify = (verifying: VerifyOptions = {}): Promise<AuditReport> =>
    inTurn(() => verifyLog(context, { ...verifying, head: state.head }))
  const signed = (): Promise<SignedHead> => inTurn(() => signState(options, state))

  return {
    size: () => state.frontier.size,
    head: () => state.head,
    append: (entries, { sign = true } = {}) => inTurn(() => appendAll(options, state, entries, sign)),
    tail: (count) => tailOf(context, state.frontier.size, count),
    find: (query, finding) => findEntries(context, state.frontier.size, query, finding),
    async exportChain(query, finding) {
      const head = await signed()
      const found = await collect(context, head.size, query, finding)
      const events: AuditProofStep[] = []
      for (const { index } of found.records.reverse()) {
        events.push(await prove(context, verify, { head, index, isDisclosed: true }))
      }
      const { unreadable, isComplete } = found
      return { version: 1, head: headToJson(head), events, unreadable: unreadable.reverse(), isComplete }
    },
    async proveInclusion(index, { disclose = false } = {}) {
      const head = await signed()
      if (!Number.isSafeInteger(index) || index < 0 || index >= head.size) {
        throw new Fault('missing.entry', `The audit log has no entry ${index}; it has ${head.size}.`)
      }
      const step = await prove(context, verify, { head, index, isDisclosed: disclose })
      return { version: 1, head: headToJson(head), ...step }
    },
    async proveConsistency(oldSize) {
      const head = await signed()
      if (!Number.isSafeInteger(oldSize) || oldSize < 0 || oldSize > head.size) {
        throw new Fault('missing.head', `The audit log never had ${oldSize} entries; it has ${head.size}.`)
      }
      const root = (await context.tree.frontier(oldSize)).root()
      const path = await context.tree.consistencyPath(oldSize, head.size)
      return consistencyProof({ size: oldSize, root }, head, path)
    },
    verify,
    troubles: () => state.troubles,
  }
}

const originDefault = 'audit'

type LogState = OpenedLog & { isNoted: boolean }
type Signing = Pick<AuditLogOptions, 'store' | 'did' | 'signer' | 'origin' | 'clock'>

async function appendAll(
  options: AuditLogOptions,
  state: LogState,
  entries: readonly AuditEntry[],
  sign: boolean,
): Promise<TreeHead | SignedHead> {
  const { store, key, random } = options
  checkUncut(state)
  if (store.size() !== state.frontier.size) {
    throw new Fault(
      'unavailable.audit',
      'An earlier write to the audit log did not end well. Close the log and open it again.',
    )
  }
  const notes = state.isNoted || entries.length === 0 ? [] : noteOf(options, state.troubles)
  const plain = [...notes, ...entries].map(encodeEntry)
  const first = state.frontier.size
  const sealed = plain.map((bytes, i) => sealEntry(key, first + i, bytes, random))
  if (sealed.length > 0) {
    const leaves = sealed.map(merkleLeaf)
    await store.append(sealed, leaves)
    for (const leaf of leaves) state.frontier.append(leaf)
    state.isNoted ||= notes.length > 0
  }
  return sign ? signState(options, state) : headOf(options, state.frontier)
}

async function signState(options: Signing, state: LogState): Promise<SignedHead> {
  const { store, signer } = options
  checkUncut(state)
  if (state.head?.size === state.frontier.size) return state.head
  const head = headOf(options, state.frontier)
  const signature = signer.sign(headMessage(head), headContext)
  const signed = { ...head, signature }
  try {
    await store.putHead(encodeHead(signed, state.frontier.state().nodes))
  } catch (cause) {
    throw new Fault(
      'unavailable.head',
      'The entries are in the audit log, but its signed head could not be written. Make room on the disk; the next entry signs again.',
      { cause },
    )
  }
  state.head = signed
  return signed
}

function headOf({ origin = originDefault, did, clock }: Signing, frontier: MerkleFrontier): TreeHead {
  return { origin, size: frontier.size, root: frontier.root(), atMs: clock.nowMs(), did }
}

/** To go on over a log that was cut short would sign the loss away. */
function checkUncut({ head, frontier }: LogState): void {
  if (head === undefined || head.size <= frontier.size) return
  throw new Fault(
    'damaged.audit',
    `The audit log had ${head.size} entries when it was last signed, and ${frontier.size} are left. Put its files back from a backup, or set them aside and begin a new log.`,
  )
}

function noteOf({ did, clock }: AuditLogOptions, troubles: readonly OpeningTrouble[]): AuditEntry[] {
  if (troubles.length === 0) return []
  const details = Object.fromEntries(
    troubles.slice(0, 16).map(({ sentence }, i) => [`trouble${i + 1}`, sentence.slice(0, 500)]),
  )
  return [
    {
      atMs: clock.nowMs(),
      action: 'audit.opened',
      identity: did,
      verdict: 'failed',
      code: 'damaged.audit',
      details: { ...details, troubles: troubles.length },
    },
  ]
}

async function prove(
  context: AuditContext,
  verify: (options: VerifyOptions) => Promise<AuditReport>,
  { head, index, isDisclosed }: { head: SignedHead; index: number; isDisclosed: boolean },
): Promise<AuditProofStep> {
  const { store, tree, keys } = context
  let sealed: Uint8Array | undefined
  for await (const stored of store.read(index, index + 1)) {
    if ('bytes' in stored) sealed = stored.bytes
  }
  if (sealed === undefined) {
    throw new Fault(
      'damaged.entry',
      `Entry ${index} of the audit log is damaged: nothing can be shown of it.`,
    )
  }
  const leaf = merkleLeaf(sealed)
  let path = await tree.inclusionPath(index, head.size)
  if (!verifyInclusion({ leaf, index, size: head.size, path, root: head.root })) {
    // A leaf hash on the disk may be what is damaged; those come back from the entries.
    await verify({ isRepairing: true })
    path = await tree.inclusionPath(index, head.size)
    if (!verifyInclusion({ leaf, index, size: head.size, path, root: head.root })) {
      throw new Fault(
        'damaged.entry',
        `Entry ${index} of the audit log is not what was signed. Verify the log to see what was changed.`,
      )
    }
  }
  return proofStep({
    index,
    sealed,
    path,
    disclosed: isDisclosed ? disclose(keys, index, sealed) : undefined,
  })
}

function disclose(
  keys: readonly Uint8Array[],
  index: number,
  sealed: Uint8Array,
): { key: Uint8Array; entry: AuditEntry } {
  for (const secret of keys) {
    const key = entryKey(secret, index)
    const entry = openEntry(key, index, sealed)
    if (entry !== undefined) return { key, entry }
  }
  throw new Fault('refused.key', `Entry ${index} of the audit log was sealed under a key that is not here.`)
}
