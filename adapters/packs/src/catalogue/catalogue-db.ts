import { existsSync, rmSync } from 'node:fs'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { compareBytes } from '@anarq/bytes'
import { isFullDisk } from '../pack/disk-fault.ts'
import type { SeriesName } from '../pack/location.ts'
import { storeIdBytes } from '../pack/record.ts'
import { createDigestFilter, type DigestFilter } from './digest-filter.ts'
import type { Changes, DigestRow, HeadRow, MarkChange, PackRow, Row } from './rows.ts'
import { createTally, type Tally, weighBlock } from './tally.ts'

/** The tables of `blocks.db`: derived from the packs, and worthless once they disagree with their own sum. */
export type CatalogueDb = {
  readonly storeId: Uint8Array
  find(digest: Uint8Array): Row | undefined
  /** In the order of the digests. */
  findMany(digests: readonly Uint8Array[]): (Row | undefined)[]
  /** Up to `limit` rows after the digest, ascending. */
  page(after: Uint8Array, limit: number): readonly DigestRow[]
  packs(): readonly PackRow[]
  heads(): readonly HeadRow[]
  /** Where blocks lay of which no copy verified. */
  damage(): readonly DigestRow[]
  /** As `page`, of the blocks that are in only one of the two meta series. */
  halfKept(after: Uint8Array, limit: number): readonly DigestRow[]
  totals(): { readonly blocks: number; readonly liveBytes: number }
  /** One transaction. */
  write(changes: Changes): void
  close(): void
}

const digestBytes = 32
const schemaVersion = 1
const schema = `
  CREATE TABLE blocks (digest BLOB PRIMARY KEY, kind INT, bytes INT, data INT, a INT, b INT) WITHOUT ROWID;
  CREATE TABLE packs (series TEXT, pack INT, indexed INT, leaving INT, PRIMARY KEY (series, pack)) WITHOUT ROWID;
  CREATE TABLE heads (feed BLOB PRIMARY KEY, refs BLOB) WITHOUT ROWID;
  CREATE TABLE state (id INTEGER PRIMARY KEY, store_id BLOB, rows INT, sum INT);
  PRAGMA user_version = ${schemaVersion};`
/** Made with the first mark. No part of the sum: a mark that is lost is found again by the next read. */
const damageTable = `
  CREATE TABLE IF NOT EXISTS damage (digest BLOB PRIMARY KEY, kind INT, bytes INT, data INT, a INT, b INT) WITHOUT ROWID`
/** The home has one owner: without memory that is shared with others, opening needs no room on the disk. */
const settings = `
  PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY;`

/** The database as it is, or `undefined` when it is missing, damaged, or does not agree with its own sum. */
export async function openCatalogueDb(path: string, signal?: AbortSignal): Promise<CatalogueDb | undefined> {
  if (!existsSync(path)) return undefined
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(path)
    db.exec(settings)
    const version = db.prepare('PRAGMA user_version').get()?.user_version
    if (version === schemaVersion) {
      const tables = openTables(db)
      if (await isWhole(tables, signal)) return tables.face
    }
  } catch (error) {
    if (!isSqliteError(error)) {
      closeQuietly(db)
      throw error
    }
  }
  closeQuietly(db)
  return undefined
}

/** An empty database in place of whatever was there; in memory where the disk has no room for one. */
export function createCatalogueDb(path: string, storeId: Uint8Array): CatalogueDb {
  for (const suffix of ['', '-wal', '-shm', '-journal'])
    rmSync(path + suffix, { force: true, recursive: true })
  try {
    return createTables(path, storeId)
  } catch (error) {
    if (!isFullDisk(error)) throw error
    return createTables(':memory:', storeId)
  }
}

function createTables(path: string, storeId: Uint8Array): CatalogueDb {
  const db = new DatabaseSync(path)
  try {
    db.exec(settings)
    db.exec(schema)
    const tally = createTally(0, 0)
    tally.name(storeId)
    db.prepare('INSERT INTO state VALUES (1, ?, ?, ?)').run(storeId, tally.rows(), tally.sum())
    return openTables(db).face
  } catch (error) {
    closeQuietly(db)
    throw error
  }
}

export function isSqliteError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_SQLITE_ERROR'
}

/** SQLITE_CORRUPT and SQLITE_NOTADB, https://sqlite.org/rescode.html; what else fails may work again later. */
export function isDamagedDatabase(error: unknown): boolean {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0
  return code === 11 || code === 26
}

