import { randomUUID } from 'node:crypto'
import type { Clock } from '@anarq/clock'
import { asFault, Fault } from '@anarq/fault'
import { streamContent } from '@anarq/flows'
import { type DriveOperations, type EntryFacts, type PutReport, putOne } from '@anarq/kernel'

export type NewUpload = {
  /** Folder and name in the drive. */
  readonly folder: string
  readonly name: string
  readonly bytes: number
  readonly modifiedMs: number
  readonly type?: string | undefined
  readonly tags?: readonly string[] | undefined
}

export type UploadFacts = {
  readonly id: string
  readonly path: string
  readonly bytes: number
  /** So many bytes came; the next part begins here. */
  readonly offset: number
  readonly state: 'open' | 'done' | 'failed'
  readonly entry?: EntryFacts
  readonly isUnchanged?: boolean
  /** Why it failed. */
  readonly sentence?: string
}

/**
 * Files that come in parts: a page that was reloaded, or lost its node for a moment, goes on where it was. The flow in runs
 * while the parts come; nothing is visible before the last one.
 */
export type Uploads = {
  begin(upload: NewUpload, drive: DriveOperations): UploadFacts
  list(): readonly UploadFacts[]
  facts(id: string): UploadFacts
  /** Resolves when the part is sealed or on its way there, and with the entry after the last; `conflict.offset` says where it should begin. */
  add(id: string, offset: number, part: Uint8Array): Promise<UploadFacts>
  cancel(id: string): Promise<void>
  close(): Promise<void>
}

export const partBytesMax: number = 16 * 1024 * 1024
const uploadsMax = 64
const idleMs = 15 * 60_000
/** So long the outcome can be asked for. */
const keptMs = 10 * 60_000

type Upload = {
  readonly id: string
  readonly upload: NewUpload
  /** As whoever began it has it. */
  readonly drive: DriveOperations
  readonly parts: Channel
  readonly stop: AbortController
  readonly outcome: Promise<PutReport>
  offset: number
  isAdding: boolean
  touchedMs: number
  ended: Pick<UploadFacts, 'state' | 'entry' | 'isUnchanged' | 'sentence'> | undefined
  fault: Fault | undefined
}

export function createUploads(clock: Clock): Uploads {
  const all = new Map<string, Upload>()

  const dropOld = (): void => {
    const nowMs = clock.nowMs()
    for (const [id, one] of all) {
      const quietMs = nowMs - one.touchedMs
      if (one.ended !== undefined && quietMs > keptMs) all.delete(id)
      else if (one.ended === undefined && !one.isAdding && quietMs > idleMs) one.stop.abort(tooSlow())
    }
  }
  const timer = setInterval(dropOld, 30_000)
  timer.unref()
  const need = (id: string): Upload => {
    const one = all.get(id)
    if (one !== undefined) return one
    throw new Fault('missing.upload', 'This upload is not known any more. Begin it again.')
  }

  return {
    begin(upload, drive) {
      dropOld()
      const open = [...all.values()].filter(({ ended }) => ended === undefined)
      if (open.length >= uploadsMax)
        throw new Fault('limit.uploads', `At most ${uploadsMax} uploads are open at once. Finish some first.`)
      const one = start(drive, upload, clock.nowMs())
      all.set(one.id, one)
      return factsOf(one)
    },
    list: () => [...all.values()].map(factsOf),
    facts: (id) => factsOf(need(id)),
    async add(id, offset, part) {
      const one = need(id)
      checkPart(one, offset, part)
      one.isAdding = true
      try {
        await Promise.race([one.parts.push(part), one.outcome])
        one.offset += part.length
        if (one.offset === one.upload.bytes) {
          one.parts.end()
          await one.outcome
          one.ended ??= await endingOf(one)
        }
        return factsOf(one)
      } finally {
        one.isAdding = false
        one.touchedMs = clock.nowMs()
      }
    },
    async cancel(id) {
      const one = need(id)
      one.stop.abort(new Fault('cancelled.upload', 'This upload was cancelled.'))
      await one.outcome.catch(() => {})
      all.delete(id)
    },
    async close() {
      clearInterval(timer)
      for (const one of all.values()) one.stop.abort(new Fault('cancelled.closed', 'The node is stopping.'))
      await Promise.allSettled([...all.values()].map(({ outcome }) => outcome))
    },
  }
}

function start(drive: DriveOperations, upload: NewUpload, nowMs: number): Upload {
  const { bytes, modifiedMs, type, tags } = upload
  const stop = new AbortController()
  const parts = createChannel(stop.signal)
  const file = {
    bytes,
    modifiedMs,
    content: streamContent(parts.pieces()),
    ...(type === undefined || type === '' ? {} : { type }),
  }
  const outcome = putOne(drive, pathOf(upload), file, { tags, signal: stop.signal })
  const one: Upload = {
    id: randomUUID(),
    upload,
    drive,
    parts,
    stop,
    outcome,
    offset: 0,
    isAdding: false,
    touchedMs: nowMs,
    ended: undefined,
    fault: undefined,
  }
  outcome.catch((error: unknown) => {
    one.fault = asFault(error)
    one.ended = { state: 'failed', sentence: one.fault.message }
  })
  if (bytes === 0) parts.end()
  return one
}

function checkPart({ upload, offset, isAdding, ended, fault }: Upload, from: number, part: Uint8Array): void {
  if (fault !== undefined) throw fault
  if (ended !== undefined) throw new Fault('conflict.upload', 'This upload is complete already.')
  if (isAdding)
    throw new Fault('busy.upload', 'Another part of this upload is on its way. Send one at a time.')
  if (from !== offset)
    throw new Fault(
      'conflict.offset',
      `The next part of this upload begins at byte ${offset}, not ${from}.`,
      {
        data: { offset },
      },
    )
  if (from + part.length > upload.bytes)
    throw new Fault(
      'invalid.part',
      `This upload has ${upload.bytes} bytes, and the part goes beyond its end.`,
    )
}

async function endingOf({ outcome, upload, drive }: Upload): Promise<NonNullable<Upload['ended']>> {
  const report = await outcome
  const entry = report.entries[0] ?? (await drive.entry(pathOf(upload)))
  return { state: 'done', entry, isUnchanged: report.unchanged > 0 }
}

function factsOf({ id, upload, offset, ended }: Upload): UploadFacts {
  return { id, path: pathOf(upload), bytes: upload.bytes, offset, state: 'open', ...ended }
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

type Channel = {
  /** Resolves when the part was taken: whoever sends waits for whoever seals. */
  push(part: Uint8Array): Promise<void>
  end(): void
  pieces(): AsyncIterable<Uint8Array>
}

function createChannel(signal: AbortSignal): Channel {
  let waiting: { part: Uint8Array; taken: () => void } | undefined
  let isEnded = false
  let wake = (): void => {}
  signal.addEventListener('abort', () => wake(), { once: true })
  return {
    push: (part) =>
      new Promise((resolve) => {
        waiting = { part, taken: resolve }
        wake()
      }),
    end() {
      isEnded = true
      wake()
    },
    async *pieces() {
      while (true) {
        signal.throwIfAborted()
        if (waiting !== undefined) {
          const { part, taken } = waiting
          waiting = undefined
          yield part
          taken()
        } else if (isEnded) return
        else await new Promise<void>((resolve) => (wake = resolve))
      }
    },
  }
}
