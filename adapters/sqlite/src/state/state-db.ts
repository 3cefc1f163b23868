import { type Clock, systemClock } from '@anarq/clock'
import { Fault } from '@anarq/fault'
import type { ReplayPort } from '@anarq/squid'
import { openStateFile, type StateFile } from './state-file.ts'

export type StateDbOptions = {
  /** The file; `-wal` and `-shm` come beside it while it is open. */
  readonly path: string
  /** Is told `damaged.state` when the file had to be made anew. */
  readonly onFault: (fault: Fault) => void
  readonly clock?: Clock
  /** Nonces remembered at a time; past it `limit.replay` is thrown. */
  readonly noncesMax?: number
  /** Entries of one cache; past it the oldest are dropped. */
  readonly entriesMax?: number
}

export type StateDb = {
  /** Survives a restart, so that a request cannot be sent again after one. */
  readonly replay: ReplayPort
  /** A cache of this name: what is put under a key is there, or it is not. */
  cache(name: string): StateCache
  close(): void
}

export type StateCache = {
  get(key: string): Uint8Array | undefined
  /** `untilMs` is when it goes (milliseconds since 1970); without it, when newer entries need the room. */
  put(key: string, value: Uint8Array, untilMs?: number): void
  delete(key: string): void
  clear(): void
}

/**
 * Small state that may be lost, in one SQLite file with a write-ahead log: a crash of the process loses nothing, a
 * power cut perhaps the last moments. Nothing here is sealed: whoever puts secrets in seals them first. A damaged
 * file is made anew and reported; `unavailable.state` is thrown when the disk does not let it be read or written.
 */
export function openStateDb({
  path,
  onFault,
  clock = systemClock,
  noncesMax = 1_000_000,
  entriesMax = 10_000,
}: StateDbOptions): StateDb {
  const file = openStateFile(path, onFault)
  return {
    replay: createReplay(file, clock, noncesMax),
    cache: (name) => createCache(file, clock, { name, entriesMax }),
    close: file.close,
  }
}

/** Expired nonces are deleted once in so many that come. */
const sweepEvery = 5000

function createReplay(file: StateFile, clock: Clock, noncesMax: number): ReplayPort {
  /** So many may come before the next sweep. */
  let room = 0
  let sweptMs = Number.NEGATIVE_INFINITY
  const sweep = (nowMs: number) => {
    sweptMs = nowMs
    file.run('DELETE FROM nonces WHERE until < ?', nowMs)
    const count = Number(file.value('SELECT count(*) AS value FROM nonces'))
    room = Math.min(sweepEvery, noncesMax - count)
  }
  return {
    remember(nonceKey, untilMs) {
      const nowMs = clock.nowMs()
      // When full, a flood of requests gets one sweep a second, not one each.
      if (room <= 0 && Math.abs(nowMs - sweptMs) >= 1000) sweep(nowMs)
      if (room <= 0) {
        const knownMs = file.value('SELECT until AS value FROM nonces WHERE key = ?', nonceKey)
        if (typeof knownMs === 'number' && knownMs >= nowMs) return false
        throw new Fault(
          'limit.replay',
          'Too many requests came at once. Send this one again in some seconds.',
        )
      }
      const isNew = file.run(rememberNonce, nonceKey, untilMs, nowMs) > 0
      if (isNew) room -= 1
      return isNew
    },
  }
}

const rememberNonce = `INSERT INTO nonces VALUES (?1, ?2)
  ON CONFLICT (key) DO UPDATE SET until = excluded.until WHERE nonces.until < ?3`

const valueBytesMax = 1024 * 1024

type CacheLimits = { readonly name: string; readonly entriesMax: number }

function createCache(file: StateFile, clock: Clock, { name, entriesMax }: CacheLimits): StateCache {
  const makeRoom = () => {
    const count = Number(file.value('SELECT count(*) AS value FROM entries WHERE cache = ?', name))
    if (count < entriesMax) return entriesMax - count
    const expired = file.run('DELETE FROM entries WHERE cache = ? AND until < ?', name, clock.nowMs())
    if (expired > 0) return expired
    return file.run(dropOldest, name, Math.ceil(entriesMax / 100))
  }
  let room = 0
  return {
    get(key) {
      const value = file.value(
        'SELECT value FROM entries WHERE cache = ? AND key = ? AND until >= ?',
        name,
        key,
        clock.nowMs(),
      )
      return value instanceof Uint8Array ? value : undefined
    },
    put(key, value, untilMs = Number.MAX_SAFE_INTEGER) {
      if (value.length > valueBytesMax) {
        throw new Fault(
          'limit.state',
          `A value of the cache has at most ${valueBytesMax} bytes, not ${value.length}.`,
        )
      }
      if (room <= 0) room = makeRoom()
      file.run(
        'INSERT OR REPLACE INTO entries (cache, key, value, until) VALUES (?, ?, ?, ?)',
        name,
        key,
        value,
        untilMs,
      )
      room -= 1
    },
    delete(key) {
      file.run('DELETE FROM entries WHERE cache = ? AND key = ?', name, key)
    },
    clear() {
      file.run('DELETE FROM entries WHERE cache = ?', name)
    },
  }
}

const dropOldest =
  'DELETE FROM entries WHERE num IN (SELECT num FROM entries WHERE cache = ? ORDER BY num LIMIT ?)'
