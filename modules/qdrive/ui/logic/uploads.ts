/**
 * The queue of uploads as a state machine: `step(queue, event, atMs)` gives the next queue and what is to be done. What
 * talks to the node reports back by events that name their job, so that a report which comes late is known as late.
 */
export type UploadStatus =
  | { readonly at: 'waiting' }
  | { readonly at: 'sending'; readonly job: number }
  | { readonly at: 'paused' }
  /** After a reload: the browser has to be given the file again. */
  | { readonly at: 'absent' }
  | { readonly at: 'failed'; readonly code: string; readonly sentence: string }
  | { readonly at: 'done' }
  | { readonly at: 'cancelled' }

export type Upload = {
  readonly id: string
  readonly path: string
  readonly bytes: number
  readonly modifiedMs: number
  readonly type: string
  readonly isFolder: boolean
  /** In parts; else together with others. */
  readonly isLarge: boolean
  readonly sent: number
  /** What the node calls it, once it was begun there. */
  readonly remote: string | undefined
  readonly status: UploadStatus
}

export type Sample = { readonly atMs: number; readonly bytes: number }

export type Queue = {
  readonly uploads: ReadonlyMap<string, Upload>
  readonly isPaused: boolean
  readonly jobs: number
  /** Of the last seconds, for the speed. */
  readonly samples: readonly Sample[]
}

export type NewUpload = Pick<Upload, 'id' | 'path' | 'bytes' | 'modifiedMs' | 'type' | 'isFolder'>
export type LostUpload = NewUpload & { readonly remote: string; readonly sent: number }

export type UploadEvent =
  | { readonly what: 'add'; readonly uploads: readonly NewUpload[] }
  | { readonly what: 'found'; readonly uploads: readonly LostUpload[] }
  | { readonly what: 'given'; readonly id: string }
  | { readonly what: 'pause' | 'resume' | 'cancel' | 'retry'; readonly id: string }
  | { readonly what: 'pause-all' | 'resume-all' | 'cancel-all' | 'clear' }
  | { readonly what: 'begun'; readonly job: number; readonly id: string; readonly remote: string }
  | { readonly what: 'progress'; readonly job: number; readonly id: string; readonly sent: number }
  | { readonly what: 'done'; readonly job: number; readonly ids: readonly string[] }
  | {
      readonly what: 'failed'
      readonly job: number
      readonly ids: readonly string[]
      readonly code: string
      readonly sentence: string
    }

export type UploadEffect =
  | { readonly do: 'send-many'; readonly job: number; readonly ids: readonly string[] }
  | {
      readonly do: 'send-one'
      readonly job: number
      readonly id: string
      readonly remote: string | undefined
    }
  | { readonly do: 'abort'; readonly job: number }
  | { readonly do: 'cancel-remote'; readonly remote: string }

export type Stepped = { readonly queue: Queue; readonly effects: readonly UploadEffect[] }

export const largeBytesMin: number = 1024 * 1024
const batchBytes = 8 * 1024 * 1024
const batchFiles = 400
const sampleMs = 5000

export const emptyQueue: Queue = { uploads: new Map(), isPaused: false, jobs: 0, samples: [] }

export function step(queue: Queue, event: UploadEvent, atMs: number): Stepped {
  const draft: Draft = {
    uploads: new Map(queue.uploads),
    effects: [],
    isPaused: queue.isPaused,
    jobs: queue.jobs,
  }
  const samples = [...queue.samples]
  apply(draft, event, (bytes) => samples.push({ atMs, bytes }))
  schedule(draft)
  const { uploads, isPaused, jobs, effects } = draft
  return {
    queue: { uploads, isPaused, jobs, samples: samples.filter((one) => atMs - one.atMs <= sampleMs) },
    effects,
  }
}

type Draft = { uploads: Map<string, Upload>; effects: UploadEffect[]; isPaused: boolean; jobs: number }