type RowColumns = [kind: number, bytes: number, data: number, a: number, b: number]
type BlockColumns = [Uint8Array, number, number, number, number, number]
type PackColumns = [SeriesName, number, number, number]
type HeadColumns = [Uint8Array, Uint8Array]
type Statements = ReturnType<typeof prepare>
type Tables = {
  readonly face: CatalogueDb
  readonly statements: Statements
  readonly tally: Tally
  readonly filter: DigestFilter
}

function openTables(db: DatabaseSync): Tables {
  const statements = prepare(db)
  const state = statements.state.get() as unknown as [Uint8Array, number, number] | undefined
  if (state === undefined) throw Object.assign(new Error('no state row'), { code: 'ERR_SQLITE_ERROR' })
  const tally = createTally(state[1], state[2])
  const filter = createDigestFilter(state[1])
  const toPage = (columns: unknown[]): readonly DigestRow[] => (columns as BlockColumns[]).map(toDigestRow)
  const face: CatalogueDb = {
    storeId: state[0],
    find(digest) {
      if (!filter.mayHave(digest)) return undefined
      const found = statements.find.get(digest) as unknown as RowColumns | undefined
      return found && toRow(found)
    },
    findMany: (digests) => findMany(statements, digests),
    page: (after, limit) => toPage(statements.page.all(after, limit)),
    halfKept: (after, limit) => toPage(statements.half.all(after, limit)),
    packs: () => (statements.packs.all() as unknown as PackColumns[]).map(toPackRow),
    heads: () => (statements.heads.all() as unknown as HeadColumns[]).map(([feed, refs]) => ({ feed, refs })),
    damage: () => readDamage(db),
    totals() {
      const [blocks, liveBytes] = statements.totals.get() as unknown as [number, number | null]
      return { blocks, liveBytes: liveBytes ?? 0 }
    },
    write(changes) {
      const undo = tally.mark()
      db.exec('BEGIN IMMEDIATE')
      try {
        applyChanges(changes, statements, tally)
        for (const { digest } of changes.rows) filter.add(digest)
        if (changes.damage.length > 0) writeDamage(db, changes.damage)
        db.exec('COMMIT')
      } catch (error) {
        undo()
        if (db.isTransaction) db.exec('ROLLBACK')
        throw error
      }
    },
    close: () => db.close(),
  }
  return { face, statements, tally, filter }
}

/** One statement for many costs a third of one for each. */
const digestsAtOnce = 64

function findMany(statements: Statements, digests: readonly Uint8Array[]): (Row | undefined)[] {
  const rows = digests.map((): Row | undefined => undefined)
  for (let from = 0; from < digests.length; from += digestsAtOnce) {
    const asked = Array.from({ length: digestsAtOnce }, (_, i) => digests[from + i] ?? null)
    const found = statements.findMany.all(...asked) as unknown as [number, ...RowColumns][]
    for (const [i, ...columns] of found) rows[from + i] = toRow(columns)
  }
  return rows
}

function readDamage(db: DatabaseSync): readonly DigestRow[] {
  const isThere = db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'damage'").get() !== undefined
  if (!isThere) return []
  const all = db.prepare('SELECT * FROM damage')
  all.setReturnArrays(true)
  return (all.all() as unknown as BlockColumns[])
    .filter(([digest]) => digest instanceof Uint8Array && digest.length === digestBytes)
    .map(toDigestRow)
}

function writeDamage(db: DatabaseSync, marks: readonly MarkChange[]): void {
  db.exec(damageTable)
  const take = db.prepare('DELETE FROM damage WHERE digest = ?')
  const put = db.prepare('INSERT OR REPLACE INTO damage VALUES (?, ?, ?, ?, ?, ?)')
  for (const { digest, row } of marks) {
    if (row === undefined) take.run(digest)
    else put.run(digest, row.kind, row.bytes, row.data, row.a, row.b)
  }
}

function toRow([kind, bytes, data, a, b]: RowColumns): Row {
  return { kind, bytes, data, a, b }
}

function applyChanges(changes: Changes, statements: Statements, tally: Tally): void {
  for (const { digest, row, base } of changes.rows) {
    if (base !== undefined) tally.less(weighBlock(digest, base))
    if (row !== undefined) {
      tally.more(weighBlock(digest, row))
      statements.put.run(digest, row.kind, row.bytes, row.data, row.a, row.b)
    } else if (base !== undefined) {
      statements.take.run(digest)
    }
  }
  for (const row of changes.packs) {
    tally.pack(row, true)
    statements.putPack.run(row.series, row.pack, row.indexed, Number(row.isLeaving))
  }
  for (const row of changes.gonePacks) {
    tally.pack(row, false)
    statements.takePack.run(row.series, row.pack)
  }
  for (const row of changes.heads) {
    tally.head(row)
    statements.putHead.run(row.feed, row.refs)
  }
  statements.putState.run(tally.rows(), tally.sum())
}

