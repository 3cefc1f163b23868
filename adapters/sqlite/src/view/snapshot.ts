import { crc32 } from 'node:zlib'
import { discard, fromHex, fromUtf8, toHex, toUtf8 } from '@anarq/bytes'
import { createLedger, type Ledger } from './ledger.ts'
import { isOwn, openStore, type Store } from './store.ts'

/**
 * A snapshot is the magic and version (8 bytes), the CRC-32 of all that follows (4), the length of the ledger (4,
 * all big-endian), the ledger as JSON, and the database as SQLite has it. The sum finds accidents; against anybody's
 * intent the caller seals the bytes.
 */
const magic = fromUtf8('AQVIEW\0\x01')
const headBytes = 16

export function writeSnapshot({ ledger, serialize }: Store): Uint8Array {
  const tables = serialize()
  const said = fromUtf8(JSON.stringify(ledgerToJson(ledger)))
  const bytes = new Uint8Array(headBytes + said.length + tables.length)
  bytes.set(magic)
  bytes.set(said, headBytes)
  bytes.set(tables, headBytes + said.length)
  discard(tables)
  const view = new DataView(bytes.buffer)
  view.setUint32(12, said.length)
  view.setUint32(8, crc32(bytes.subarray(12)))
  return bytes
}

/** Undefined for bytes that are not a snapshot of this version, whole and unchanged. */
export function readSnapshot(bytes: Uint8Array, loadedBytesMax: number): Store | undefined {
  if (bytes.length < headBytes || magic.some((byte, i) => bytes[i] !== byte)) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(8) !== crc32(bytes.subarray(12))) return undefined
  const tablesAt = headBytes + view.getUint32(12)
  let store: Store | undefined
  try {
    const ledger = jsonToLedger(JSON.parse(toUtf8(bytes.subarray(headBytes, tablesAt))))
    store = openStore({ ledger, bytes: bytes.subarray(tablesAt), loadedBytesMax })
    if (isOwn(store)) return store
  } catch {
    // Whatever is wrong with them, the index can make the view again.
  }
  store?.close()
  return undefined
}

function ledgerToJson(ledger: Ledger): unknown {
  return {
    root: ledger.root && toHex(ledger.root),
    nextNum: ledger.nextNum,
    ghosts: [...ledger.ghosts],
    cuts: [...ledger.cuts],
    crowds: [...ledger.crowds].map(([place, names]) => [place, [...names]]),
    isRenamed: ledger.isRenamed,
    indexedTo: ledger.indexedTo,
    stale: [...ledger.stale],
    parts: [...ledger.parts],
  }
}

/** What `ledgerToJson` wrote; anything else throws or is caught by the sum before. */
function jsonToLedger(json: ReturnType<typeof JSON.parse>): Ledger {
  return {
    ...createLedger(),
    root: json.root === undefined ? undefined : fromHex(json.root),
    nextNum: json.nextNum,
    ghosts: new Map(json.ghosts),
    cuts: new Set(json.cuts),
    crowds: new Map(json.crowds.map(([place, names]: [number, string[]]) => [place, new Set(names)])),
    isRenamed: json.isRenamed,
    indexedTo: json.indexedTo,
    stale: new Set(json.stale),
    parts: new Set(json.parts),
  }
}
