import { equalBytes } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { type Cid, cborCodec, cidOfDigest, rawCodec } from '@anarq/ipld'
import { hashBlake3 } from '@anarq/qlock'
import type { Row } from './catalogue/rows.ts'
import { asDiskFault } from './pack/disk-fault.ts'
import { type Location, nowhere, packFileName, packOf, type SeriesName } from './pack/location.ts'
import { cborKind } from './pack/record.ts'
import type { Piece } from './series.ts'
import type { Store } from './store.ts'

/** Meta copies come first: where there are two, one may heal the other. */
export const readOrder: readonly SeriesName[] = ['a', 'b', 'data']

/** The bytes of the block, checked; `undefined` when it is unknown; `damaged.block` when no copy of it verifies. */
export async function readBlock(store: Store, digest: Uint8Array): Promise<Uint8Array | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    const row = await store.withCatalogue(() => store.catalogue.find(digest))
    if (row === undefined) return undefined
    const { bytes, bad } = await readCopies(store, digest, row)
    if (bytes !== undefined) {
      if (bad.length > 0) await repair(store, digest, bytes, bad)
      if (store.catalogue.damage.has(digest, row)) store.catalogue.damage.delete(digest)
      return bytes
    }
    // Compaction may have moved the block meanwhile, and a damaged row may point at another one.
    let now = await store.withCatalogue(() => store.catalogue.find(digest))
    if (!isMoved(row, now) && (await isMisplaced(store, digest, row)) && (await store.rebuildOnce())) {
      now = (await store.withCatalogue(() => store.catalogue.find(digest))) ?? row
    }
    if (attempt === readAttemptsMax || !isMoved(row, now)) throw reportDamage(store, digest, row)
  }
}

const readAttemptsMax = 4

/** The first copy as it lies; false where it cannot be had like that. */
export async function readUnchecked(store: Store, digest: Uint8Array, into: Uint8Array): Promise<boolean> {
  const row = await store.withCatalogue(() => store.catalogue.find(digest))
  const name = row && readOrder.find((one) => row[one] !== nowhere)
  if (row === undefined || name === undefined || row.bytes !== into.length) return false
  return store.readInto(name, row[name], into).catch(() => false)
}

/** The first copy that verifies, and the series of those before it that did not. */
async function readCopies(
  store: Store,
  digest: Uint8Array,
  row: Row,
): Promise<{ bytes: Uint8Array | undefined; bad: readonly SeriesName[] }> {
  const bad: SeriesName[] = []
  for (const name of readOrder) {
    if (row[name] === nowhere) continue
    const bytes = await readCopy(store, digest, name, row[name], row.bytes)
    if (bytes !== undefined) return { bytes, bad }
    bad.push(name)
  }
  return { bytes: undefined, bad }
}

/** The payload when it verifies. A sector that cannot be read counts as damage. */
export async function readCopy(
  store: Store,
  digest: Uint8Array,
  name: SeriesName,
  location: Location,
  bytes: number,
): Promise<Uint8Array | undefined> {
  let payload: Uint8Array | undefined
  try {
    payload = await store.read(name, location, bytes)
  } catch (error) {
    const fault = asDiskFault(error, `reading ${packFileName(name, packOf(location))}`)
    if (fault.code === 'unavailable.permission') throw fault
    store.onFault(fault)
  }
  return payload !== undefined && equalBytes(hashBlake3(payload), digest) ? payload : undefined
}

/** Appends good bytes where a copy was bad, and says so. */
export async function repair(
  store: Store,
  digest: Uint8Array,
  bytes: Uint8Array,
  bad: readonly SeriesName[],
): Promise<void> {
  await store.withCatalogue(() => {
    const row = store.catalogue.find(digest)
    if (row === undefined) return
    const piece: Piece = { kind: row.kind, digest, bytes: bytes.length, parts: [bytes.slice()] }
    let mended = row
    for (const name of bad) mended = { ...mended, [name]: store.append(name, piece) }
    store.catalogue.set(digest, mended, row)
    const cid = cidOfRow(digest, row).toString()
    store.onFault(
      new Fault(
        'damaged.copy',
        'One copy of a block was damaged. It was repaired from the other; nothing is lost.',
        {
          data: { cid, files: bad.map((name) => packFileName(name, packOf(row[name]))) },
        },
      ),
    )
  })
}

function isMoved(row: Row, now: Row | undefined): boolean {
  return now === undefined || readOrder.some((name) => row[name] !== now[name])
}

/** True when some place of the row holds no record of this block: its header is damaged too, or the row is wrong. */
async function isMisplaced(store: Store, digest: Uint8Array, row: Row): Promise<boolean> {
  for (const name of readOrder) {
    if (row[name] === nowhere) continue
    const header = await store.header(name, row[name]).catch(() => undefined)
    if (header === undefined || !equalBytes(header.digest, digest)) return true
  }
  return false
}

/** Notes for later starts too, and reports, that no copy of the block verifies. */
export function reportDamage(store: Store, digest: Uint8Array, row: Row): Fault {
  store.catalogue.damage.add(digest, row)
  const cid = cidOfRow(digest, row).toString()
  const files = readOrder
    .filter((name) => row[name] !== nowhere)
    .map((name) => packFileName(name, packOf(row[name])))
  const fault = new Fault(
    'damaged.block',
    'A stored block is damaged: the disk gave back other bytes than were stored. Restore it from another device or a backup.',
    { data: { cid, files } },
  )
  store.onFault(fault)
  return fault
}

export function cidOfRow(digest: Uint8Array, row: Row): Cid {
  return cidOfDigest(row.kind === cborKind ? cborCodec : rawCodec, digest)
}
