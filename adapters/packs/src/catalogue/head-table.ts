import { toHex } from '@anarq/bytes'
import { type Cid, decodeCbor, encodeCbor, readArray, readCid, readInt } from '@anarq/ipld'
import { compareHeads, type HeadRef, headsKept } from '@anarq/qindex'
import { type Location, nowhere, type SeriesName } from '../pack/location.ts'
import type { HeadRow } from './rows.ts'

/** A head, and where its record is in both meta series. */
export type HeadEntry = HeadRef & { readonly a: Location; readonly b: Location }

export type HeadTable = {
  /** Greatest sequence first. */
  of(feed: Uint8Array): readonly HeadEntry[]
  feeds(): readonly Uint8Array[]
  /** Places of a head that is known are added to it. */
  add(feed: Uint8Array, entry: HeadEntry): void
  remove(feed: Uint8Array, cid: Cid): void
  /** What was placed in the series from here on was never written. */
  forget(series: SeriesName, from: Location): void
  load(rows: readonly HeadRow[]): void
  /** The feeds that are not saved yet. */
  changes(): readonly HeadRow[]
  saved(): void
}

type Feed = { readonly feed: Uint8Array; entries: readonly HeadEntry[] }

export function createHeadTable(): HeadTable {
  const feeds = new Map<string, Feed>()
  const unsaved = new Set<string>()

  function change(feed: Uint8Array, edit: (entries: readonly HeadEntry[]) => readonly HeadEntry[]): void {
    const key = toHex(feed)
    const known = feeds.get(key) ?? { feed: feed.slice(), entries: [] }
    known.entries = edit(known.entries).toSorted(compareHeads).slice(0, headsKept)
    feeds.set(key, known)
    unsaved.add(key)
  }

  return {
    of: (feed) => feeds.get(toHex(feed))?.entries ?? [],
    feeds: () =>
      [...feeds.values()].filter(({ entries }) => entries.length > 0).map(({ feed }) => feed.slice()),
    add(feed, entry) {
      change(feed, (entries) => {
        const known = entries.find((other) => other.cid.equals(entry.cid))
        const merged = { ...entry, a: entry.a || (known?.a ?? nowhere), b: entry.b || (known?.b ?? nowhere) }
        return [...entries.filter((other) => other !== known), merged]
      })
    },
    remove(feed, cid) {
      change(feed, (entries) => entries.filter((entry) => !entry.cid.equals(cid)))
    },
    forget(series, from) {
      if (series === 'data') return
      for (const { feed, entries } of feeds.values()) {
        if (!entries.some((entry) => entry[series] >= from)) continue
        change(feed, () =>
          entries
            .map((entry) => (entry[series] >= from ? { ...entry, [series]: nowhere } : entry))
            .filter((entry) => entry.a !== nowhere || entry.b !== nowhere),
        )
      }
    },
    load(rows) {
      feeds.clear()
      unsaved.clear()
      for (const { feed, refs } of rows) feeds.set(toHex(feed), { feed, entries: decodeEntries(refs) })
    },
    changes: () =>
      [...unsaved].map((key) => {
        const { feed, entries } = feeds.get(key) as Feed
        return { feed, refs: encodeCbor(entries.map(({ cid, sequence, a, b }) => [cid, sequence, a, b])) }
      }),
    saved: () => unsaved.clear(),
  }
}

function decodeEntries(refs: Uint8Array): readonly HeadEntry[] {
  return readArray(decodeCbor(refs, 'A list of heads'), 'A list of heads', { max: headsKept }).map(
    (value) => {
      const [cid, sequence, a, b] = readArray(value, 'A head', { max: 4 })
      return {
        cid: readCid(cid, "A head's CID"),
        sequence: readInt(sequence, "A head's sequence"),
        a: readInt(a, 'A place'),
        b: readInt(b, 'A place'),
      }
    },
  )
}
