/** Content of any size, as a framed app asks for it: with the words of `sdk.content`, and what that app was granted. */
import { Fault } from '@anarq/fault'
import { batchBytesMax, type OpenContent, type SmallItem } from '@anarq/sdk/app'
import type { FrameSdk } from '@anarq/sdk/frame'
import type { FrameMedia } from './frame-media.ts'
import type { Plain } from './message.ts'
import { readingSource, workingSource } from './sources.ts'
import type { Transfers } from './transfers.ts'

/** The rest of what a frame has, its page makes by itself out of these. */
export type FrameContent = Omit<FrameSdk['content'], 'blob' | 'media' | 'endMedia'>

type Act = (input: Plain) => Promise<unknown>

/** As many small files as their report still crosses with. */
const itemsMax = 500
const pathMax = 4096
const textMax = 300
const lockMax = 4096

/** Each call by its name. */
export function createContentCalls(
  content: FrameContent,
  { transfers, media }: { readonly transfers: Transfers; readonly media: FrameMedia },
): ReadonlyMap<string, Act> {
  const reading =
    (open: (input: Plain, signal: AbortSignal) => Promise<OpenContent & { readonly entry?: unknown }>): Act =>
    (input) =>
      transfers.begin('read', async (signal) => {
        const { stream, ...about } = await open(input, signal)
        return { source: readingSource(stream), about }
      })
  /** `prepare` reads what is asked and gives what is to be done; nothing is done before it has. */
  const sending =
    (prepare: (input: Plain) => Promise<Work> | Work): Act =>
    (input) =>
      transfers.begin('send', async (signal) => {
        const work = await prepare(input)
        signal.throwIfAborted()
        return { source: workingSource((tell) => work(tell, signal)), about: {} }
      })
  return new Map<string, Act>([
    [
      'content.open',
      reading(({ path, version, fromByte, toByte, lock }, signal) =>
        content.open({
          path: textOf(path, 'path', pathMax),
          version: optional(version, 'version'),
          fromByte: optional(fromByte, 'fromByte'),
          toByte: optional(toByte, 'toByte'),
          lock: lockOf(lock),
          signal,
        }),
      ),
    ],
    [
      'content.openArchive',
      reading(({ path, lock }, signal) =>
        content.openArchive({ path: textOf(path, 'path', pathMax), lock: lockOf(lock), signal }),
      ),
    ],
    [
      'content.openShared',
      reading((input, signal) =>
        content.openShared({ ...sharedOf(input), lock: lockOf(input.lock), signal }),
      ),
    ],
    [
      'content.openSharedArchive',
      reading((input, signal) =>
        content.openSharedArchive({ ...sharedOf(input), lock: lockOf(input.lock), signal }),
      ),
    ],
    ['content.listShared', (input) => content.listShared(sharedOf(input))],
    [
      'content.beginUpload',
      ({ path, bytes, modifiedMs, type }) =>
        content.beginUpload({
          path: textOf(path, 'path', pathMax),
          bytes: countOf(bytes, 'bytes'),
          modifiedMs: countOf(modifiedMs, 'modifiedMs'),
          type: type === undefined ? undefined : textOf(type, 'type', textMax),
        }),
    ],
    ['content.uploadState', ({ id }) => content.uploadState({ id: textOf(id, 'id') })],
    ['content.cancelUpload', ({ id }) => content.cancelUpload({ id: textOf(id, 'id') })],
    ['content.sendUpload', sending((input) => uploadOf(input, content))],
    [
      'content.putMany',
      sending((input) => {
        const put = putOf(input)
        return (_tell, signal) => content.putMany({ ...put, signal })
      }),
    ],
    [
      'content.reseal',
      sending(({ grant }) => {
        const asked = { grant: textOf(grant, 'grant') }
        return (tell, signal) => content.reseal({ ...asked, onProgress: tell, signal })
      }),
    ],
    [
      'content.media',
      ({ path, version }) =>
        media.open({ path: textOf(path, 'path', pathMax), version: optional(version, 'version') }),
    ],
    ['content.endMedia', async ({ address }) => media.end(textOf(address, 'address', pathMax))],
    ['content.next', ({ transfer }) => transfers.next(transfer)],
    ['content.end', async ({ transfer }) => transfers.end(transfer)],
  ])
}

