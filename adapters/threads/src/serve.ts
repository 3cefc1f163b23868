import type { MessagePort } from 'node:worker_threads'
import { concatBytes, ownsBuffer } from '@anarq/bytes'
import { openBlock, openFiles, prepareMany, sealEnvelopes, sealRange } from '@anarq/flows/sealing'
import { systemRandom } from '@anarq/random'
import type { Answer, Reply, Request, SealAnswer, Task, WindowNotice } from './messages.ts'
import { packOpened, unpackFiles } from './packed-files.ts'
import { unpackRequests } from './packed-requests.ts'

type Memory = { readonly bytes: Uint8Array; readonly sealed: Uint8Array }

/** Answers tasks one after another. Sealed blocks are written back into the shared window that their content lies in. */
export function serve(port: MessagePort): void {
  const windows = new Map<number, Memory>()
  const waiting: (WindowNotice | Request)[] = []
  let isPrepared = false
  let isPreparing = false

  function prepare(): void {
    isPreparing = true
    prepareMany().then(() => {
      isPrepared = true
      for (const message of waiting.splice(0)) take(message)
    })
  }

  function take(message: WindowNotice | Request): void {
    if ('kind' in message) {
      const { window, bytes, sealed } = message
      windows.set(window, { bytes: new Uint8Array(bytes), sealed: new Uint8Array(sealed) })
      return
    }
    const reply = replyTo(message, windows)
    port.postMessage(reply, 'answer' in reply ? movable(reply.answer) : [])
  }

  port.on('message', (message: WindowNotice | Request) => {
    if (!isPreparing && 'task' in message && isMany(message.task)) prepare()
    if (isPreparing && !isPrepared) waiting.push(message)
    else take(message)
  })
  port.postMessage('ready')
}

/** From here on preparing pays. */
const manyMin = 16

function isMany(task: Task): boolean {
  return (
    task.kind === 'envelopes' ||
    task.kind === 'files' ||
    (task.kind === 'seal' && task.ranges.length >= manyMin)
  )
}

function replyTo({ id, task }: Request, windows: ReadonlyMap<number, Memory>): Reply {
  try {
    return { id, answer: perform(task, windows) }
  } catch (error) {
    return { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

function perform(task: Task, windows: ReadonlyMap<number, Memory>): Answer {
  switch (task.kind) {
    case 'seal':
      return sealAll(task, windows)
    case 'envelopes':
      return sealEach(task)
    case 'open':
      return { plain: openBlock(new Uint8Array(task.memory, 0, task.bytes), task.keys) }
    case 'files': {
      const { files, memory, keys } = task
      return { opened: packOpened(openFiles(unpackFiles(files, memory), keys)) }
    }
    default:
      return task satisfies never
  }
}

/** What changes hands instead of being copied: arrays that own their whole buffer. */
function movable(answer: Answer): ArrayBuffer[] {
  const bytes = 'opened' in answer ? answer.opened.bytes : 'plain' in answer ? answer.plain : answer.bytes
  if (!(bytes instanceof Uint8Array) || !ownsBuffer(bytes)) return []
  return [bytes.buffer as ArrayBuffer]
}

function sealAll(
  { window, ranges, keys }: Task & { kind: 'seal' },
  windows: ReadonlyMap<number, Memory>,
): SealAnswer {
  const memory = windows.get(window)
  if (memory === undefined) throw new Error(`window ${window} was never announced`)
  const lengths: number[] = []
  const hashes = new Uint8Array(64 * ranges.length)
  for (const [i, { from, to, sealedAt }] of ranges.entries()) {
    const plain = memory.bytes.subarray(from, to)
    const { block, digest, key } = sealRange(plain, keys, memory.sealed.subarray(sealedAt))
    lengths.push(block.length)
    hashes.set(digest, i * 64)
    hashes.set(key, i * 64 + 32)
  }
  return { lengths, hashes }
}

function sealEach({ requests, owner }: Task & { kind: 'envelopes' }): SealAnswer {
  const envelopes = sealEnvelopes(unpackRequests(requests), owner, systemRandom)
  return {
    lengths: envelopes.map(({ bytes }) => bytes.length),
    hashes: concatBytes(...envelopes.map(({ digest }) => digest)),
    bytes: concatBytes(...envelopes.map(({ bytes }) => bytes)),
  }
}
