import { equalBytes, toHex } from '@anarq/bytes'
import { asFault, Fault } from '@anarq/fault'
import { type Cid, cidKey, cidOfDigest, digestOf, rawCodec } from '@anarq/ipld'
import type { CommitInfo } from '@anarq/qindex'
import { deriveSecret, hashBlake3, openBox, sealBox } from '@anarq/qlock'
import { isSignedHead } from '@anarq/qnet/swarm/feed'
import { writeKeptList } from '@anarq/qnet/swarm/kept-list'
import type { Office } from '../office.ts'
import type { KernelPorts, Neighbours, PutCopies } from '../ports.ts'
import { createLedger, type Ledger, readLedger } from './ledger.ts'
import { feedKeyOf } from './office-blocks.ts'
import { createSurvey } from './survey.ts'
import type { UsedBlock } from './used-blocks.ts'

/** What was done, so that whoever drives it keeps a pace. */
export type KeepingStep = { readonly isIdle: boolean; readonly sentBytes: number }

/** Sees to it that others keep what one identity has: what is lacking is found by looking at what is in use, not remembered in a queue. */
export type Keeper = {
  readonly ledger: Ledger
  /** One piece of work; `undefined` where there is none until something changes. Rejects with `unavailable.neighbours`. */
  step(neighbours: Neighbours): Promise<KeepingStep | undefined>
  /** There may be others now to keep what was kept by too few. */
  lookAgain(): void
  /** Blocks that nobody was asked about yet. */
  waiting(): number
  /** Whether all that is in use was looked at since this began. */
  isCounted(): boolean
  /** Of the last block that too few took: how many had no room, or no more for this node. */
  refused(): PutCopies['refused'] | undefined
  save(): Promise<void>
}

type Todo = Map<string, Cid>

const placedAtOnce = 64
const putsAtOnce = 6
const countedAtOnce = 256
const unsavedMin = 512
const lookedAt: KeepingStep = { isIdle: false, sentBytes: 0 }

export async function openKeeper(office: Office, ports: KernelPorts): Promise<Keeper> {
  const { space, stored, feed, branches } = office
  const records = recordsOf(office, ports)
  const ledger = (await records.load()) ?? createLedger()
  const todo: { meta: Todo; data: Todo } = { meta: new Map(), data: new Map() }
  const survey = createSurvey({
    space,
    blocks: office.ports.blocks,
    disk: stored.disk,
    ledger,
    // What is a branch's goes to its members, by another way.
    isLeftOut: (id) => branches.branchOf(id) !== undefined,
    onFound: add,
    onFault: ports.onFault,
  })
  let isBegun = false
  let lesserFrom: number | undefined = 0
  /** A look at everything that is to become a list is tried no more often than lists are made. */
  let failedWalkMs: number | undefined
  let refused: PutCopies['refused'] | undefined

  const placing = {
    ...{ ledger, feed, disk: stored.disk },
    onRefused(why: PutCopies['refused']): void {
      refused = why
    },
  }
  function add(part: UsedBlock['part'], cid: Cid): void {
    // Noted as a branch's before the index named it.
    if (ports.branches?.bound.branchOf(digestOf(cid)) !== undefined) return
    if ((ledger.copiesOf(digestOf(cid)) ?? 0) === 0) todo[part].set(cidKey(digestOf(cid)), cid)
  }

  async function placeHead(cid: Cid, sequence: number, neighbours: Neighbours): Promise<KeepingStep> {
    using key = feedKeyOf(space.identity.secrets)
    const digest = digestOf(cid)
    const copies = await neighbours.putHead(feed, key.sign(sequence, digest))
    if (copies === 0)
      throw new Fault(
        'unavailable.neighbours',
        'No other node keeps where the index ends. It is tried again.',
      )
    ledger.placed = { digest, sequence, copies }
    return lookedAt
  }

  /** Whether others hold what is not in use any more, or may: a look at everything is worth its time once a day. */
  const isListDue = ({ listEveryMs }: Neighbours): boolean =>
    ledger.placed !== undefined && Math.abs(ports.clock.nowMs() - (ledger.listedMs ?? 0)) >= listEveryMs

  /** Others let go of what is not in the newest list, a while after. */
  async function placeList(at: { cid: Cid; sequence: number }, neighbours: Neighbours): Promise<KeepingStep> {
    // Another device of this identity, or a state from before a loss: whoever knows less makes no list.
    const others = await neighbours.heads(feed)
    const isNewest = others.every(
      ({ sequence, head, signature }) =>
        sequence < at.sequence ||
        (sequence === at.sequence && equalBytes(head, digestOf(at.cid))) ||
        !isSignedHead(feed, sequence, head, signature),
    )
    if (!isNewest) return lookedAt
    const list = writeKeptList(ledger.digests(), ledger.size(), ports.random)
    const nowMs = ports.clock.nowMs()
    const { copies } = await neighbours.put(feed, list)
    using key = feedKeyOf(space.identity.secrets)
    const told = copies === 0 ? 0 : await neighbours.putList(feed, key.signList(nowMs, hashBlake3(list)))
    if (told > 0) {
      ledger.listedMs = nowMs
      await records.save(ledger.bytes())
    }
    return { isIdle: false, sentBytes: copies * list.length }
  }

  /** What too few had is asked about again; others have it by now, or it goes out once more. */
  async function lookAtLesser(from: number, neighbours: Neighbours): Promise<KeepingStep> {
    const { digests, next } = ledger.lesser(from, neighbours.copies, countedAtOnce)
    const counts = digests.length === 0 ? [] : await neighbours.count(feed, digests)
    digests.forEach((digest, i) => {
      ledger.note(digest, counts[i] ?? 0)
      add('data', cidOfDigest(rawCodec, digest))
    })
    if (counts.length === 0 && next === undefined) refused = undefined
    lesserFrom = next
    return lookedAt
  }

  async function save(changesMin = 0): Promise<void> {
    if (ledger.changes() > changesMin) await records.save(ledger.bytes())
  }

  return {
    ledger,
    async step(neighbours) {
      if (space.index.head() === undefined) return undefined
      isBegun = true
      // It is written whole each time: what was not is asked about again after a crash, and nothing is sent for that.
      await save(Math.max(unsavedMin, ledger.size() / 8))
      const naming = todo.meta.size < placedAtOnce ? survey.name() : undefined
      if (naming !== undefined) return naming.then(() => lookedAt)
      if (todo.meta.size > 0) return place({ ...placing, part: 'meta', todo: todo.meta }, neighbours)
      // All that names things at this head is with others, so the head may be.
      const head = space.index.head() as CommitInfo
      const digest = digestOf(head.cid)
      const isPlaced = ledger.placed !== undefined && equalBytes(ledger.placed.digest, digest)
      if (!isPlaced) return placeHead(head.cid, head.sequence, neighbours)
      const listing = todo.data.size < placedAtOnce ? survey.list() : undefined
      if (listing !== undefined) return listing.then(() => lookedAt)
      if (todo.data.size > 0) return place({ ...placing, part: 'data', todo: todo.data }, neighbours)
      ledger.walkedTo = digest
      if (lesserFrom !== undefined) return lookAtLesser(lesserFrom, neighbours)
      if (!isListDue(neighbours)) return undefined
      if (survey.takeWhole()) return placeList(head, neighbours)
      if (failedWalkMs !== undefined && Math.abs(ports.clock.nowMs() - failedWalkMs) < neighbours.listEveryMs)
        return undefined
      survey.begin()
      failedWalkMs = ports.clock.nowMs()
      return lookedAt
    },
    lookAgain() {
      lesserFrom = 0
    },
    waiting: () =>
      [...todo.meta.values(), ...todo.data.values()].filter(
        (cid) => ledger.copiesOf(digestOf(cid)) === undefined,
      ).length,
    isCounted: () => isBegun && survey.isOver(),
    refused: () => refused,
    save: () => save(),
  }
}

