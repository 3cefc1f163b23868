/** What lies in a shared folder, page by page, as one node tells another: strict DAG-CBOR, each page with a limit. */
import { fromHex, toHex } from '@anarq/bytes'
import { smallBytesMax } from '@anarq/flows'
import { encodeCbor, parseCid, readArray, readBytes, readFields, readInt, readText } from '@anarq/ipld'
import { checkName } from '@anarq/qindex'
import { envelopeBytesMax, readerSlotBytes, releaseSlotBytes } from '@anarq/qnt'
import { type Delegation, delegationBytesMax, parseDelegation } from '@anarq/qonsent'
import type { EntryFacts } from '../operations.ts'
import { faultOf, readingAnswer, refusalFields } from './messages.ts'

/** One thing in the folder: what it is, and where content was asked for, what gives it, or why not. */
export type TreeItem = {
  readonly facts: EntryFacts
  readonly handed?: HandedItem
  readonly fault?: unknown
}

export type HandedItem = {
  readonly cid: string
  readonly envelope: Uint8Array
  /** The envelope's key, under the key of the walk. */
  readonly slot: Uint8Array
  /** The sealed content, where it is one small block: asking for each would take longer than sending it. */
  readonly block?: Uint8Array
}

export type TreePage = {
  /** What to ask for the next page with; absent: this is the last one. */
  readonly walk?: Uint8Array
  /** On the first page. */
  readonly delegation?: Delegation
  /** The key of the walk, for the reader: on the first page, where contents were asked for. */
  readonly key?: Uint8Array
  readonly items: readonly TreeItem[]
}

export const walkBytes = 16
export const pageItemsMax = 128
/** A page is closed once it has so much; the last item may go beyond. */
export const pageBytesEnough: number = 1024 * 1024
const pathLettersMax = 16 * 1024
/** A sealed block of small content is hardly more than the content. */
const blockBytesMax = smallBytesMax + 1024

export function encodeTreePage({ walk, delegation, key, items }: TreePage): Uint8Array {
  return encodeCbor({
    is: 'page',
    ...(walk === undefined ? {} : { walk }),
    ...(delegation === undefined ? {} : { delegation: delegation.bytes }),
    ...(key === undefined ? {} : { key }),
    items: items.map(({ facts, handed, fault }) => ({
      ...factFields(facts),
      ...(handed === undefined ? {} : { handed }),
      ...(fault === undefined ? {} : { fault: refusalFields(fault) }),
    })),
  })
}

/** Throws what the other node refused with; `invalid.answer` where it is no page of this owner's folder. */
export function parseTreePage(answer: Uint8Array, owner: string): TreePage {
  return readingAnswer(answer, (value) => {
    const known = ['is', 'walk', 'delegation', 'key', 'items'] as const
    const { is, walk, delegation, key, items } = readFields(value, known, 'A page')
    readText(is, 'A page', { max: 4 })
    return {
      ...(walk === undefined ? {} : { walk: readBytes(walk, 'The walk', { length: walkBytes }) }),
      ...(delegation === undefined
        ? {}
        : { delegation: parseDelegation(readBytes(delegation, 'The grant', { max: delegationBytesMax })) }),
      ...(key === undefined
        ? {}
        : { key: readBytes(key, 'The key of the walk', { length: readerSlotBytes }) }),
      items: readArray(items, 'What lies there', { max: pageItemsMax }).map((item) => readItem(item, owner)),
    }
  })
}

function readItem(value: unknown, owner: string): TreeItem {
  const { handed, fault, ...fields } = readFields(value, [...factNames, 'handed', 'fault'], 'An entry')
  return {
    facts: readFacts(fields, owner),
    ...(handed === undefined ? {} : { handed: readHanded(handed) }),
    ...(fault === undefined ? {} : { fault: faultOf(fault) }),
  }
}

export const factNames = ['id', 'kind', 'path', 'type', 'bytes', 'modified', 'locked'] as const

type FactFields = Readonly<Partial<Record<(typeof factNames)[number], unknown>>>

/** What a reader may know of a thing. */
export function factFields({ id, kind, path, type, bytes, modifiedMs, isLocked }: EntryFacts): FactFields {
  const locked = isLocked === true ? { locked: true } : {}
  return { id: fromHex(id), kind, path, type, bytes, modified: modifiedMs, ...locked }
}

export function readFacts(fields: FactFields, owner: string): EntryFacts {
  const kind = readText(fields.kind, 'Its kind', { max: 6 }) === 'folder' ? 'folder' : 'file'
  // Whoever writes it to a disk makes folders of these names.
  const names = readText(fields.path, 'Its path', { max: pathLettersMax }).split('/').map(checkName)
  return {
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
    ...(fields.locked === true ? { isLocked: true as const } : {}),
  }
}

function readHanded(value: unknown): HandedItem {
  const known = ['cid', 'envelope', 'slot', 'block'] as const
  const { cid, envelope, slot, block } = readFields(value, known, 'Its key')
  return {
    cid: parseCid(readText(cid, 'Its name', { max: 128 })).toString(),
    envelope: readBytes(envelope, 'Its envelope', { max: envelopeBytesMax }),
    slot: readBytes(slot, 'Its key', { length: releaseSlotBytes }),
    ...(block === undefined ? {} : { block: readBytes(block, 'Its content', { max: blockBytesMax }) }),
  }
}
