import { equalBytes } from '@anarq/bytes'
import { asFault, type Fault } from '@anarq/fault'
import { isLeafSized, type NodeRef, nibbleAt, type TrieNode } from './node.ts'
import type { NodeReader } from './node-store.ts'
import { findInPacked, idOfEncoded, type Packed, recordsIn } from './packed.ts'

/** A part of the trie that cannot be read: `prefix` is what the ids below begin with, in hexadecimal digits. */
export type Damage = { readonly fault: Fault; readonly ref: NodeRef; readonly prefix: string }
/** Told of damage, a walk goes on beside it; untold, it throws. */
export type OnDamage = (damage: Damage) => void

export type LeafAt = { readonly records: Packed; readonly prefix: string }

/** The encoded record of an id. */
export async function findRecord(
  reader: NodeReader,
  root: NodeRef | undefined,
  id: Uint8Array,
  fromDepth = 0,
): Promise<Uint8Array | undefined> {
  let ref = root
  for (let depth = fromDepth; ref !== undefined; depth += 1) {
    const node: TrieNode = await reader.read(ref)
    if (node.kind === 'leaf') return findInPacked(node.records, id)
    ref = node.children[nibbleAt(id, depth)]
  }
  return undefined
}

/** The node that holds all ids that begin with these hexadecimal digits; it may hold others too. */
export async function findSubtree(
  reader: NodeReader,
  root: NodeRef | undefined,
  prefix: string,
): Promise<NodeRef | undefined> {
  let ref = root
  for (const digit of prefix) {
    if (ref === undefined) return undefined
    const node: TrieNode = await reader.read(ref)
    if (node.kind === 'leaf') return ref
    ref = node.children[Number.parseInt(digit, 16)]
  }
  return ref
}

/** The encoded records in the order of their ids, a leaf at a time. */
export async function* walkTrie(
  reader: NodeReader,
  root: NodeRef | undefined,
  onDamage?: OnDamage,
): AsyncGenerator<LeafAt> {
  const stack: Step[] = root === undefined ? [] : [{ ref: root, prefix: '' }]
  for (let step = stack.pop(); step !== undefined; step = stack.pop()) {
    readAhead(reader, stack)
    const node = await readStep(reader, step, onDamage)
    if (node?.kind === 'leaf') yield { records: node.records, prefix: step.prefix }
    if (node?.kind !== 'inner') continue
    for (let slot = node.children.length - 1; slot >= 0; slot -= 1) {
      const ref = node.children[slot]
      if (ref !== undefined) stack.push({ ref, prefix: step.prefix + slot.toString(16) })
    }
  }
}

/**
 * The encoded records of `after` that are not the same in `before`. Subtrees that both share are not read; where
 * a part of `before` is gone, all that `after` holds there counts as different.
 */
export async function* diffTries(
  reader: NodeReader,
  before: NodeRef | undefined,
  after: NodeRef | undefined,
  onDamage?: OnDamage,
): AsyncGenerator<readonly Uint8Array[]> {
  const stack: DiffStep[] = after === undefined ? [] : [{ ref: after, prefix: '', old: before }]
  for (let step = stack.pop(); step !== undefined; step = stack.pop()) {
    const { old } = step
    if (isRef(old) && equalBytes(old.digest, step.ref.digest)) continue
    const [node, known] = await Promise.all([readStep(reader, step, onDamage), readOld(reader, old)])
    if (node === undefined) continue
    if (node.kind === 'leaf') {
      const beside = known?.kind === 'inner' ? old : known
      const changed = await changedRecords(reader, node.records, beside, step.prefix)
      if (changed.length > 0) yield changed
      continue
    }
    for (let slot = node.children.length - 1; slot >= 0; slot -= 1) {
      const ref = node.children[slot]
      if (ref === undefined) continue
      const oldChild = known?.kind === 'inner' ? known.children[slot] : known
      stack.push({ ref, prefix: step.prefix + slot.toString(16), old: oldChild })
    }
  }
}

/** Every node of a trie that is not, at the same place, in `shared`; leaves are named without being read. */
export async function* walkRefs(
  reader: NodeReader,
  root: NodeRef | undefined,
  shared: NodeRef | undefined,
): AsyncGenerator<NodeRef> {
  const stack: [NodeRef, NodeRef | undefined][] = root === undefined ? [] : [[root, shared]]
  for (let step = stack.pop(); step !== undefined; step = stack.pop()) {
    const [ref, other] = step
    if (other !== undefined && equalBytes(other.digest, ref.digest)) continue
    yield ref
    if (isLeafSized(ref.count, ref.bytes)) continue
    const node = await reader.read(ref)
    const beside = other === undefined ? undefined : await readOld(reader, other)
    if (node.kind === 'leaf') continue
    for (const [slot, child] of node.children.entries()) {
      if (child !== undefined) {
        stack.push([child, beside?.kind === 'inner' ? beside.children[slot] : undefined])
      }
    }
  }
}

type Step = { readonly ref: NodeRef; readonly prefix: string; ahead?: Promise<TrieNode> }
/** `old` is the counterpart, or the leaf that holds all there was at and above this place. */
type DiffStep = Step & { readonly old: NodeRef | TrieNode | undefined }

const aheadMax = 8

/** A slow store is asked for the next few nodes at once. */
function readAhead(reader: NodeReader, stack: Step[]): void {
  for (let i = stack.length - 1; i >= Math.max(0, stack.length - aheadMax); i -= 1) {
    const step = stack[i] as Step
    if (step.ahead !== undefined) continue
    step.ahead = reader.read(step.ref, 'pass')
    // The failure belongs to whoever takes the step; nobody may, when the walk is left early.
    step.ahead.catch(() => {})
  }
}

async function readStep(
  reader: NodeReader,
  { ref, prefix, ahead }: Step,
  onDamage: OnDamage | undefined,
): Promise<TrieNode | undefined> {
  try {
    return await (ahead ?? reader.read(ref, 'pass'))
  } catch (error) {
    if (onDamage === undefined) throw error
    onDamage({ fault: asFault(error), ref, prefix })
    return undefined
  }
}

async function readOld(
  reader: NodeReader,
  old: NodeRef | TrieNode | undefined,
): Promise<TrieNode | undefined> {
  if (old === undefined || !isRef(old)) return old
  try {
    return await reader.read(old, 'pass')
  } catch {
    return undefined
  }
}

async function changedRecords(
  reader: NodeReader,
  records: Packed,
  old: NodeRef | TrieNode | undefined,
  prefix: string,
): Promise<readonly Uint8Array[]> {
  if (old === undefined) return [...recordsIn(records)]
  const changed: Uint8Array[] = []
  for (const record of recordsIn(records)) {
    const id = idOfEncoded(record)
    const before = isRef(old)
      ? await findRecord(reader, old, id, prefix.length).catch(() => undefined)
      : old.kind === 'leaf' && findInPacked(old.records, id)
    if (!before || !equalBytes(before, record)) changed.push(record)
  }
  return changed
}

function isRef(old: NodeRef | TrieNode | undefined): old is NodeRef {
  return old !== undefined && 'digest' in old
}