type Placing = {
  readonly part: UsedBlock['part']
  readonly todo: Todo
  readonly ledger: Ledger
  readonly feed: Uint8Array
  readonly disk: Pick<KernelPorts['blocks'], 'get'>
  onRefused(refused: PutCopies['refused']): void
}

/** Some of what waits: holders are asked first, and get what they lack. */
async function place(
  { part, todo, ledger, feed, disk, onRefused }: Placing,
  neighbours: Neighbours,
): Promise<KeepingStep> {
  const batch = [...todo.values()].slice(0, placedAtOnce)
  const counts = await neighbours.count(feed, batch.map(digestOf))
  const lacking = batch.filter((_, i) => (counts[i] ?? 0) < neighbours.copies)
  batch.forEach((cid, i) => {
    const copies = counts[i] ?? 0
    ledger.note(digestOf(cid), copies)
    if (copies >= neighbours.copies) todo.delete(cidKey(digestOf(cid)))
  })
  let sentBytes = 0
  let isRefused = false
  await eachOf(lacking, putsAtOnce, async (cid) => {
    const bytes = await disk.get(cid).catch(() => undefined)
    const { copies, refused } = bytes === undefined ? nowhere : await neighbours.put(feed, bytes)
    if (bytes !== undefined && copies < neighbours.copies) onRefused(refused)
    ledger.note(digestOf(cid), copies)
    sentBytes += copies * (bytes?.length ?? 0)
    // What names things has to be somewhere before the head that leads to it.
    if (copies > 0 || bytes === undefined || part === 'data') todo.delete(cidKey(digestOf(cid)))
    else isRefused = true
  })
  if (isRefused)
    throw new Fault('unavailable.neighbours', 'No other node took a part of the index. It is tried again.')
  return { isIdle: false, sentBytes }
}

const nowhere: PutCopies = { copies: 0, refused: { full: 0, share: 0 } }

/** The ledger between two starts: sealed, in the cache. Without it everything is asked about again, and sent only where it lacks. */
function recordsOf(
  { space }: Office,
  { cache, random, onFault }: Pick<KernelPorts, 'cache' | 'random' | 'onFault'>,
): { load(): Promise<Ledger | undefined>; save(bytes: Uint8Array): Promise<void> } {
  const { secrets } = space.identity
  const key = deriveSecret(secrets.index, 'q/v1/kept')
  const name = `kept-${toHex(secrets.feed)}`
  const context = `q/v1/kept/${toHex(secrets.feed)}`
  return {
    async load() {
      const sealed = await cache.read(name)
      const bytes = sealed && openBox(key, sealed, { context })
      return bytes && readLedger(bytes)
    },
    save: (bytes) =>
      cache.write(name, sealBox(key, bytes, { context, random })).catch((error) => onFault(asFault(error))),
  }
}

async function eachOf<T>(
  items: readonly T[],
  atOnce: number,
  act: (item: T) => Promise<void>,
): Promise<void> {
  const rest = [...items]
  const work = async (): Promise<void> => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await act(item)
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, work))
}
