/** What lies in a shared folder, page by page, as one node tells another: strict DAG-CBOR, each page with a limit. */
import { fromHex, toHex } from '@anarq/bytes'
import { encodeCbor, parseCid, readArray, readBytes, readFields, readInt, readText } from '@anarq/ipld'
import { checkName } from '@anarq/qindex'
import { envelopeBytesMax, readerSlotBytes } from '@anarq/qnt'
import { type Delegation, delegationBytesMax, parseDelegation } from '@anarq/qonsent'
import type { EntryFacts } from '../operations.ts'
import { faultOf, readingAnswer, refusalFields } from './messages.ts'

/** One thing in the folder: what it is, and where content was asked for, the sealed envelope with a key for the reader, or why not. */
export type TreeItem = {
  readonly facts: EntryFacts
  readonly handed?: { readonly cid: string; readonly envelope: Uint8Array; readonly slot: Uint8Array }
  readonly fault?: unknown
}

export type TreePage = {
  /** What to ask for the next page with; absent: this is the last one. */
  readonly walk?: Uint8Array
  /** On the first page. */
  readonly delegation?: Delegation
  readonly items: readonly TreeItem[]
}

export const walkBytes = 16
export const pageItemsMax = 64
/** A page is closed once it has so much; the last item may go beyond. */
export const pageBytesEnough: number = 1024 * 1024
const pathLettersMax = 16 * 1024

export function encodeTreePage({ walk, delegation, items }: TreePage): Uint8Array {
  return encodeCbor({
    is: 'page',
    ...(walk === undefined ? {} : { walk }),
    ...(delegation === undefined ? {} : { delegation: delegation.bytes }),
    items: items.map(({ facts, handed, fault }) => ({
      id: fromHex(facts.id),
      kind: facts.kind,
      path: facts.path,
      type: facts.type,
      bytes: facts.bytes,
      modified: facts.modifiedMs,
      ...(handed === undefined ? {} : { handed }),
      ...(fault === undefined ? {} : { fault: refusalFields(fault) }),
    })),
  })
}

/** Throws what the other node refused with; `invalid.answer` where it is no page of this owner's folder. */
export function parseTreePage(answer: Uint8Array, owner: string): TreePage {
  return readingAnswer(answer, (value) => {
    const { is, walk, delegation, items } = readFields(value, ['is', 'walk', 'delegation', 'items'], 'A page')
    readText(is, 'A page', { max: 4 })
    return {
      ...(walk === undefined ? {} : { walk: readBytes(walk, 'The walk', { length: walkBytes }) }),
      ...(delegation === undefined
        ? {}
        : { delegation: parseDelegation(readBytes(delegation, 'The grant', { max: delegationBytesMax })) }),
      items: readArray(items, 'What lies there', { max: pageItemsMax }).map((item) => readItem(item, owner)),
    }
  })
}

function readItem(value: unknown, owner: string): TreeItem {
  const known = ['id', 'kind', 'path', 'type', 'bytes', 'modified', 'handed', 'fault']
  const fields = readFields(value, known, 'An entry')
  const kind = readText(fields.kind, 'Its kind', { max: 6 }) === 'folder' ? 'folder' : 'file'
  // Whoever writes it to a disk makes folders of these names.
  const names = readText(fields.path, 'Its path', { max: pathLettersMax }).split('/').map(checkName)
  const facts: EntryFacts = {
    id: toHex(readBytes(fields.id, 'Its id', { max: 64 })),
    kind,
    name: names.at(-1) as string,
    path: names.join('/'),
    type: readText(fields.type, 'Its type', { max: 256 }),
    bytes: readInt(fields.bytes, 'Its size'),
    modifiedMs: readInt(fields.modified, 'Its time'),
    tags: [],
    versions: 1,
    isTrashed: false,
    owner,
  }
  return {
    facts,
    ...(fields.handed === undefined ? {} : { handed: readHanded(fields.handed) }),
    ...(fields.fault === undefined ? {} : { fault: faultOf(fields.fault) }),
  }
}

function readHanded(value: unknown): NonNullable<TreeItem['handed']> {
  const { cid, envelope, slot } = readFields(value, ['cid', 'envelope', 'slot'], 'Its key')
  return {
    cid: parseCid(readText(cid, 'Its name', { max: 128 })).toString(),
    envelope: readBytes(envelope, 'Its envelope', { max: envelopeBytesMax }),
    slot: readBytes(slot, 'Its key', { length: readerSlotBytes }),
  }
}
