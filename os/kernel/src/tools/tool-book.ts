import { fromBase32, fromHex, fromUtf8, toBase32, toHex } from '@anarq/bytes'
import type { Clock } from '@anarq/clock'
import { Fault } from '@anarq/fault'
import { type FieldValue, type IndexRecord, pathOf, type QIndex, type View } from '@anarq/qindex'
import { hashBlake3 } from '@anarq/qlock'
import type { Random } from '@anarq/random'
import type { ToolDoor, ToolKeyFacts, ToolRights } from './operations.ts'

/** A key as it is kept: what it may do, and a hash of its secret. */
export type KeptKey = {
  readonly id: string
  readonly name: string
  readonly door: ToolDoor
  /** `null`: the whole drive. */
  readonly folder: Uint8Array | null
  readonly rights: ToolRights
  readonly createdMs: number
  readonly untilMs: number | undefined
  readonly lastUsedMs: number | undefined
  readonly revokedMs: number | undefined
  readonly hash: Uint8Array
}

export type NewKey = Pick<KeptKey, 'name' | 'door' | 'folder' | 'rights' | 'untilMs'>

/** The keys of one identity, as records of its index: sealed, signed, and on every device of the owner. */
export type ToolBook = {
  add(key: NewKey): Promise<{ key: KeptKey; secret: string }>
  /** `missing.key` otherwise. */
  get(id: string): KeptKey
  /** Newest first. */
  list(): readonly KeptKey[]
  /** The key whose secret this is, of those that open this door and were not taken back; every key is looked at. */
  find(door: ToolDoor, secret: string): KeptKey | undefined
  /** Notes that it was used now: true for the first time on a day (UTC), which is made durable. */
  use(id: string): Promise<boolean>
  revoke(id: string): Promise<KeptKey>
  factsOf(key: KeptKey): ToolKeyFacts
  /** Path of its folder; undefined where that is gone. */
  folderOf(key: KeptKey): string | undefined
}

export type ToolBookOptions = {
  index: QIndex
  view: View
  clock: Clock
  random: Random
  refresh(): Promise<void>
}

export const toolKeyKind = 'tool-key'
const keysMax = 1000
/** 160 bits: nobody guesses it, so a fast hash keeps it. */
const secretBytes = 20
const dayMs = 24 * 60 * 60 * 1000

