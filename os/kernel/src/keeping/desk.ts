import { fromHex } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { digestOf } from '@anarq/ipld'
import type { Account } from '../account.ts'
import { versionsOf } from '../drive/versions.ts'
import type { Home } from '../home.ts'
import type { Office } from '../office.ts'
import type { HeldFacts, KernelPorts, Neighbours } from '../ports.ts'
import type { Space } from '../space.ts'
import { bringBack } from './bring-back.ts'
import { type Keeper, type KeepingStep, openKeeper } from './keeper.ts'
import type { KeepingOperations, KeptCounts, KeptEntryFacts, KeptFacts, KeptGuarantee } from './operations.ts'
import { blocksOfVersion } from './used-blocks.ts'

/** For whoever has time and a network: the kernel has neither. */
export type Keeping = {
  /** One piece of work for one identity. Rejects with `unavailable.neighbours` where nobody is there, `refused.locked` while locked. */
  step(): Promise<KeepingStep>
  /** There are other neighbours than before. */
  lookAgain(): void
  /** Told when there may be work. */
  onWork(listen: () => void): () => void
  /** What this node holds for others; undefined while it is on no network. */
  held(): HeldFacts | undefined
  /** Makes durable what is known to be kept, so that little is asked again after a restart. */
  save(): Promise<void>
}

export type KeepingDesk = { readonly operations: KeepingOperations; readonly keeping: Keeping; tell(): void }

const idle: KeepingStep = { isIdle: true, sentBytes: 0 }

export function createKeepingDesk({
  account,
  home,
  ports,
  copiesInBranch,
}: {
  account: Account
  home: () => Home
  ports: KernelPorts
  /** Of a block that is a branch's; undefined for any other. */
  copiesInBranch(digest: Uint8Array): number | undefined
}): KeepingDesk {
  const { neighbours } = ports
  /** As long as their offices are open. */
  const keepers = new WeakMap<Space, Promise<Keeper>>()
  const listeners = new Set<() => void>()
  let open: Keeper[] = []
  let stepping: Promise<unknown> = Promise.resolve()
  let returning: { blocks: number; bytes: number } | undefined

  const keeperOf = (office: Office): Promise<Keeper> => {
    const known = keepers.get(office.space) ?? openKeeper(office, ports)
    keepers.set(office.space, known)
    return known
  }
  const keepersNow = async (): Promise<Keeper[]> => {
    const all: Keeper[] = []
    for (const { did } of home().residents()) all.push(await keeperOf(await home().officeOf(did)))
    open = all
    return all
  }
  const need = (): Neighbours => {
    if (neighbours !== undefined) return neighbours
    throw new Fault(
      'unavailable.neighbours',
      'This node is on no network, so nobody keeps anything for it. Choose how it meets others: in Network on its desktop, or with anarq net way out.',
    )
  }

  const stepNow = async (): Promise<KeepingStep> => {
    for (const keeper of await keepersNow()) {
      const done = await keeper.step(need())
      if (done !== undefined) return done
    }
    return idle
  }

  return {
    tell() {
      for (const listen of listeners) listen()
    },
    keeping: {
      async step() {
        // What comes back is looked at when it is here; offices close and open meanwhile.
        if (returning !== undefined) return idle
        const step = stepNow()
        stepping = step.catch(() => {})
        return step
      },
      lookAgain() {
        for (const keeper of open) keeper.lookAgain()
      },
      onWork(listen) {
        listeners.add(listen)
        return () => void listeners.delete(listen)
      },
      held: () => neighbours?.held(),
      async save() {
        await Promise.all(open.map((keeper) => keeper.save()))
      },
    },
    operations: {
      async kept() {
        const office = await home().current()
        const facts = keptFacts(office, await keeperOf(office), neighbours)
        return returning === undefined ? facts : { ...facts, returning }
      },
      async keptOf(ref) {
        const office = await home().current()
        const { ledger } = await keeperOf(office)
        const copiesOf = (digest: Uint8Array): number =>
          copiesInBranch(digest) ?? ledger.copiesOf(digest) ?? 0
        return keptEntry(office, copiesOf, neighbours, ref)
      },
      async bringBack({ invitation, signal } = {}) {
        const there = need()
        if (returning !== undefined)
          throw new Fault('busy.return', 'It is coming back already. See: anarq net kept')
        returning = { blocks: 0, bytes: 0 }
        try {
          await there.reach(invitation, signal)
          await stepping
          const onProgress = (done: { blocks: number; bytes: number }): void => {
            returning = done
          }
          return await bringBack({ account, home: home(), ports, neighbours: there, onProgress, signal })
        } finally {
          returning = undefined
        }
      },
    },
  }
}

function keptFacts(
  { space }: Office,
  { ledger, waiting, isCounted, refused }: Keeper,
  neighbours: Neighbours | undefined,
): KeptFacts {
  const copies = neighbours?.copies ?? 0
  const counts = ledger.counts(Math.max(1, copies))
  const { placed } = ledger
  const refusals = refused()
  const held = neighbours?.held()
  return {
    isAmongNeighbours: neighbours?.isThere() ?? false,
    copies,
    isCounted: isCounted(),
    blocks: { ...counts, alone: counts.alone + waiting() },
    ...(refusals === undefined ? {} : { refused: refusals }),
    ...(held === undefined ? {} : { held }),
    ...(placed === undefined
      ? {}
      : {
          index: {
            sequence: placed.sequence,
            isNewest: space.index.head()?.sequence === placed.sequence,
            copies: placed.copies,
          },
        }),
  }
}

/** Of the latest version of each file. */
async function keptEntry(
  { space, drive, ports }: Office,
  copiesOf: (digest: Uint8Array) => number,
  neighbours: Neighbours | undefined,
  ref: string,
): Promise<KeptEntryFacts> {
  const wanted = neighbours?.copies ?? Number.POSITIVE_INFINITY
  const { name } = await drive.entry(ref)
  const blocks = { full: 0, fewer: 0, alone: 0 }
  let files = 0
  for await (const entry of drive.walk(ref)) {
    if (entry.kind !== 'file') continue
    files += 1
    const [latest] = await versionsOf(space, fromHex(entry.id))
    if (latest === undefined) continue
    for await (const cid of blocksOfVersion(space, ports, latest))
      blocks[guaranteeOf(copiesOf(digestOf(cid)), wanted)] += 1
  }
  return { name, guarantee: worstOf(blocks), files, blocks }
}

function guaranteeOf(copies: number, wanted: number): KeptGuarantee {
  if (copies >= wanted) return 'full'
  return copies > 0 ? 'fewer' : 'alone'
}

function worstOf({ fewer, alone }: KeptCounts): KeptGuarantee {
  if (alone > 0) return 'alone'
  return fewer > 0 ? 'fewer' : 'full'
}
