import { equalBytes } from '@anarq/bytes'
import { createMerkleFrontier, merkleLeaf } from '@anarq/qlock'
import { numberOf } from './audit-entry.ts'
import { explain, type Sighting } from './audit-explain.ts'
import { type SignedHead, verifyHead } from './audit-head.ts'
import { type OpeningTrouble, readHead } from './audit-open.ts'
import { openAny } from './audit-search.ts'
import { type AuditContext, withLeaves } from './audit-tree.ts'
import type { StoredEntry } from './log-store.ts'

export type AuditFinding = {
  /**
   * `changed`, `damaged`, `removed`, `reordered`: an entry that was signed is not there as it was. `forged`: something
   * that this log never sealed. `leaf`: a kept hash is wrong, its entry is whole. `head`, `tree`: what was signed does
   * not fit what is there. `storage`: the store's own report.
   */
  readonly kind:
    | 'changed'
    | 'damaged'
    | 'removed'
    | 'reordered'
    | 'forged'
    | 'leaf'
    | 'head'
    | 'tree'
    | 'storage'
  /** The number of the entry, where the finding is about one. */
  readonly index?: number
  readonly sentence: string
}

export type AuditReport = {
  /** Everything that was signed is there, unchanged, in its place, and nothing else is. */
  readonly ok: boolean
  readonly size: number
  readonly head: SignedHead | undefined
  /** Entries that no signed head covers yet. */
  readonly unsigned: number
  /** The tree over all that is known gives the root that was signed. */
  readonly isTreeValid: boolean
  /** Numbers of the entries that cannot be trusted or read, rising. */
  readonly damaged: readonly number[]
  /** At most 1,000, in the order of the log. */
  readonly findings: readonly AuditFinding[]
  readonly findingsTotal: number
  /** What the store found damaged and has mended by itself. */
  readonly repaired: readonly string[]
}

export type VerifyOptions = {
  /** Writes kept hashes anew where the entries show what they were. */
  isRepairing?: boolean
  /** A signed head kept elsewhere: a log that was set back to an older state is found out only by it. */
  known?: SignedHead
  signal?: AbortSignal | undefined
}

const findingsMax = 1000

export async function verifyLog(
  context: AuditContext,
  options: VerifyOptions & { head: SignedHead | undefined },
): Promise<AuditReport> {
  const { store } = context
  const findings: AuditFinding[] = []
  const trusted = await trustedHead(context, options, findings)
  const repaired: string[] = []
  for (const { sentence, isRepaired } of await store.damage()) {
    if (isRepaired) repaired.push(sentence)
    else findings.push({ kind: 'storage', sentence })
  }
  const found = await verifyEntries(context, trusted, options)
  findings.push(...found.findings)
  const size = store.size()
  const broken = new Set(['changed', 'damaged', 'removed'])
  const damaged = found.findings.flatMap(({ kind, index }) =>
    index !== undefined && broken.has(kind) ? [index] : [],
  )
  return {
    ok: findings.length === 0,
    size,
    head: trusted,
    unsigned: Math.max(0, size - (trusted?.size ?? 0)),
    isTreeValid: found.isTreeValid,
    damaged: damaged.sort((a, b) => a - b),
    findings: findings.slice(0, findingsMax),
    findingsTotal: findings.length,
    repaired,
  }
}

/** The newest head that is signed: the one that this log holds, the one on the disk, or the one given. */
async function trustedHead(
  context: AuditContext,
  { head, known }: VerifyOptions & { head: SignedHead | undefined },
  findings: AuditFinding[],
): Promise<SignedHead | undefined> {
  const troubles: OpeningTrouble[] = []
  const { publicKeys, origin } = context
  const kept = await readHead(context, troubles)
  for (const { sentence } of troubles) findings.push({ kind: 'head', sentence })
  let trusted = head ?? kept?.head
  if (trusted !== undefined && kept !== undefined && !equalBytes(kept.head.root, trusted.root)) {
    findings.push({
      kind: 'head',
      sentence: 'The head on the disk is another than the one last signed here.',
    })
  }
  if (known === undefined) return trusted
  if (known.origin !== origin || !publicKeys.some((publicKey) => verifyHead(publicKey, known))) {
    findings.push({
      kind: 'head',
      sentence: "The head given for comparison is not signed by this log's owner.",
    })
  } else if (known.size > (trusted?.size ?? 0)) {
    findings.push({
      kind: 'head',
      sentence: `The log was set back: a head over ${known.size} entries was signed, and the one here covers ${trusted?.size ?? 0}.`,
    })
    trusted = known
  }
  return trusted
}

type Found = { findings: AuditFinding[]; isTreeValid: boolean }

