/** Sending a file that may stop and go on: to the drive, or as a backup that is checked or restored. */
import { asFault, Fault, type FaultCode } from '@anarq/fault'
import type { Asked } from './browser.ts'
import type { UploadState } from './upload-state.ts'

export type SendFile = {
  readonly content: Blob
  /** Bytes that the node has, or that are on their way to it. */
  readonly onProgress?: ((offset: number) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export type SendWhole = {
  readonly file: Blob
  readonly onProgress?: (progress: { bytes: number }) => void
  readonly signal?: AbortSignal | undefined
}

/** So often in a row the connection may break before anything comes, while the node is there. */
const breaksMax = 3
const breakMs = 1000
const lookMs = 1000
const goesOnAfter: readonly FaultCode[] = ['unavailable.node', 'conflict.offset', 'conflict.upload']

type Ask = (address: string, asked?: Asked) => Promise<UploadState>

/**
 * All that the node does not have yet, as one request, from where the browser holds it. Where the node counts otherwise, or the
 * connection broke and the node is there, it goes on. A file that is changed meanwhile ends it, as the browser says it
 * (`NotReadableError`).
 */
export async function sendFile(ask: Ask, address: string, file: SendFile): Promise<UploadState> {
  const { content, signal } = file
  let state = await ask(address, { signal })
  for (let breaks = 0; ; ) {
    if (state.state === 'done') return state
    if (state.state === 'failed') throw faultOf(state)
    if (content.size !== state.bytes) throw otherLength()
    const { offset } = state
    try {
      state = await sendFrom(ask, address, { ...file, offset })
    } catch (error) {
      const { code } = asFault(error)
      if (signal?.aborted === true || !goesOnAfter.includes(code)) throw error
      await checkUnchanged(content)
      state = await ask(address, { signal })
      breaks = state.offset > offset ? 0 : breaks + 1
      // Who sends elsewhere meanwhile is not driven out by what is only tried again.
      if (breaks > breaksMax || (code === 'unavailable.node' && state.isComing)) throw error
      if (code === 'unavailable.node') await pause(breakMs, signal)
    }
  }
}

/** Begins at `address`, sends below it, and says what became of it; gives it up where that fails. */
export async function sendWhole(
  ask: Ask,
  address: string,
  { file, onProgress, signal }: SendWhole,
): Promise<UploadState> {
  const { id } = await ask(address, { json: { bytes: file.size }, signal })
  const own = `${address}/${id}`
  try {
    return await sendFile(ask, own, {
      content: file,
      onProgress: (bytes) => onProgress?.({ bytes }),
      signal,
    })
  } catch (error) {
    await ask(own, { method: 'DELETE' }).catch(() => {})
    throw error
  }
}

async function sendFrom(
  ask: Ask,
  address: string,
  { content, offset, onProgress, signal }: SendFile & { readonly offset: number },
): Promise<UploadState> {
  const changed = new AbortController()
  // The browser looks at the file when it opens it, and not again.
  const look = setInterval(() => checkUnchanged(content).catch((why) => changed.abort(why)), lookMs)
  onProgress?.(offset)
  try {
    const state = await ask(`${address}?offset=${offset}`, {
      method: 'PUT',
      // A file as a whole, not as a part of itself: that is what browsers send best.
      blob: offset === 0 ? content : content.slice(offset),
      headers: { 'content-type': 'application/octet-stream' },
      onSent: (bytes) => onProgress?.(offset + bytes),
      signal: signal === undefined ? changed.signal : AbortSignal.any([signal, changed.signal]),
    })
    await checkUnchanged(content)
    return state
  } finally {
    clearInterval(look)
  }
}

/** Reading from a file that was changed or taken away fails. */
async function checkUnchanged(content: Blob): Promise<void> {
  await content.slice(0, 1).arrayBuffer()
}

function faultOf({ code = 'cancelled.upload', sentence }: UploadState): Fault {
  return new Fault(code, sentence ?? 'The upload was given up. Begin it again.')
}

function otherLength(): Fault {
  return new Fault(
    'conflict.source',
    'This file is not as long as it was when its upload began. Begin it again.',
  )
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms)
    signal?.addEventListener(
      'abort',
      () => {
        clearTimeout(timer)
        reject(signal.reason)
      },
      { once: true },
    )
  })
}
