import { randomUUID } from 'node:crypto'
import type { Clock } from '@anarq/clock'
import { asFault, Fault } from '@anarq/fault'
import { streamContent } from '@anarq/flows'
import { type DriveOperations, type HealthOperations, putOne } from '@anarq/kernel'
import type { UploadState } from '@anarq/sdk'

export type NewUpload = {
  /** Folder and name in the drive. */
  readonly folder: string
  readonly name: string
  readonly bytes: number
  readonly modifiedMs: number
  readonly type?: string | undefined
  readonly tags?: readonly string[] | undefined
}

/** Bytes on their way: a request that may break off. */
export type Sending = {
  /** Where they go on, and how many there will be. */
  readonly offset: number
  readonly bytes: number
  readonly pieces: AsyncIterable<Uint8Array>
  /** Throws where it may not send any more: asked now and then while it does. */
  check?(): Promise<void>
}

/** What becomes of the bytes: who may send some depends on it. */
export type UploadPurpose = 'file' | BackupPurpose
export type BackupPurpose = 'check' | 'restore'

/**
 * Files that may come bit by bit: a page that was reloaded, or lost its node for a moment, goes on where it was. The flow in
 * reads from whoever sends; nothing is visible before the last byte.
 */
export type Uploads = {
  /** `by` is the app that begins it: no other app may go on with it, and none may have them all. */
  begin(upload: NewUpload, drive: DriveOperations, by?: string): UploadState
  /**
   * A backup that comes to be checked, of which nothing is kept, or into an empty home. Of those there is one at a time: another
   * gives the one before up.
   */
  beginBackup(purpose: BackupPurpose, bytes: number): Promise<UploadState>
  /** `missing.upload` where it is for something else. */
  checkPurpose(id: string, purpose: UploadPurpose): void
  list(): readonly UploadState[]
  /** For an app only of what it began itself: others are not known to it. */
  facts(id: string, by?: string): UploadState
  /**
   * Resolves when all that it sends was taken, and with the entry after the last byte of the file. What came counts, even where
   * the rest does not come. `conflict.offset` says where to go on. Who comes later sends alone: a page that was reloaded is
   * faster than the end of its old connection. The one before gets `conflict.sender`.
   */
  add(id: string, sending: Sending): Promise<UploadState>
  cancel(id: string): Promise<void>
  close(): Promise<void>
}

const uploadsMax = 64
const uploadsOfAppMax = 32
const idleMs = 15 * 60_000
/** So long the outcome can be asked for. */
const keptMs = 10 * 60_000
const checkEveryBytes = 4 * 1024 * 1024

/** What becomes of it. */
type Ended = Pick<
  UploadState,
  'state' | 'entry' | 'isUnchanged' | 'backup' | 'restored' | 'code' | 'sentence'
>
type Taker = (pieces: AsyncIterable<Uint8Array>, signal: AbortSignal) => Promise<Ended>

type Upload = Pick<UploadState, 'id' | 'path' | 'bytes'> & {
  readonly purpose: UploadPurpose
  readonly by: string | undefined
  readonly stop: AbortController
  readonly outcome: Promise<Ended>
  offset: number
  /** Whoever sends now. */
  turn: Turn | undefined
  /** The flow waits for somebody who sends. */
  wake: () => void
  touchedMs: number
  ended: Ended | undefined
  fault: Fault | undefined
}

type Turn = Pick<Sending, 'check'> & {
  readonly iterator: AsyncIterator<Uint8Array>
  checkedAt: number
  /** Why it may not go on, and what ends the wait for its next piece. */
  ended: Fault | undefined
  reject(reason: Fault): void
  /** When the flow reads from it no more: all was taken, or why not. */
  readonly over: PromiseWithResolvers<void>
}

export type UploadsOptions = {
  health: Pick<HealthOperations, 'checkBackup' | 'restoreBackup'>
  clock: Clock
}

