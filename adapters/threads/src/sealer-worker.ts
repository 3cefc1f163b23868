/** The worker's side: takes ranges of a shared window, writes sealed blocks back into it. */
import { parentPort } from 'node:worker_threads'
import { sealRange } from '@anarq/flows'
import type { SealReply, SealRequest, WindowNotice } from './messages.ts'

if (parentPort === null) throw new Error('sealer-worker.ts runs as a worker thread only')
const port = parentPort
const windows = new Map<number, { bytes: Uint8Array; sealed: Uint8Array }>()

port.on('message', (message: WindowNotice | SealRequest) => {
  if (message.kind === 'window') {
    windows.set(message.window, {
      bytes: new Uint8Array(message.bytes),
      sealed: new Uint8Array(message.sealed),
    })
    return
  }
  port.postMessage(answer(message))
})

function answer({ id, window, ranges, keys }: SealRequest): SealReply {
  try {
    const memory = windows.get(window)
    if (memory === undefined) throw new Error(`window ${window} was never announced`)
    const lengths: number[] = []
    const hashes = new Uint8Array(64 * ranges.length)
    for (const [i, { from, to, sealedAt }] of ranges.entries()) {
      const { block, digest, key } = sealRange(
        memory.bytes.subarray(from, to),
        keys,
        memory.sealed.subarray(sealedAt),
      )
      lengths.push(block.length)
      hashes.set(digest, i * 64)
      hashes.set(key, i * 64 + 32)
    }
    return { id, lengths, hashes }
  } catch (error) {
    return { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}