async function verifyEntries(
  context: AuditContext,
  head: SignedHead | undefined,
  options: VerifyOptions,
): Promise<Found> {
  const isWhole = await isAsSigned(context, head, options)
  if (isWhole && (options.known === undefined || (await isGrownFrom(context, options.known)))) {
    return { findings: [], isTreeValid: true }
  }
  return explainAll(context, head, options)
}

/** Hashes only: fast while all is well, which is nearly always. */
async function isAsSigned(
  { store, keys }: AuditContext,
  head: SignedHead | undefined,
  { signal }: VerifyOptions,
): Promise<boolean> {
  const size = store.size()
  const signedSize = head?.size ?? 0
  if (size < signedSize || store.leafCount() !== size) return false
  const frontier = createMerkleFrontier()
  for await (const { stored, leaf } of withLeaves(store, 0, size, signal)) {
    if (!('bytes' in stored) || leaf === undefined) return false
    const computed = merkleLeaf(stored.bytes)
    if (!equalBytes(computed, leaf)) return false
    if (stored.index < signedSize) frontier.append(computed)
    else if (openAny(keys, stored.index, stored.bytes) === undefined) return false
  }
  return head === undefined || equalBytes(frontier.root(), head.root)
}

async function isGrownFrom({ tree }: AuditContext, known: SignedHead): Promise<boolean> {
  return equalBytes((await tree.frontier(known.size)).root(), known.root)
}

/** Opens everything, to say what happened to which entry. */
async function explainAll(
  context: AuditContext,
  head: SignedHead | undefined,
  { signal, isRepairing = false }: VerifyOptions,
): Promise<Found> {
  const { store, keys, tree } = context
  const signedSize = head?.size ?? 0
  const size = store.size()
  // Three ways to know a leaf: as kept, as the entry gives it, and the second only where the entry opens.
  const roots = [createMerkleFrontier(), createMerkleFrontier(), createMerkleFrontier()] as const
  const sightings: Sighting[] = []
  const unlike: { index: number; computed: Uint8Array }[] = []
  for await (const { stored, leaf } of withLeaves(store, 0, size, signal)) {
    const sighting = sightingOf(stored, keys)
    sightings.push(sighting)
    const computed = 'bytes' in stored ? merkleLeaf(stored.bytes) : undefined
    const opened = sighting === stored.index ? computed : undefined
    if (opened !== undefined && (leaf === undefined || !equalBytes(opened, leaf))) {
      unlike.push({ index: stored.index, computed: opened })
    }
    if (stored.index >= signedSize) continue
    for (const [i, choice] of [leaf ?? computed, computed ?? leaf, opened ?? leaf ?? computed].entries()) {
      roots[i as 0 | 1 | 2].append(choice ?? nothing)
    }
  }
  const [kept, computed, mixed] = roots.map(
    (root) => head === undefined || (root.size === head.size && equalBytes(root.root(), head.root)),
  )
  const isTreeValid = kept === true || computed === true || mixed === true
  const findings = explain(sightings, { size, signedSize })
  // A kept hash that differs from an entry which opens: the signed root tells which of the two is the old one.
  const isLeafWrong = kept !== true && isTreeValid
  for (const { index, computed: leaf } of unlike) {
    findings.push(isLeafWrong || index >= signedSize ? wrongLeaf(index) : resealed(index))
    if (isLeafWrong && isRepairing) await store.putLeaves(index, leaf)
  }
  if (isLeafWrong && isRepairing) tree.forget()
  if (!isTreeValid) findings.push(wrongTree(findings.length))
  findings.sort((a, b) => (a.index ?? size) - (b.index ?? size))
  return { findings, isTreeValid }
}

const nothing = merkleLeaf(new Uint8Array(0))

/** The number under which what lies here opens, or why it opens under none. */
function sightingOf(stored: StoredEntry, keys: readonly Uint8Array[]): Sighting {
  if (!('bytes' in stored)) return stored.damage
  const claimed = numberOf(stored.bytes)
  if (claimed === undefined || openAny(keys, claimed, stored.bytes) === undefined) return 'foreign'
  return claimed
}

function wrongLeaf(index: number): AuditFinding {
  return {
    kind: 'leaf',
    index,
    sentence: `The kept hash of entry ${index} is damaged; the entry itself is whole.`,
  }
}

function resealed(index: number): AuditFinding {
  return {
    kind: 'changed',
    index,
    sentence: `Entry ${index} is not the one that was signed: it was sealed anew by somebody who has the log's key.`,
  }
}

function wrongTree(others: number): AuditFinding {
  const where =
    others === 0 ? "Entries were sealed anew by somebody who has the log's key" : 'See the entries named here'
  return { kind: 'tree', sentence: `The log does not give the root that was signed. ${where}.` }
}