function apply(draft: Draft, event: UploadEvent, onBytes: (bytes: number) => void): void {
  switch (event.what) {
    case 'add':
      for (const one of event.uploads) if (!draft.uploads.has(one.id)) draft.uploads.set(one.id, fresh(one))
      return
    case 'found':
      for (const one of event.uploads)
        if (!draft.uploads.has(one.id))
          draft.uploads.set(one.id, {
            ...fresh(one),
            isLarge: true,
            remote: one.remote,
            sent: one.sent,
            status: { at: 'absent' },
          })
      return
    case 'given':
      set(draft, event.id, ['absent'], { status: { at: 'waiting' } })
      return
    case 'pause':
      stop(draft, event.id, { at: 'paused' })
      return
    case 'resume':
      set(draft, event.id, ['paused'], { status: { at: 'waiting' } })
      return
    case 'retry':
      retry(draft, event.id)
      return
    case 'cancel':
      cancel(draft, event.id)
      return
    case 'pause-all':
      draft.isPaused = true
      for (const { id, status } of [...draft.uploads.values()])
        if (status.at === 'sending') stop(draft, id, { at: 'waiting' })
      return
    case 'resume-all':
      draft.isPaused = false
      for (const { id } of draft.uploads.values()) set(draft, id, ['paused'], { status: { at: 'waiting' } })
      return
    case 'cancel-all':
      for (const { id } of [...draft.uploads.values()]) cancel(draft, id)
      draft.isPaused = false
      return
    case 'clear':
      for (const { id, status } of [...draft.uploads.values()])
        if (status.at === 'done' || status.at === 'cancelled') draft.uploads.delete(id)
      return
    case 'begun':
      begun(draft, event)
      return
    case 'progress':
      progress(draft, event, onBytes)
      return
    case 'done':
      for (const id of event.ids) finish(draft, id, onBytes)
      return
    case 'failed':
      for (const id of event.ids) {
        const { status } = draft.uploads.get(id) ?? {}
        if (status?.at !== 'sending' || status.job !== event.job) continue
        const { code, sentence } = event
        set(draft, id, ['sending'], {
          status: { at: 'failed', code, sentence },
          // What the node gave up begins again from the front.
          ...(isOver(code) ? { remote: undefined, sent: 0 } : {}),
        })
      }
      return
    default:
      event satisfies never
  }
}

function fresh(one: NewUpload): Upload {
  return {
    ...one,
    isLarge: !one.isFolder && one.bytes > largeBytesMin,
    sent: 0,
    remote: undefined,
    status: { at: 'waiting' },
  }
}

function set(draft: Draft, id: string, from: readonly UploadStatus['at'][], change: Partial<Upload>): void {
  const upload = draft.uploads.get(id)
  if (upload !== undefined && from.includes(upload.status.at)) draft.uploads.set(id, { ...upload, ...change })
}

/** Takes it out of the job that sends it. The others of that job are sent again: the node knows equal content by itself. */
function stop(draft: Draft, id: string, status: UploadStatus): void {
  const upload = draft.uploads.get(id)
  if (upload === undefined) return
  if (upload.status.at === 'sending') {
    const { job } = upload.status
    draft.effects.push({ do: 'abort', job })
    for (const other of [...draft.uploads.values()])
      if (other.status.at === 'sending' && other.status.job === job)
        draft.uploads.set(other.id, { ...other, status: { at: 'waiting' } })
    draft.uploads.set(id, { ...upload, status })
  } else set(draft, id, ['waiting'], { status })
}

function retry(draft: Draft, id: string): void {
  set(draft, id, ['failed'], { status: { at: 'waiting' } })
}

function cancel(draft: Draft, id: string): void {
  const upload = draft.uploads.get(id)
  if (upload === undefined || upload.status.at === 'done' || upload.status.at === 'cancelled') return
  if (upload.status.at === 'sending') stop(draft, id, { at: 'cancelled' })
  else draft.uploads.set(id, { ...upload, status: { at: 'cancelled' } })
  if (upload.remote !== undefined) draft.effects.push({ do: 'cancel-remote', remote: upload.remote })
}

function begun(draft: Draft, { job, id, remote }: UploadEvent & { what: 'begun' }): void {
  const upload = draft.uploads.get(id)
  const isOurs = upload?.status.at === 'sending' && upload.status.job === job
  // Cancelled, or begun twice: what was begun at the node for nobody is given up there.
  if (
    upload === undefined ||
    upload.status.at === 'cancelled' ||
    upload.status.at === 'done' ||
    (!isOurs && upload.remote !== undefined)
  )
    draft.effects.push({ do: 'cancel-remote', remote })
  else draft.uploads.set(id, { ...upload, remote })
}

function progress(
  draft: Draft,
  { job, id, sent }: UploadEvent & { what: 'progress' },
  onBytes: (bytes: number) => void,
): void {
  const upload = draft.uploads.get(id)
  if (upload?.status.at !== 'sending' || upload.status.job !== job) return
  onBytes(Math.max(0, sent - upload.sent))
  draft.uploads.set(id, { ...upload, sent: Math.min(sent, upload.bytes) })
}

