import { compareBytes } from '@anarq/bytes'
import type { Location, SeriesName } from '../pack/location.ts'
import { type CatalogueDb, closeQuietly } from './catalogue-db.ts'
import { createRowChanges, type Settled } from './changes.ts'
import { createDamageMarks, type DamageMarks } from './damage-marks.ts'
import { createHeadTable, type HeadTable } from './head-table.ts'
import { type DigestRow, isSameRow, type PackRow, type Row } from './rows.ts'

/**
 * Which block is where: the database, and over it what has changed since its last transaction. Only what is safe
 * in the packs goes into the database, so that it never knows more than they do.
 */
export type Catalogue = {
  readonly heads: HeadTable
  readonly damage: DamageMarks
  find(digest: Uint8Array): Row | undefined
  /** In the order of the digests. */
  findMany(digests: readonly Uint8Array[]): readonly (Row | undefined)[]
  /** `found` is what `find` gave for this digest just before. */
  set(digest: Uint8Array, row: Row | undefined, found: Row | undefined): void
  /** What was placed in the series from here on was never written. */
  forget(series: SeriesName, from: Location): void
  /** Rows that are not in the database yet. */
  pendingRows(): number
  packs(): readonly PackRow[]
  /** In the database with the next commit. */
  setPack(row: PackRow): void
  takePack(row: PackRow): void
  /** Writes what is settled. SQLite's errors come through; nothing is lost by them. */
  commit(settled: Settled): void
  /** Rows after the digest in ascending order, changes included. */
  page(after: Uint8Array, limit: number): RowPage
  /** Blocks in the database that are in only one of the two meta series. */
  halfKept(after: Uint8Array, limit: number): readonly DigestRow[]
  totals(): { readonly blocks: number; readonly liveBytes: number }
  /** Another database in place of this one, and no changes over it. */
  replace(db: CatalogueDb): void
  close(): void
}

/** `next` is where to go on; `undefined` at the end. */
export type RowPage = { readonly rows: readonly DigestRow[]; readonly next: Uint8Array | undefined }

/** For rows that were read from the packs themselves. */
export const everything: Settled = {
  data: Number.MAX_SAFE_INTEGER,
  a: Number.MAX_SAFE_INTEGER,
  b: Number.MAX_SAFE_INTEGER,
}

export function createCatalogue(start: CatalogueDb): Catalogue {
  let db = start
  const changes = createRowChanges()
  const packs = new Map<string, PackRow>()
  const changedPacks = new Map<string, { readonly row: PackRow; readonly isGone: boolean }>()
  const heads = createHeadTable()
  const damage = createDamageMarks()

  function load(): void {
    changes.clear()
    packs.clear()
    changedPacks.clear()
    for (const row of db.packs()) packs.set(keyOf(row), row)
    heads.load(db.heads())
    damage.load(db.damage())
  }
  load()
  for (const { digest, row } of damage.all()) if (!isSameRow(db.find(digest), row)) damage.delete(digest)

  return {
    heads,
    damage,
    find(digest) {
      const change = changes.get(digest)
      return change === undefined ? db.find(digest) : change.row
    },
    findMany(digests) {
      const rows = db.findMany(digests)
      if (changes.size() === 0) return rows
      return digests.map((digest, i) => {
        const change = changes.get(digest)
        return change === undefined ? rows[i] : change.row
      })
    },
    set: (digest, row, found) => changes.set(digest, row, found),
    forget(series, from) {
      changes.forget(series, from)
      heads.forget(series, from)
    },
    pendingRows: () => changes.size(),
    packs: () => [...packs.values()],
    setPack(row) {
      packs.set(keyOf(row), row)
      changedPacks.set(keyOf(row), { row, isGone: false })
    },
    takePack(row) {
      packs.delete(keyOf(row))
      changedPacks.set(keyOf(row), { row, isGone: true })
    },
    commit(settled) {
      const rows = changes.settled(settled)
      const changedHeads = heads.changes()
      const marks = damage.changes()
      if (rows.length + changedPacks.size + changedHeads.length + marks.length === 0) return
      const packChanges = [...changedPacks.values()]
      db.write({
        rows,
        packs: packChanges.filter(({ isGone }) => !isGone).map(({ row }) => row),
        gonePacks: packChanges.filter(({ isGone }) => isGone).map(({ row }) => row),
        heads: changedHeads,
        damage: marks,
      })
      changes.noteCommitted(settled)
      changedPacks.clear()
      heads.saved()
      damage.saved()
    },
    page(after, limit) {
      const stored = db.page(after, limit)
      const next = stored.length < limit ? undefined : stored.at(-1)?.digest
      if (changes.size() === 0) return { rows: stored, next }
      const unchanged = stored.filter(({ digest }) => changes.get(digest) === undefined)
      const changed = changes.between(after, next)
      return { rows: [...unchanged, ...changed].sort((x, y) => compareBytes(x.digest, y.digest)), next }
    },
    halfKept: (after, limit) => db.halfKept(after, limit),
    totals() {
      const { blocks, liveBytes } = db.totals()
      const more = changes.growth()
      return { blocks: blocks + more.blocks, liveBytes: liveBytes + more.liveBytes }
    },
    replace(other) {
      closeQuietly(db)
      db = other
      load()
    },
    close: () => closeQuietly(db),
  }
}

function keyOf({ series, pack }: PackRow): string {
  return `${series}:${pack}`
}
