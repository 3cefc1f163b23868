import type { NodeId } from '../node-id.ts'
import type { Membership } from './membership.ts'
import { isUnder, type Place, rankFor } from './place.ts'
import type { Requests } from './requests.ts'
import type { BlockNote, Store } from './store.ts'
import type { View } from './view.ts'

export type Repair = {
  tick(): void
  /** The neighbourhood is another one: look at everything again. */
  changed(): void
  done(): { readonly blocks: number; readonly bytes: number }
}

export type RepairOptions = {
  readonly self: NodeId
  readonly store: Store
  readonly membership: Membership
  readonly requests: Requests
  viewOf(home: Place, then: (view: View | undefined) => void): void
  readonly copies: number
  readonly bytesPerTick: number
  claimed(holder: NodeId, key: Uint8Array): void
  forget(note: BlockNote): void
}

type Task = { readonly note: BlockNote; readonly to: readonly NodeId[]; readonly copies: number }

const batchMax = 256
/** A whole look at what is held begins at the latest so many ticks after the last. */
const restTicks = 60
/** And where something was lacking, so many: what was sent has come by then. */
const againTicks = 4
const queueMax = 4096

/**
 * Each holder asks the other holders of its blocks which of them they have; the first of those who have one sends it to those
 * who lack it, fewest copies first, at most so many bytes a tick. Nobody keeps a list of all blocks.
 */
export function createRepair(options: RepairOptions): Repair {
  const { self, store, membership, requests, viewOf, copies, bytesPerTick, claimed, forget } = options
  let scan: BlockNote[] = []
  let sinceScan = restTicks
  let isAgain = false
  const queue: Task[] = []
  const lackingLooks = new Map<string, number>()
  const queued = new Set<string>()
  let budget = 0
  let blocks = 0
  let bytes = 0

  function look(batch: readonly BlockNote[], view: View): void {
    const asks = new Map<NodeId, BlockNote[]>()
    const states = batch.map((note) => {
      const holders = rankFor(note.key, view.members)
        .slice(0, copies)
        .map(({ id }) => id)
      for (const id of holders) if (id !== self) asks.set(id, [...(asks.get(id) ?? []), note])
      return {
        note,
        holders,
        having: new Set<NodeId>(holders.includes(self) ? [self] : []),
        lacking: [] as NodeId[],
      }
    })
    const byKey = new Map(states.map((state) => [state.note, state]))
    let waiting = asks.size
    const end = (): void => {
      waiting -= 1
      if (waiting <= 0) for (const state of states) judge(state)
    }
    if (waiting === 0) end()
    for (const [id, notes] of asks)
      requests.ask(id, 'have', [notes.map(({ key, home }) => [key, home])], (answer) => {
        const having = answer?.[0]
        if (having instanceof Uint8Array && having.length === notes.length)
          notes.forEach((note, i) => {
            const state = byKey.get(note)
            if (having[i] === 1) {
              state?.having.add(id)
              claimed(id, note.key)
            } else state?.lacking.push(id)
          })
        end()
      })
  }

  function judge({
    note,
    holders,
    having,
    lacking,
  }: {
    note: BlockNote
    holders: readonly NodeId[]
    having: ReadonlySet<NodeId>
    lacking: readonly NodeId[]
  }): void {
    const isHolder = holders.includes(self)
    const name = `${note.key.toHex()}${note.home.toHex()}`
    // Each time that it is still lacking one more of those who have it sends: a liar in front delays by one look.
    const looks = lacking.length === 0 ? 0 : (lackingLooks.get(name) ?? 0)
    const senders = holders.filter((id) => having.has(id)).slice(0, looks + 1)
    const isFirst = senders.includes(self) || (!isHolder && having.size <= looks)
    if (lacking.length === 0) lackingLooks.delete(name)
    else if (lackingLooks.size < queueMax) lackingLooks.set(name, looks + 1)
    // What its owner lets go of is not given on.
    const isGoing = (store.find(note)?.goesMs ?? 0) !== 0
    if (lacking.length > 0 && !isGoing) isAgain = true
    // Whoever is no holder any more gives it on, and lets go of it only when all who should have it say that they do.
    if (lacking.length === 0 && !isHolder && having.size === holders.length && holders.length > 0)
      forget(note)
    else if (lacking.length > 0 && isFirst && !isGoing && !queued.has(name) && queue.length < queueMax) {
      queued.add(name)
      queue.push({ note, to: lacking, copies: having.size })
      queue.sort((a, b) => a.copies - b.copies)
    }
  }

  function send(): void {
    budget = Math.min(bytesPerTick, budget + bytesPerTick)
    while (queue.length > 0 && budget > 0) {
      const { note, to } = queue.shift() as Task
      queued.delete(`${note.key.toHex()}${note.home.toHex()}`)
      budget -= note.bytes * to.length
      store.get(note.key, (content) => {
        if (content === undefined) return
        for (const id of to)
          requests.ask(id, 'store', [note.key, note.home, content], (answer) => {
            if (answer?.[0] === null || answer === undefined) return
            blocks += 1
            bytes += note.bytes
          })
      })
    }
  }

  return {
    tick() {
      const view = membership.view()
      if (view === undefined) return
      send()
      sinceScan += 1
      if (scan.length === 0 && ((isAgain && sinceScan > againTicks) || sinceScan > restTicks)) {
        scan = [...store.notes()]
        sinceScan = 0
        isAgain = false
      }
      const batch = scan.splice(0, batchMax)
      const here = batch.filter(({ home }) => isUnder(home, view.prefix))
      if (here.length > 0) look(here, view)
      const elsewhere = Map.groupBy(
        batch.filter((note) => !here.includes(note)),
        ({ home }) => home.toHex(),
      )
      for (const notes of elsewhere.values())
        viewOf((notes[0] as BlockNote).home, (theirs) => theirs && look(notes, theirs))
    },
    changed() {
      isAgain = true
      sinceScan = restTicks
      scan = []
    },
    done: () => ({ blocks, bytes }),
  }
}