export async function openToolBook({
  index,
  view,
  clock,
  random,
  refresh,
}: ToolBookOptions): Promise<ToolBook> {
  const keys = new Map<string, KeptKey>()
  for (const { id } of view.search({ kind: toolKeyKind, limit: Number.MAX_SAFE_INTEGER })) {
    const record = await index.get(id)
    const key = record === undefined ? undefined : readKey(record)
    if (key !== undefined) keys.set(key.id, key)
  }

  const keep = async (key: KeptKey, set: Record<string, FieldValue>): Promise<void> => {
    await index.commit([{ id: fromHex(key.id), kind: toolKeyKind, set }], {})
    keys.set(key.id, key)
    await refresh()
  }
  const get = (id: string): KeptKey => {
    const key = keys.get(id)
    if (key !== undefined) return key
    throw new Fault('missing.key', 'There is no such key here. See them with: anarq key list')
  }
  const folderOf = (key: KeptKey): string | undefined => {
    if (key.folder === null) return '/'
    const entry = view.entry(key.folder)
    return entry === undefined || entry.isTrashed ? undefined : pathOf(view, entry.id)
  }

  return {
    async add({ name, door, folder, rights, untilMs }) {
      if (keys.size >= keysMax)
        throw new Fault('limit.keys', `There are ${keysMax} keys already, those taken back included.`)
      const secret = random.bytes(secretBytes)
      const id = random.bytes(16)
      const createdMs = clock.nowMs()
      const hash = hashOf(secret)
      const key: KeptKey = {
        id: toHex(id),
        name,
        door,
        folder,
        rights,
        createdMs,
        untilMs,
        hash,
        lastUsedMs: undefined,
        revokedMs: undefined,
      }
      const set = { keyName: name, door, folder, rights, createdMs, hash }
      await keep(key, untilMs === undefined ? set : { ...set, untilMs })
      return { key, secret: grouped(toBase32(secret)) }
    },
    get,
    list: () => [...keys.values()].sort((a, b) => b.createdMs - a.createdMs || (a.id < b.id ? -1 : 1)),
    find(door, secret) {
      const bytes = secretOf(secret)
      const hash = hashOf(bytes ?? new Uint8Array(secretBytes))
      let found: KeptKey | undefined
      for (const key of keys.values()) {
        const isIts = isSame(key.hash, hash)
        if (isIts && key.door === door && key.revokedMs === undefined) found = key
      }
      return bytes === undefined ? undefined : found
    },
    async use(id) {
      const key = get(id)
      const nowMs = clock.nowMs()
      const isFirst = Math.floor((key.lastUsedMs ?? -dayMs) / dayMs) !== Math.floor(nowMs / dayMs)
      const used = { ...key, lastUsedMs: nowMs }
      // In memory at once, so that the many requests that come together are one first use.
      keys.set(id, used)
      if (isFirst) await keep(used, { lastUsedMs: nowMs })
      return isFirst
    },
    async revoke(id) {
      const key = get(id)
      if (key.revokedMs !== undefined) return key
      const revokedMs = clock.nowMs()
      const revoked = { ...key, revokedMs, hash: new Uint8Array(0) }
      await keep(revoked, { revokedMs, hash: null })
      return revoked
    },
    factsOf(key) {
      const folder = folderOf(key)
      return {
        id: key.id,
        name: key.name,
        door: key.door,
        ...(folder === undefined ? {} : { folder }),
        rights: key.rights,
        createdMs: key.createdMs,
        ...(key.untilMs === undefined ? {} : { untilMs: key.untilMs }),
        ...(key.lastUsedMs === undefined ? {} : { lastUsedMs: key.lastUsedMs }),
        state: stateOf(key, clock.nowMs()),
      }
    },
    folderOf,
  }
}

export function stateOf({ revokedMs, untilMs }: KeptKey, nowMs: number): ToolKeyFacts['state'] {
  if (revokedMs !== undefined) return 'revoked'
  return untilMs !== undefined && untilMs <= nowMs ? 'expired' : 'active'
}

function hashOf(secret: Uint8Array): Uint8Array {
  const label = fromUtf8('q/v1/tool-key')
  const input = new Uint8Array(label.length + secret.length)
  input.set(label)
  input.set(secret, label.length)
  return hashBlake3(input)
}

/** Takes the same time wherever they differ. */
function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i += 1) difference |= (a[i] as number) ^ (b[i] as number)
  return difference === 0
}

function grouped(text: string): string {
  return (text.match(/.{1,4}/g) ?? []).join('-')
}

/** As people type it: with or without its groups, in any case. */
function secretOf(text: string): Uint8Array | undefined {
  if (text.length > 100) return undefined
  try {
    const bytes = fromBase32(text.replace(/[\s-]/g, '').toLowerCase())
    return bytes.length === secretBytes ? bytes : undefined
  } catch {
    return undefined
  }
}

/** Tolerant: a record that another version wrote differently is no key here. */
function readKey({ id, fields }: IndexRecord): KeptKey | undefined {
  const held = (name: string): unknown => fields.get(name)?.value
  const time = (name: string): number | undefined => {
    const value = held(name)
    return typeof value === 'number' ? value : undefined
  }
  const [name, door, rights, folder] = [held('keyName'), held('door'), held('rights'), held('folder')]
  const hash = held('hash')
  const createdMs = time('createdMs')
  if (typeof name !== 'string' || createdMs === undefined) return undefined
  if (door !== 'webdav' && door !== 'mcp') return undefined
  if (rights !== 'read' && rights !== 'write') return undefined
  if (folder !== null && !(folder instanceof Uint8Array)) return undefined
  return {
    id: toHex(id),
    name,
    door,
    folder,
    rights,
    createdMs,
    untilMs: time('untilMs'),
    lastUsedMs: time('lastUsedMs'),
    revokedMs: time('revokedMs'),
    hash: hash instanceof Uint8Array ? hash : new Uint8Array(0),
  }
}
