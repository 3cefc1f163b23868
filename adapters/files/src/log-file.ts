import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { concatBytes } from '@anarq/bytes'
import { Fault, hasCode } from '@anarq/fault'
import {
  createFramePlaces,
  encodeFrame,
  type FramePlaces,
  frameBody,
  frameHeaderBytes,
  type LogStore,
  leafBytes,
  missingFrame,
  nextMagic,
  parseFrame,
  type StoreDamage,
  type StoredEntry,
  unreadableFrame,
} from '@anarq/qerberos'
import { diskFault, syncFolder } from './disk.ts'
import { createTwinFile } from './twin-file.ts'

/** A `LogStore` on this machine's disk. Close it before it is opened again. */
export type LogFile = LogStore & { close(): Promise<void> }

const windowBytes = 1024 * 1024

/**
 * The audit log's files in a folder that exists: `entries.log` of framed entries, `leaves.bin` of 32 bytes for each, and
 * the head kept twice. A flipped byte costs one entry at most. A tail that a crash tore is cut off, unless something in
 * it had been made durable. What the disk says is a fault as `diskFault` makes it.
 */
export async function openLogFile(folder: string): Promise<LogFile> {
  const leaves = await openLeaves(join(folder, 'leaves.bin'))
  const entries = await closingOnError(leaves, () =>
    openEntries(join(folder, 'entries.log'), () => leaves.count()),
  )
  const head = openHead(join(folder, 'head'))
  await syncFolder(folder)
  const size = (): number => Math.max(entries.count(), leaves.count())
  return {
    size,
    async append(bodies, hashes) {
      const first = size()
      await entries.append(bodies, first)
      await leaves.append(first, concatBytes(...hashes))
    },
    read: entries.read,
    leafCount: leaves.count,
    readLeaves: leaves.read,
    putLeaves: leaves.put,
    getHead: head.get,
    async putHead(bytes) {
      // With the leaves that the head vouches for on the disk, nothing has to be computed after a power cut.
      await leaves.sync()
      await head.put(bytes)
    },
    damage: async () => [...entries.damage(), ...head.damage()],
    async close() {
      await Promise.all([entries.close(), leaves.close()])
    },
  }
}

type Entries = {
  count(): number
  append(bodies: readonly Uint8Array[], first: number): Promise<void>
  read(from: number, to: number): AsyncIterable<StoredEntry>
  damage(): readonly StoreDamage[]
  close(): Promise<void>
}

async function openEntries(path: string, durable: () => number): Promise<Entries> {
  const file = await openFile(path)
  const places = createFramePlaces(durable())
  const scanned = await closingOnError(file, () => scan(file, path, places, durable()))
  let end = scanned.end
  /** Of an append that a full disk ended, of which something may lie behind the end. */
  let isTorn = false
  let isBroken = false
  return {
    count: () => places.starts.length,
    async append(bodies, first) {
      if (isBroken) throw brokenLog(path)
      const frames = bodies.map((body, i) => encodeFrame(first + i, body))
      if (frames.length === 0) return
      const bytes = concatBytes(...frames)
      try {
        if (isTorn) await file.truncate(end)
        isTorn = true
        await writeAt(file, bytes, end)
      } catch (error) {
        // What is there so far was synced before: the next append, when there is room, begins where this one did.
        throw diskFault(error, path, bytes.length)
      }
      try {
        await file.datasync()
      } catch (error) {
        // After a failed sync nobody knows what the disk holds; opening it anew finds out.
        isBroken = true
        throw diskFault(error, path)
      }
      isTorn = false
      for (const [i, frame] of frames.entries()) {
        places.written(first + i, end)
        end += frame.length
      }
    },
    async *read(from, to) {
      const last = Math.min(to, Math.max(places.starts.length, durable()))
      let window = noWindow
      for (let index = from; index < last; index += 1) {
        const at = places.starts[index] ?? missingFrame
        if (at < 0) {
          yield { index, damage: at === unreadableFrame ? 'unreadable' : 'missing' }
          continue
        }
        if (!holds(window, at, frameHeaderBytes)) {
          window = await readWindow(file, path, at, spanOf(places.starts, index, last, end))
        }
        const frame = parseFrame(window.bytes, at - window.at)
        if (frame?.number !== index) {
          yield { index, damage: 'unreadable' }
          continue
        }
        const length = frameHeaderBytes + frame.bodyBytes
        if (!holds(window, at, length)) window = await readWindow(file, path, at, length)
        const bytes = frameBody(window.bytes, at - window.at, frame)
        yield bytes === undefined ? { index, damage: 'unreadable' } : { index, bytes }
      }
    },
    damage: () => [...scanned.repaired, ...places.damage],
    close: () => file.close(),
  }
}

type Scanned = { end: number; repaired: StoreDamage[] }

/**
 * Walks from header to header. Bodies are read where they may never have been finished, from `durable` on, and where
 * no frame follows them: then the one before was cut, and the next begins inside of where it should have ended.
 */
