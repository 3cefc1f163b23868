import { equalBytes } from '@anarq/bytes'
import type { World } from '../world.ts'
import type { HeadStore } from './head-store.ts'
import { readKeptList } from './kept-list.ts'
import { homeOfFeed, type Place } from './place.ts'
import type { BlockNote, Store } from './store.ts'

export type Letting = {
  /** A little of it. */
  tick(): void
  /** Let go of since the start. */
  done(): { readonly blocks: number; readonly bytes: number }
}

export type LettingOptions = {
  readonly world: World
  readonly store: Store
  /** The newest list of each feed. */
  readonly lists: Pick<HeadStore, 'feeds' | 'get'>
  get(home: Place, key: Uint8Array, then: (bytes: Uint8Array | undefined) => void): void
  forget(note: BlockNote): void
  /** How long a block stays that its owner does not list any more. */
  readonly graceMs: number
  /** What came so shortly before a list was made may be missing in it. The same list is gone through again after so long. */
  readonly marginMs: number
}

/** What a note says of time is written anew when it is off by so much. */
const renewMs = 24 * 3_600_000
const notesAtOnce = 4096

type Round = { readonly feed: Uint8Array; readonly listed: (key: Uint8Array) => boolean; notes: BlockNote[] }

/**
 * Holders let go of what its owner does not list any more, a time of grace after they first saw that. A newer list that names it
 * again, or who puts it again, keeps it: whoever stole the key of a feed has to outlast its owner's own node.
 */
export function createLetting({
  world,
  store,
  lists,
  get,
  forget,
  graceMs,
  marginMs,
}: LettingOptions): Letting {
  /** When a feed was gone through, and with which list. */
  const seen = new Map<string, { list: string; atMs: number }>()
  let feeds: Uint8Array[] = []
  let round: Round | undefined
  let isFetching = false
  let blocks = 0
  let bytes = 0

  function begin(feed: Uint8Array): void {
    const [list] = lists.get(feed)
    if (list === undefined) return
    const [name, nowMs] = [feed.toHex(), world.clock.nowMs()]
    const last = seen.get(name)
    const isSame = last?.list === list.head.toHex()
    if (isSame && Math.abs(nowMs - last.atMs) < marginMs) return
    const home = homeOfFeed(feed)
    const notes = [...store.notes()].filter((note) => equalBytes(note.home, home))
    if (notes.length === 0) return
    isFetching = true
    get(home, list.head, (content) => {
      isFetching = false
      if (content === undefined) return
      seen.set(name, { list: list.head.toHex(), atMs: nowMs })
      try {
        const listed = readKeptList(content)
        round = { feed, listed: (key) => equalBytes(key, list.head) || listed(key), notes }
      } catch {
        // The owner signed something that is no list: nothing is let go of.
      }
    })
  }

  function judge(at: BlockNote, isListed: boolean, listMs: number): void {
    const nowMs = world.clock.nowMs()
    // It went or came again meanwhile.
    const note = store.find(at)
    if (note === undefined) return
    if (isListed) {
      if (note.goesMs !== 0 || nowMs - note.wantedMs > renewMs)
        store.renew({ ...note, wantedMs: nowMs, goesMs: 0 })
    } else if (note.goesMs !== 0 && note.goesMs <= nowMs) {
      blocks += 1
      bytes += note.bytes
      forget(note)
    } else if (note.goesMs === 0 && listMs > note.wantedMs + marginMs)
      store.renew({ ...note, goesMs: nowMs + graceMs })
  }

  return {
    tick() {
      if (isFetching) return
      if (round === undefined) {
        if (feeds.length === 0) feeds = [...lists.feeds()]
        const feed = feeds.pop()
        if (feed !== undefined) begin(feed)
        return
      }
      const { feed, listed, notes } = round
      const [list] = lists.get(feed)
      for (const note of notes.splice(0, notesAtOnce))
        if (list !== undefined) judge(note, listed(note.key), list.sequence)
      if (notes.length === 0) round = undefined
    },
    done: () => ({ blocks, bytes }),
  }
}