export function createUploads({ health, clock }: UploadsOptions): Uploads {
  const all = new Map<string, Upload>()

  const dropOld = (): void => {
    const nowMs = clock.nowMs()
    for (const [id, one] of all) {
      const quietMs = nowMs - one.touchedMs
      if (one.ended !== undefined && quietMs > keptMs) all.delete(id)
      else if (one.ended === undefined && one.turn === undefined && quietMs > idleMs)
        one.stop.abort(tooSlow())
    }
  }
  const timer = setInterval(dropOld, 30_000)
  timer.unref()
  const need = (id: string, by?: string): Upload => {
    const one = all.get(id)
    if (one !== undefined && (by === undefined || one.by === by)) return one
    throw new Fault('missing.upload', 'This upload is not known any more. Begin it again.')
  }

  const begin = (about: About, take: Taker): UploadState => {
    dropOld()
    const open = [...all.values()].filter(({ ended }) => ended === undefined)
    const ofApp = about.by === undefined ? [] : open.filter(({ by }) => by === about.by)
    if (open.length >= uploadsMax || ofApp.length >= uploadsOfAppMax) {
      const max = open.length >= uploadsMax ? uploadsMax : uploadsOfAppMax
      throw new Fault('limit.uploads', `At most ${max} uploads are open at once. Finish some first.`)
    }
    const one = start(about, take, clock)
    all.set(one.id, one)
    return factsOf(one)
  }

  const cancel = async (id: string): Promise<void> => {
    const one = need(id)
    one.stop.abort(new Fault('cancelled.upload', 'This upload was cancelled.'))
    await one.outcome.catch(() => {})
    all.delete(id)
  }

  return {
    begin: (upload, drive, by) =>
      begin({ purpose: 'file', path: pathOf(upload), bytes: upload.bytes, by }, intoDrive(drive, upload)),
    async beginBackup(purpose, bytes) {
      // A page that was reloaded begins anew: what it sent before leads nowhere.
      if (purpose === 'restore')
        for (const one of [...all.values()])
          if (one.purpose === purpose && one.ended === undefined) await cancel(one.id)
      return begin({ purpose, path: '', bytes, by: undefined }, intoHealth(health, purpose))
    },
    checkPurpose(id, purpose) {
      if (need(id).purpose !== purpose)
        throw new Fault('missing.upload', 'This upload is for something else. Begin it again.')
    },
    list: () => [...all.values()].map(factsOf),
    facts: (id, by) => factsOf(need(id, by)),
    async add(id, sending) {
      const one = need(id)
      while (one.turn !== undefined) await end(one.turn, taken())
      const isNothing = sending.bytes === 0 && one.ended?.state === 'done'
      if (!isNothing) checkSending(one, sending)
      if (sending.bytes > 0) await takeTurn(one, sending)
      if (one.offset === one.bytes) await one.outcome
      return factsOf(one)
    },
    cancel,
    async close() {
      clearInterval(timer)
      for (const one of all.values()) one.stop.abort(new Fault('cancelled.closed', 'The node is stopping.'))
      await Promise.allSettled([...all.values()].map(({ outcome }) => outcome))
    },
  }
}

function intoDrive(drive: DriveOperations, upload: NewUpload): Taker {
  const { bytes, modifiedMs, type, tags } = upload
  return async (pieces, signal) => {
    const content = streamContent(pieces, { isGivenAway: true })
    const file = { bytes, modifiedMs, content, ...(type === undefined || type === '' ? {} : { type }) }
    const report = await putOne(drive, pathOf(upload), file, { tags, signal })
    const entry = report.entries[0] ?? (await drive.entry(pathOf(upload)))
    return { state: 'done', entry, isUnchanged: report.unchanged > 0 }
  }
}

function intoHealth(health: UploadsOptions['health'], purpose: BackupPurpose): Taker {
  return async (pieces, signal) => ({
    state: 'done',
    ...(purpose === 'check'
      ? { backup: await health.checkBackup(pieces, signal) }
      : { restored: await health.restoreBackup(pieces, signal) }),
  })
}

type About = Pick<Upload, 'purpose' | 'path' | 'bytes' | 'by'>