/** Calls whose input holds files. They come as the browser keeps them: nothing of them is in memory until it is sent. */
export const callsWithFiles: ReadonlySet<string> = new Set([
  'content.sendUpload',
  'content.putMany',
  'shell.save',
])

/** What has its own pace: the answer is the next piece, and the next question waits for it. */
export const pacedCalls: ReadonlySet<string> = new Set(['content.next'])

type Work = (tell: (progress: unknown) => void, signal: AbortSignal) => Promise<unknown>

async function uploadOf(input: Plain, sdk: FrameContent): Promise<Work> {
  const id = textOf(input.id, 'id')
  const content = fileOf(input.content)
  const { bytes } = await sdk.uploadState({ id })
  if (bytes !== content.size)
    throw new Fault(
      'invalid.content',
      `This upload was begun for ${bytes} bytes, and the file has ${content.size}. Begin another for it.`,
    )
  return (tell, signal) =>
    sdk
      .sendUpload({ id, content, onProgress: (at) => tell({ offset: at }), signal })
      .catch((thrown: unknown) => {
        throw thrown instanceof DOMException && thrown.name === 'NotReadableError' ? changed(thrown) : thrown
      })
}

function putOf({ to, items }: Plain): { to: string; items: readonly SmallItem[] } {
  if (!Array.isArray(items) || items.length > itemsMax)
    throw new Fault('invalid.items', `"items" is a list of at most ${itemsMax} files and folders.`)
  const read = items.map((item: Plain): SmallItem => {
    if (typeof item !== 'object' || item === null) throw new Fault('invalid.items', 'An item is a map.')
    const { path, modifiedMs, content } = item
    return {
      path: textOf(path, 'path', pathMax),
      modifiedMs: countOf(modifiedMs, 'modifiedMs'),
      ...(content === undefined ? {} : { content: fileOf(content) }),
    }
  })
  const bytes = read.reduce((sum, { content }) => sum + (content?.size ?? 0), 0)
  if (bytes > batchBytesMax)
    throw new Fault(
      'limit.body',
      `Files that go together have at most ${batchBytesMax} bytes. Upload large ones.`,
    )
  return { to: textOf(to, 'to', pathMax), items: read }
}

function sharedOf({ ping, purpose }: Plain): { ping: Uint8Array; purpose?: string } {
  if (!(ping instanceof Uint8Array)) throw new Fault('invalid.ping', 'A ping file is bytes.')
  return { ping, ...(purpose === undefined ? {} : { purpose: textOf(purpose, 'purpose') }) }
}

function textOf(value: unknown, name: string, max = textMax): string {
  if (typeof value === 'string' && value.length > 0 && value.length <= max) return value
  throw new Fault('invalid.text', `"${name}" is a text of 1 to ${max} characters.`)
}

function countOf(value: unknown, name: string): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number
  throw new Fault('invalid.number', `"${name}" is a whole number from 0.`)
}

function optional(value: unknown, name: string): number | undefined {
  return value === undefined ? undefined : countOf(value, name)
}

function lockOf(value: unknown): string | undefined {
  return value === undefined ? undefined : textOf(value, 'lock', lockMax)
}

function fileOf(value: unknown): Blob {
  if (value instanceof Blob) return value
  throw new Fault('invalid.content', 'What is sent is a File or a Blob.')
}

function changed(cause: Error): Fault {
  const sentence = 'The file changed on the disk, or is gone, since it was chosen. Choose it again.'
  return new Fault('conflict.changed', sentence, { cause })
}
