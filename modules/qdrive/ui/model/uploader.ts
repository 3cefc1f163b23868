/** Does what the queue says, and tells it what came of it. No rule of its own. */
import type { AppSdk } from '@anarq/sdk/app'
import {
  emptyQueue,
  type Queue,
  step,
  type Upload,
  type UploadEffect,
  type UploadEvent,
} from '../logic/uploads.ts'

export type Uploader = {
  queue(): Queue
  tell(event: UploadEvent): void
  /** The content of an upload: kept here, since a queue is only facts. */
  give(id: string, content: Blob): void
  subscribe(listener: () => void): () => void
  /** Stops what is on its way; nothing is lost of what the node has. */
  close(): void
}

/** Drawing how far it is more often than eyes need takes from the sending itself. */
const progressMs = 250

type Content = Pick<AppSdk['content'], 'putMany' | 'beginUpload' | 'sendUpload' | 'cancelUpload'>

export function createUploader({ content, nowMs }: { content: Content; nowMs: () => number }): Uploader {
  let queue = emptyQueue
  const contents = new Map<string, Blob>()
  const jobs = new Map<number, AbortController>()
  const listeners = new Set<() => void>()

  const tell = (event: UploadEvent): void => {
    const { queue: next, effects } = step(queue, event, nowMs())
    queue = next
    for (const effect of effects) run(effect)
    for (const listener of listeners) listener()
  }
  const run = (effect: UploadEffect): void => {
    switch (effect.do) {
      case 'send-many':
        return void sendMany(effect.job, effect.ids)
      case 'send-one':
        return void sendOne(effect.job, effect.id, effect.remote)
      case 'abort':
        jobs.get(effect.job)?.abort(new DOMException('Stopped', 'AbortError'))
        return
      case 'cancel-remote':
        return void content.cancelUpload({ id: effect.remote }).catch(() => {})
      default:
        effect satisfies never
    }
  }
  const begin = (job: number): AbortSignal => {
    const stop = new AbortController()
    jobs.set(job, stop)
    return stop.signal
  }
  const fail = (job: number, ids: readonly string[], error: unknown): void => {
    const { code, sentence } = failureOf(error)
    tell({ what: 'failed', job, ids, code, sentence })
  }
  const uploadOf = (id: string): Upload => queue.uploads.get(id) as Upload

  async function sendMany(job: number, ids: readonly string[]): Promise<void> {
    const signal = begin(job)
    const items = ids.map((id) => {
      const { path, modifiedMs, isFolder } = uploadOf(id)
      const held = contents.get(id)
      return { path: path.slice(1), modifiedMs, ...(isFolder ? {} : { content: held ?? new Blob() }) }
    })
    try {
      const report = await content.putMany({ to: '/', items, signal })
      const skipped = new Map(report.skipped.map((one) => [`/${one.path}`, one]))
      const done: string[] = []
      for (const id of ids) {
        const one = skipped.get(uploadOf(id)?.path ?? '')
        if (one === undefined) done.push(id)
        else tell({ what: 'failed', job, ids: [id], code: one.code, sentence: one.sentence })
      }
      tell({ what: 'done', job, ids: done })
      for (const id of done) contents.delete(id)
    } catch (error) {
      fail(job, ids, error)
    } finally {
      jobs.delete(job)
    }
  }

  async function sendOne(job: number, id: string, known: string | undefined): Promise<void> {
    const signal = begin(job)
    try {
      const { path, bytes, modifiedMs, type } = uploadOf(id)
      const held = contents.get(id) ?? new Blob()
      let remote = known
      if (remote === undefined) {
        const kept = type === '' ? {} : { type }
        remote = (await content.beginUpload({ path, bytes, modifiedMs, ...kept })).id
        tell({ what: 'begun', job, id, remote })
        signal.throwIfAborted()
      }
      let toldMs = 0
      const onProgress = (offset: number): void => {
        if (nowMs() - toldMs < progressMs) return
        toldMs = nowMs()
        tell({ what: 'progress', job, id, sent: offset })
      }
      await content.sendUpload({ id: remote, content: held, onProgress, signal })
      tell({ what: 'done', job, ids: [id] })
      contents.delete(id)
    } catch (error) {
      fail(job, [id], error)
    } finally {
      jobs.delete(job)
    }
  }

  return {
    queue: () => queue,
    tell,
    give(id, held) {
      contents.set(id, held)
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close() {
      for (const stop of jobs.values()) stop.abort(new DOMException('Closed', 'AbortError'))
      listeners.clear()
    },
  }
}

/** A file that was changed or moved away while it was being sent is the browser's refusal, and no fault of ours. */
function failureOf(error: unknown): { code: string; sentence: string } {
  const { code, message, name } = error as { code?: unknown; message?: string; name?: string }
  if (typeof code === 'string') return { code, sentence: message ?? '' }
  if (name === 'NotReadableError' || name === 'NotFoundError')
    return { code: 'missing.source', sentence: message ?? '' }
  return {
    code: name === 'AbortError' ? 'stopped' : 'unavailable.browser',
    sentence: message ?? String(error),
  }
}