function start({ purpose, path, bytes, by }: About, take: Taker, clock: Clock): Upload {
  const stop = new AbortController()
  const begun: Omit<Upload, 'outcome'> = {
    id: randomUUID(),
    purpose,
    path,
    bytes,
    by,
    stop,
    offset: 0,
    turn: undefined,
    wake: () => {},
    touchedMs: clock.nowMs(),
    ended: undefined,
    fault: undefined,
  }
  const outcome = take(piecesOf(begun, clock), stop.signal)
  const one: Upload = Object.assign(begun, { outcome })
  stop.signal.addEventListener('abort', () => wake(one, asFault(stop.signal.reason)), { once: true })
  outcome.then(
    (ended) => {
      one.ended = ended
      // Where the flow has seen enough, the rest of what is sent is not read.
      one.turn?.over.resolve()
      one.turn = undefined
    },
    (error: unknown) => {
      const fault = asFault(error)
      one.fault = fault
      one.ended = { state: 'failed', code: fault.code, sentence: fault.message }
      one.turn?.over.reject(fault)
      one.turn = undefined
    },
  )
  return one
}

/** The flow is not to wait any longer, neither for a piece nor for somebody who sends. */
function wake(one: Upload, reason: Fault): void {
  if (one.turn !== undefined) void end(one.turn, reason)
  one.wake()
}

/** What the flow reads: from one who sends after the other, until all of it came. */
async function* piecesOf(one: Omit<Upload, 'outcome'>, clock: Clock): AsyncGenerator<Uint8Array> {
  const { stop, bytes } = one
  while (one.offset < bytes) {
    stop.signal.throwIfAborted()
    const { turn } = one
    if (turn === undefined) {
      await new Promise<void>((resolve) => (one.wake = resolve))
      continue
    }
    try {
      for (let piece = await nextOf(turn); piece.done !== true; piece = await nextOf(turn)) {
        one.offset += piece.value.length
        one.touchedMs = clock.nowMs()
        yield piece.value
        if (one.offset - turn.checkedAt < checkEveryBytes) continue
        turn.checkedAt = one.offset
        await turn.check?.()
      }
      turn.over.resolve()
    } catch (error) {
      turn.over.reject(error)
      void turn.iterator.return?.()?.catch(() => {})
    }
    one.turn = undefined
  }
}

/** Not a race with a promise that lasts: it would keep a note of each of ten thousand pieces. */
function nextOf(turn: Turn): Promise<IteratorResult<Uint8Array>> {
  return new Promise((resolve, reject) => {
    if (turn.ended !== undefined) throw turn.ended
    turn.reject = reject
    turn.iterator.next().then(resolve, reject)
  })
}

function checkSending({ bytes, offset, ended, fault }: Upload, sending: Sending): void {
  if (fault !== undefined) throw fault
  if (ended !== undefined) throw new Fault('conflict.upload', 'This upload is complete already.')
  if (sending.offset !== offset) throw wrongOffset(offset, sending.offset)
  if (sending.offset + sending.bytes > bytes)
    throw new Fault('invalid.part', `This upload has ${bytes} bytes, and what is sent goes beyond its end.`)
}

async function takeTurn(one: Upload, { offset, pieces, check }: Sending): Promise<void> {
  const turn: Turn = {
    iterator: pieces[Symbol.asyncIterator](),
    checkedAt: offset,
    ended: undefined,
    reject: () => {},
    over: Promise.withResolvers(),
    ...(check === undefined ? {} : { check }),
  }
  one.turn = turn
  one.wake()
  await turn.over.promise
}

/** Resolves when the flow has let go of it, so that the offset stands still. */
async function end(turn: Turn, reason: Fault): Promise<void> {
  turn.ended ??= reason
  turn.reject(turn.ended)
  await turn.over.promise.catch(() => {})
}

function taken(): Fault {
  return new Fault('conflict.sender', 'This upload goes on from another window or another connection.')
}

function wrongOffset(offset: number, from: number): Fault {
  const sentence = `This upload goes on at byte ${offset}, not ${from}.`
  return new Fault('conflict.offset', sentence, { data: { offset } })
}

function factsOf({ id, path, bytes, offset, turn, ended }: Upload): UploadState {
  return { id, path, bytes, offset, state: 'open', isComing: turn !== undefined, ...ended }
}

function pathOf({ folder, name }: NewUpload): string {
  return `${folder === '/' ? '' : folder}/${name}`
}

function tooSlow(): Fault {
  return new Fault(
    'cancelled.idle',
    'Nothing came for a quarter of an hour, so this upload was given up. Begin it again.',
  )
}
