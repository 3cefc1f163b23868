import { toHex } from '@anarq/bytes'
import type { Clock } from '@anarq/clock'
import { Fault } from '@anarq/fault'
import type { Random } from '@anarq/random'
import { pageBytesEnough, pageItemsMax, type TreeItem, type TreePage, walkBytes } from './tree-messages.ts'

export type WalkOf = {
  readonly subject: string
  readonly items: AsyncIterator<TreeItem>
  /** What the audit log was told of a page is durable when this resolves. */
  settle(): Promise<void>
}

/** Readers of other nodes on their way through a folder: page after page, each once, until it is over or left. */
export type Walks = {
  begin(walk: WalkOf): Promise<Page>
  /** `missing.walk` where there is none by this name, at this page. */
  next(name: Uint8Array, page: number): Promise<Page>
  clear(): void
}

type Page = Pick<TreePage, 'items' | 'walk'>

type Open = WalkOf & { readonly name: Uint8Array; page: number; touchedMs: number; isBusy: boolean }

const idleMsMax = 10 * 60_000
const walksMax = 256
/** Of one reader. */
const perSubjectMax = 8

export function createWalks({ clock, random }: { readonly clock: Clock; readonly random: Random }): Walks {
  const open = new Map<string, Open>()
  const leave = (walk: Open): void => {
    open.delete(toHex(walk.name))
    void walk.items.return?.().catch(() => {})
  }
  const makeRoom = (subject: string): void => {
    const nowMs = clock.nowMs()
    for (const walk of open.values()) if (Math.abs(nowMs - walk.touchedMs) > idleMsMax) leave(walk)
    const theirs = [...open.values()].filter((walk) => walk.subject === subject)
    if (theirs.length >= perSubjectMax) leave(theirs[0] as Open)
    if (open.size >= walksMax)
      throw new Fault('busy.walks', 'The other node reads folders for many others just now. Try again later.')
  }
  const page = async (walk: Open): Promise<Page> => {
    walk.isBusy = true
    try {
      const { items, isLast } = await takePage(walk.items)
      await walk.settle()
      walk.page += 1
      walk.touchedMs = clock.nowMs()
      if (isLast) leave(walk)
      return isLast ? { items } : { walk: walk.name, items }
    } catch (error) {
      leave(walk)
      throw error
    } finally {
      walk.isBusy = false
    }
  }
  return {
    begin(walk) {
      makeRoom(walk.subject)
      const opened = {
        ...walk,
        name: random.bytes(walkBytes),
        page: 0,
        touchedMs: clock.nowMs(),
        isBusy: false,
      }
      open.set(toHex(opened.name), opened)
      return page(opened)
    },
    async next(name, number) {
      const walk = open.get(toHex(name))
      if (walk === undefined || walk.page !== number || walk.isBusy)
        throw new Fault(
          'missing.walk',
          'The other node was waited for too long, or restarted. Open the folder again.',
        )
      return page(walk)
    },
    clear() {
      for (const walk of open.values()) leave(walk)
    },
  }
}

async function takePage(
  from: AsyncIterator<TreeItem>,
): Promise<{ readonly items: readonly TreeItem[]; readonly isLast: boolean }> {
  const items: TreeItem[] = []
  for (let bytes = 0; items.length < pageItemsMax && bytes < pageBytesEnough; ) {
    const next = await from.next()
    if (next.done === true) return { items, isLast: true }
    items.push(next.value)
    const { facts, handed } = next.value
    bytes += facts.path.length + (handed?.envelope.length ?? 0) + (handed?.block?.length ?? 0)
  }
  return { items, isLast: false }
}