async function scan(file: FileHandle, path: string, places: FramePlaces, durable: number): Promise<Scanned> {
  const { size } = await file.stat()
  let window = noWindow
  const load = async (start: number, length: number): Promise<void> => {
    if (holds(window, start, length)) return
    window = await readWindow(file, path, start, Math.max(windowBytes, length))
  }
  let badFrom: number | undefined
  for (let at = 0; at < size; ) {
    await load(at, frameHeaderBytes)
    const frame = parseFrame(window.bytes, at - window.at)
    const length = frameHeaderBytes + (frame?.bodyBytes ?? 0)
    let isWhole = frame !== undefined && at + length <= size
    if (frame !== undefined && isWhole) {
      await load(at, Math.min(length + frameHeaderBytes, size - at))
      const isFollowed =
        at + length === size || parseFrame(window.bytes, at + length - window.at) !== undefined
      const isSure = frame.number < durable && isFollowed
      isWhole = isSure || frameBody(window.bytes, at - window.at, frame) !== undefined
      if (isWhole) places.found(frame.number, at, at - (badFrom ?? at))
    }
    if (!isWhole) badFrom ??= at
    else badFrom = undefined
    at = isWhole ? at + length : window.at + nextMagic(window.bytes, at + 1 - window.at)
  }
  if (badFrom === undefined || places.endsBadly()) return { end: size, repaired: [] }
  await file.truncate(badFrom).catch((error: unknown) => {
    throw diskFault(error, path)
  })
  const sentence = `${size - badFrom} bytes of an append that never ended were cut off.`
  return { end: badFrom, repaired: [{ part: 'entries', sentence, isRepaired: true }] }
}

type Leaves = {
  count(): number
  append(first: number, bytes: Uint8Array): Promise<void>
  read(from: number, to: number): Promise<Uint8Array>
  put(from: number, bytes: Uint8Array): Promise<void>
  sync(): Promise<void>
  close(): Promise<void>
}

async function openLeaves(path: string): Promise<Leaves> {
  const file = await openFile(path)
  let count = Math.floor((await file.stat()).size / leafBytes)
  const saying = (error: unknown): never => {
    throw diskFault(error, path)
  }
  const put = async (from: number, bytes: Uint8Array): Promise<void> => {
    await writeAt(file, bytes, from * leafBytes).catch(saying)
    count = Math.max(count, from + bytes.length / leafBytes)
  }
  return {
    count: () => count,
    async append(first, bytes) {
      // The entries are durable already: leaves that could not be written are computed from them when needed.
      if (count === first) await put(first, bytes).catch(() => {})
    },
    async read(from, to) {
      const length = (Math.min(to, count) - from) * leafBytes
      return length <= 0 ? new Uint8Array(0) : (await readWindow(file, path, from * leafBytes, length)).bytes
    },
    put,
    sync: () => file.datasync().catch(saying),
    close: () => file.close(),
  }
}

type Head = {
  get(): Promise<Uint8Array | undefined>
  put(bytes: Uint8Array): Promise<void>
  damage(): readonly StoreDamage[]
}

function openHead(path: string): Head {
  const damage = new Map<string, StoreDamage>()
  const note = ({ message }: Fault, isRepaired: boolean): void => {
    damage.set(message, { part: 'head', sentence: message, isRepaired })
  }
  const twin = createTwinFile({
    path,
    what: "The audit log's head",
    onFault: (fault) => note(fault, true),
  })
  return {
    async get() {
      try {
        return await twin.read()
      } catch (error) {
        if (!hasCode(error, 'damaged')) throw error
        note(error, false)
        return undefined
      }
    },
    put: twin.write,
    damage: () => [...damage.values()],
  }
}

/** A part of a file in memory. */
type Window = { readonly at: number; readonly bytes: Uint8Array }

const noWindow: Window = { at: 0, bytes: new Uint8Array(0) }

function holds({ at, bytes }: Window, start: number, length: number): boolean {
  return start >= at && start + length <= at + bytes.length
}

/** Bytes worth reading at once for the entries from `index` on: as far as they lie one after another. */
function spanOf(starts: readonly number[], index: number, last: number, end: number): number {
  const start = starts[index] as number
  let until = start
  for (let next = index + 1; next <= last; next += 1) {
    const at = starts[next] ?? end
    if (at <= until || at - start > windowBytes) break
    until = at
  }
  return Math.max(until - start, frameHeaderBytes)
}

async function readWindow(file: FileHandle, path: string, at: number, length: number): Promise<Window> {
  const bytes = new Uint8Array(length)
  let filled = 0
  try {
    while (filled < length) {
      const { bytesRead } = await file.read(bytes, filled, length - filled, at + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
  } catch (error) {
    throw diskFault(error, path)
  }
  return { at, bytes: filled === length ? bytes : bytes.subarray(0, filled) }
}

async function writeAt(file: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, at + written)
    written += bytesWritten
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDWR | constants.O_CREAT, 0o600)
  } catch (error) {
    throw diskFault(error, path)
  }
}

async function closingOnError<T>(opened: { close(): Promise<void> }, next: () => Promise<T>): Promise<T> {
  try {
    return await next()
  } catch (error) {
    await opened.close()
    throw error
  }
}

function brokenLog(path: string): Fault {
  return new Fault(
    'unavailable.log',
    `The disk did not keep what was written to ${path}. Look after the disk, and start AnarQ again.`,
  )
}
