/** A file that goes to the node in parts, and ends with the last of them. */
import type { Asked } from './browser.ts'
import { partBytes } from './content.ts'

export type Ask = <T>(path: string, asked: Asked) => Promise<T>
export type PartState = {
  readonly id: string
  /** So many bytes came. */
  readonly offset: number
  readonly state: 'open' | 'done' | 'failed'
}

export type InParts = {
  readonly file: Blob
  readonly ask: Ask
  readonly onProgress?: (progress: { bytes: number }) => void
  readonly signal?: AbortSignal | undefined
}

/** Begins at `address`, sends part after part below it, and gives what the node says to the last; gives it up where that fails. */
export async function sendInParts<State extends PartState>(
  address: string,
  { file, ask, onProgress = () => {}, signal }: InParts,
): Promise<State> {
  const { id } = await ask<State>(address, { json: { bytes: file.size }, signal })
  const own = `${address}/${id}`
  try {
    for (let from = 0; ; ) {
      const state = await ask<State>(`${own}?offset=${from}`, {
        method: 'PUT',
        blob: file.slice(from, from + partBytes),
        headers: { 'content-type': 'application/octet-stream' },
        signal,
      })
      onProgress({ bytes: state.offset })
      if (state.state === 'done') return state
      from = state.offset
    }
  } catch (error) {
    await ask(own, { method: 'DELETE' }).catch(() => {})
    throw error
  }
}