/** Even from a job that was stopped: what the node has, it has, whatever was asked for in the meantime. */
function finish(draft: Draft, id: string, onBytes: (bytes: number) => void): void {
  const upload = draft.uploads.get(id)
  if (upload === undefined || upload.status.at === 'done') return
  if (upload.status.at === 'sending') {
    const { job } = upload.status
    const others = [...draft.uploads.values()].some(
      (one) => one.id !== id && one.status.at === 'sending' && one.status.job === job,
    )
    if (!others) draft.effects.push({ do: 'abort', job })
  }
  onBytes(upload.bytes - upload.sent)
  draft.uploads.set(id, { ...upload, sent: upload.bytes, remote: undefined, status: { at: 'done' } })
}

function isOver(code: string): boolean {
  return code === 'missing.upload' || code.startsWith('cancelled.')
}

/** One large file and one batch of small ones at a time: more would only share the same line. */
function schedule(draft: Draft): void {
  if (draft.isPaused) return
  let isOneBusy = false
  let isManyBusy = false
  for (const { status, isLarge } of draft.uploads.values()) {
    if (status.at !== 'sending') continue
    if (isLarge) isOneBusy = true
    else isManyBusy = true
  }
  if (!isOneBusy) startOne(draft)
  if (!isManyBusy) startMany(draft)
}

function startOne(draft: Draft): void {
  for (const upload of draft.uploads.values()) {
    if (!upload.isLarge || upload.status.at !== 'waiting') continue
    draft.jobs += 1
    const { jobs: job } = draft
    draft.uploads.set(upload.id, { ...upload, status: { at: 'sending', job } })
    draft.effects.push({ do: 'send-one', job, id: upload.id, remote: upload.remote })
    return
  }
}

function startMany(draft: Draft): void {
  const ids: string[] = []
  let bytes = 0
  for (const { id, isLarge, status, bytes: more } of draft.uploads.values()) {
    if (isLarge || status.at !== 'waiting') continue
    if (ids.length >= batchFiles || (ids.length > 0 && bytes + more > batchBytes)) break
    ids.push(id)
    bytes += more
  }
  if (ids.length === 0) return
  draft.jobs += 1
  const { jobs: job } = draft
  for (const id of ids) {
    const upload = draft.uploads.get(id) as Upload
    draft.uploads.set(id, { ...upload, status: { at: 'sending', job } })
  }
  draft.effects.push({ do: 'send-many', job, ids })
}

export type QueueFacts = {
  readonly files: number
  readonly done: number
  readonly failed: number
  readonly absent: number
  readonly open: number
  readonly bytes: number
  readonly sent: number
  /** Bytes a second; undefined before there is anything to say. */
  readonly rate: number | undefined
  readonly restSeconds: number | undefined
}

/** Cancelled ones do not count. */
export function factsOf({ uploads, samples }: Queue, atMs: number): QueueFacts {
  let [files, done, failed, absent, bytes, sent] = [0, 0, 0, 0, 0, 0]
  for (const upload of uploads.values()) {
    const { at } = upload.status
    if (at === 'cancelled') continue
    files += 1
    bytes += upload.bytes
    sent += upload.sent
    if (at === 'done') done += 1
    if (at === 'failed') failed += 1
    if (at === 'absent') absent += 1
  }
  const rate = rateOf(samples, atMs)
  const open = files - done - failed - absent
  const restSeconds = rate === undefined || rate < 1 || open === 0 ? undefined : (bytes - sent) / rate
  return { files, done, failed, absent, open, bytes, sent, rate, restSeconds }
}

function rateOf(samples: readonly Sample[], atMs: number): number | undefined {
  const recent = samples.filter((one) => atMs - one.atMs <= sampleMs)
  const [first] = recent
  if (first === undefined || recent.length < 2) return undefined
  const bytes = recent.reduce((sum, one) => sum + one.bytes, 0) - first.bytes
  return (bytes * 1000) / Math.max(250, atMs - first.atMs)
}

/** Which of those that wait for their file this one is: the same name, size and time. */
export function lostUploadOf(
  queue: Queue,
  file: { readonly name: string; readonly size: number; readonly lastModified: number },
): Upload | undefined {
  for (const upload of queue.uploads.values()) {
    const isSame = upload.path.endsWith(`/${file.name}`) && upload.bytes === file.size
    if (upload.status.at === 'absent' && isSame && upload.modifiedMs === file.lastModified) return upload
  }
  return undefined
}