const rowsAtOnce = 4096

/** Reads every row: about a second for a million. */
async function isWhole({ face, statements, tally, filter }: Tables, signal?: AbortSignal): Promise<boolean> {
  if (face.storeId.length !== storeIdBytes) return false
  const found = createTally(0, 0)
  found.name(face.storeId)
  for (const row of face.packs()) found.pack(row, true)
  for (const row of face.heads()) found.head(row)
  // No part of the sum, but what cannot be read at all is found out here.
  face.damage()
  let last: Uint8Array = new Uint8Array(0)
  for (;;) {
    signal?.throwIfAborted()
    const page = statements.page.all(last, rowsAtOnce) as unknown as BlockColumns[]
    for (const [digest, kind, bytes, data, a, b] of page) {
      if (compareBytes(last, digest) >= 0) return false
      found.more(weighBlock(digest, { kind, bytes, data, a, b }))
      filter.add(digest)
      last = digest
    }
    if (page.length < rowsAtOnce) break
    await nextTurn()
  }
  if (found.rows() !== tally.rows() || found.sum() !== tally.sum()) return false
  tally.adopt(found)
  return isWritable(() => statements.putState.run(tally.rows(), tally.sum()))
}

/** A write that changes nothing shows whether writing is possible at all; on a full disk it will be. */
function isWritable(write: () => void): boolean {
  try {
    write()
  } catch (error) {
    if (!isFullDisk(error)) throw error
  }
  return true
}

type StatementName =
  | 'state'
  | 'putState'
  | 'find'
  | 'findMany'
  | 'page'
  | 'half'
  | 'totals'
  | 'put'
  | 'take'
  | 'packs'
  | 'putPack'
  | 'takePack'
  | 'heads'
  | 'putHead'

const askedValues = Array.from({ length: digestsAtOnce }, (_, i) => `(${i}, ?)`).join(', ')

function prepare(db: DatabaseSync): Record<StatementName, StatementSync> {
  const statements = {
    state: db.prepare('SELECT store_id, rows, sum FROM state WHERE id = 1'),
    putState: db.prepare('UPDATE state SET rows = ?, sum = ? WHERE id = 1'),
    find: db.prepare('SELECT kind, bytes, data, a, b FROM blocks WHERE digest = ?'),
    findMany: db.prepare(`WITH asked (i, digest) AS (VALUES ${askedValues})
      SELECT i, kind, bytes, data, a, b FROM asked CROSS JOIN blocks USING (digest)`),
    page: db.prepare('SELECT * FROM blocks WHERE digest > ? ORDER BY digest LIMIT ?'),
    half: db.prepare('SELECT * FROM blocks WHERE digest > ? AND (a = 0) <> (b = 0) ORDER BY digest LIMIT ?'),
    totals: db.prepare('SELECT count(*), sum((bytes + 48) * max(1, (a > 0) + (b > 0))) FROM blocks'),
    put: db.prepare('INSERT OR REPLACE INTO blocks VALUES (?, ?, ?, ?, ?, ?)'),
    take: db.prepare('DELETE FROM blocks WHERE digest = ?'),
    packs: db.prepare('SELECT series, pack, indexed, leaving FROM packs ORDER BY series, pack'),
    putPack: db.prepare('INSERT OR REPLACE INTO packs VALUES (?, ?, ?, ?)'),
    takePack: db.prepare('DELETE FROM packs WHERE series = ? AND pack = ?'),
    heads: db.prepare('SELECT feed, refs FROM heads'),
    putHead: db.prepare('INSERT OR REPLACE INTO heads VALUES (?, ?)'),
  }
  for (const statement of Object.values(statements)) statement.setReturnArrays(true)
  return statements
}

function toDigestRow([digest, kind, bytes, data, a, b]: BlockColumns): DigestRow {
  return { digest, row: { kind, bytes, data, a, b } }
}

function toPackRow([series, pack, indexed, leaving]: PackColumns): PackRow {
  return { series, pack, indexed, isLeaving: leaving !== 0 }
}

/** For a database that is given up. */
export function closeQuietly(db: { close(): void } | undefined): void {
  try {
    db?.close()
  } catch {
    // It need not close well.
  }
}
