/** Content of any size, by its address: what does not fit into a call. For pages; the same permissions hold as for calls. */
import { concatBytes, fromBase64Url, toBase64Url, toUtf8 } from '@anarq/bytes'
import { Fault, type FaultCode } from '@anarq/fault'
import type { EntryFacts, PutReport, ResealProgress, ResealReport } from '@anarq/kernel'
import { appHeader } from '@anarq/squid/to-sign'
import { encodeHead, paddingFor, tarEnd, tarType } from '@anarq/tar'
import type { Asked, PageClient } from './browser.ts'
import { type SendFile, sendFile } from './send-file.ts'
import type { UploadState } from './upload-state.ts'

export type { UploadState } from './upload-state.ts'

export type ContentSdk = {
  /** A file or a part of it, as it comes. Needs `drive.read`, but below `app:/` nothing. */
  open(input: ContentRange): Promise<OpenContent>
  /** The same as one piece of memory, which the browser may keep on disk: for pictures, films and documents that are shown. */
  blob(input: ContentRange & { readonly type?: string }): Promise<Blob>
  /** A folder with all below it as a tar archive; `totalBytes` is of the files in it. A file that cannot be read breaks it off. */
  openArchive(input: ArchiveAsked): Promise<OpenContent>
  /**
   * An address of this node at which a `<video>` or `<audio>` of this page plays a file, and seeks in it, until `endMedia`, or
   * until the session ends. Needs `drive.read`.
   */
  media(input: { readonly path: string; readonly version?: number | undefined }): Promise<string>
  endMedia(address: string): Promise<void>
  /**
   * Small files and empty folders together, in one commit of the index. At most `batchBytesMax`; the caller divides. Needs
   * `drive.write`, as all that follow.
   */
  putMany(input: PutMany): Promise<PutReport>
  /**
   * Begins a file of any size; a page that was reloaded goes on with its id. Below `app:/` it needs no permission.
   */
  beginUpload(input: NewFile): Promise<UploadState>
  /** `missing.upload` where the node knows it no more. */
  uploadState(input: { readonly id: string }): Promise<UploadState>
  cancelUpload(input: { readonly id: string }): Promise<void>
  /**
   * Sends what the node does not have of a file, from where the browser holds it: nothing of it comes into the page. Aborting the
   * signal is a pause: call it again with the same id to go on. Whoever sends last goes on alone; the one before gets
   * `conflict.sender`.
   */
  sendUpload(input: { readonly id: string } & SendFile): Promise<UploadState>
  /** `consent.revokeHard`, which says how far it is and can be stopped. Needs `consent.manage`. */
  reseal(input: Reseal): Promise<ResealReport>
  /** A file that somebody shared, by its ping file. Needs `drive.read`, as the next two. */
  openShared(input: SharedFile): Promise<OpenContent & { readonly entry: EntryFacts }>
  /** A folder that somebody shared, with all that may be seen below it, as a tar archive; how much that is is not known before its end. */
  openSharedArchive(input: SharedFile): Promise<OpenContent>
  /** What a shared folder holds, parents first; a shared file is not a folder: `invalid.kind`. */
  listShared(input: Shared): Promise<readonly EntryFacts[]>
}

export type ContentRange = {
  readonly path: string
  readonly version?: number | undefined
  readonly fromByte?: number | undefined
  /** Exclusive. */
  readonly toByte?: number | undefined
  /** Passphrase of the second lock, where it has one: else `refused.lock`. */
  readonly lock?: string | undefined
  readonly signal?: AbortSignal | undefined
}

export type ArchiveAsked = Pick<ContentRange, 'path' | 'lock' | 'signal'>

export type OpenContent = {
  readonly stream: ReadableStream<Uint8Array>
  readonly type: string
  /** Of this answer, and of the whole content. */
  readonly bytes: number
  readonly totalBytes: number
}

export type NewFile = {
  readonly path: string
  readonly bytes: number
  readonly modifiedMs: number
  readonly type?: string | undefined
}

export type SmallItem = {
  /** Below the folder that receives. */
  readonly path: string
  readonly modifiedMs: number
  /** Absent: a folder. */
  readonly content?: Blob
}

export type PutMany = {
  /** The folder that receives; made where it is missing. */
  readonly to: string
  readonly items: readonly SmallItem[]
  readonly signal?: AbortSignal | undefined
}

export type Reseal = {
  readonly grant: string
  readonly onProgress?: (progress: ResealProgress) => void
  readonly signal?: AbortSignal | undefined
}

export type Shared = {
  readonly ping: Uint8Array
  readonly purpose?: string | undefined
  readonly signal?: AbortSignal | undefined
}

export type SharedFile = Shared & Pick<ContentRange, 'lock'>

const ownPlace = 'app:/'
export const batchBytesMax: number = 32 * 1024 * 1024

/** Over the page's signed requests; for an app, with what that app was granted and no more. */
export function createContent(client: Pick<PageClient, 'send'>, app?: string): ContentSdk {
  const send = (path: string, asked: Asked = {}): Promise<Response> =>
    client.send(path, markedFor(app, asked))
  const json = async (path: string, asked?: Asked): Promise<UploadState> =>
    (await (await send(path, asked)).json()) as UploadState
  const open: ContentSdk['open'] = (input) => openRange(send, input)
  return {
    open,
    async blob({ type, ...input }) {
      const { stream, type: sent } = await open(input)
      const whole = await new Response(stream as ConstructorParameters<typeof Response>[0]).blob()
      return new Blob([whole], { type: type ?? sent })
    },
    async openArchive({ path, lock, signal }) {
      const asked = lock === undefined ? { signal } : { json: { lock }, signal }
      const response = await send(`/api/v1/archives${encodedPath(path)}`, asked)
      const totalBytes = Number(response.headers.get('anarq-content-bytes') ?? 0)
      return { ...opened(response), totalBytes }
    },
    reseal: (input) => reseal(send, input),
    async media(input) {
      const { address } = (await (await send('/api/v1/media', { json: input })).json()) as { address: string }
      return address
    },
    async endMedia(address) {
      await send(`/api/v1${address}`, { method: 'DELETE' })
    },
    putMany: (input) => putMany(send, input),
    beginUpload: (input) => json('/api/v1/uploads', { json: input }),
    uploadState: ({ id }) => json(`/api/v1/uploads/${id}`),
    async cancelUpload({ id }) {
      await send(`/api/v1/uploads/${id}`, { method: 'DELETE' })
    },
    sendUpload: ({ id, ...file }) => sendFile(json, `/api/v1/uploads/${id}`, file),
    async openShared({ ping, signal, ...terms }) {
      const asked = { ping: toBase64Url(ping), ...terms }
      const response = await send('/api/v1/pings/open', { json: asked, signal })
      return { ...opened(response), entry: entryOf(response) }
    },
    async openSharedArchive({ ping, signal, ...terms }) {
      const asked = { ping: toBase64Url(ping), ...terms }
      return opened(await send('/api/v1/pings/export', { json: asked, signal }))
    },
    async listShared({ ping, purpose, signal }) {
      const asked = { ping: toBase64Url(ping), ...(purpose === undefined ? {} : { purpose }) }
      const response = await send('/api/v1/pings/list', { json: asked, signal })
      const lines = (await linesOf(response)) as (EntryFacts & { error?: Problem })[]
      const failed = lines.find(({ error }) => error !== undefined)?.error
      if (failed !== undefined) throw faultFrom(failed)
      return lines
    },
  }
}

async function openRange(
  send: (path: string, asked: Asked) => Promise<Response>,
  { path, signal, ...asked }: ContentRange,
): Promise<OpenContent> {
  const isOwn = path.startsWith(ownPlace)
  const address = `/api/v1/files${encodedPath(isOwn ? path.slice(ownPlace.length - 1) : path)}`
  // A passphrase stands in no address and no header.
  if (asked.lock !== undefined) return opened(await send(address, { json: { ...asked, isOwn }, signal }))
  const { version, fromByte, toByte } = asked
  const isWhole = fromByte === undefined && toByte === undefined
  const last = toByte === undefined ? '' : String(toByte - 1)
  const headers = isWhole ? {} : { range: `bytes=${fromByte ?? 0}-${last}` }
  const query = new URLSearchParams(version === undefined ? {} : { version: String(version) })
  if (isOwn) query.set('isOwn', 'true')
  return opened(await send(`${address}${query.size > 0 ? `?${query}` : ''}`, { headers, signal }))
}

/** In the name of an app, where one asks. */
function markedFor(app: string | undefined, asked: Asked): Asked {
  return app === undefined ? asked : { ...asked, headers: { ...asked.headers, [appHeader]: app } }
}

async function putMany(
  send: (path: string, asked: Asked) => Promise<Response>,
  { to, items, signal }: PutMany,
): Promise<PutReport> {
  const pieces: Uint8Array[] = []
  for (const { path, modifiedMs, content } of items) {
    const head = { path, modifiedMs, bytes: content?.size ?? 0 }
    pieces.push(encodeHead({ ...head, type: content === undefined ? tarType.folder : tarType.file }))
    if (content !== undefined)
      pieces.push(new Uint8Array(await content.arrayBuffer()), paddingFor(content.size))
  }
  const response = await send(`/api/v1/import?to=${encodeURIComponent(to)}&thorough=true`, {
    method: 'POST',
    bytes: concatBytes(...pieces, tarEnd),
    headers: { 'content-type': 'application/x-tar' },
    signal,
  })
  const lines = (await linesOf(response)) as { report?: PutReport; error?: Problem }[]
  const last = lines.at(-1)
  if (last?.error !== undefined) throw faultFrom(last.error)
  if (last?.report !== undefined) return last.report
  throw new Fault('unavailable.node', 'The node broke off before it said what became of it. Try again.')
}

async function reseal(
  send: (path: string, asked: Asked) => Promise<Response>,
  { grant, onProgress, signal }: Reseal,
): Promise<ResealReport> {
  const address = `/api/v1/grants/${encodeURIComponent(grant)}/reseal`
  const response = await send(address, { method: 'POST', signal })
  for await (const line of eachLine(response)) {
    const { progress, report, error } = line as Resealing
    if (error !== undefined) throw faultFrom(error)
    if (report !== undefined) return report
    if (progress !== undefined) onProgress?.(progress)
  }
  throw new Fault('unavailable.node', 'The node broke off before it said what became of it. Revoke it again.')
}

type Resealing = {
  readonly progress?: ResealProgress
  readonly report?: ResealReport
  readonly error?: Problem
}

/** Parts of a path as an address has them. Dots would lead to another address. */
function encodedPath(path: string): string {
  const parts = path.split('/')
  if (parts.some((part) => part === '.' || part === '..'))
    throw new Fault('invalid.path', 'A path has no "." or ".." in it.')
  return parts.map(encodeURIComponent).join('/')
}

function opened(response: Response): OpenContent {
  const bytes = Number(response.headers.get('content-length') ?? 0)
  const total = /\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1]
  const type = response.headers.get('content-type') ?? 'application/octet-stream'
  const stream = (response.body ?? new Response('').body) as ReadableStream<Uint8Array>
  return { stream, type, bytes, totalBytes: total === undefined ? bytes : Number(total) }
}

function entryOf(response: Response): EntryFacts {
  return JSON.parse(toUtf8(fromBase64Url(response.headers.get('anarq-entry') ?? ''))) as EntryFacts
}

type Problem = { readonly code: FaultCode; readonly detail: string }

function faultFrom({ code, detail }: Problem): Fault {
  return new Fault(code, detail)
}

async function linesOf(response: Response): Promise<unknown[]> {
  const lines: unknown[] = []
  for await (const line of eachLine(response)) lines.push(line)
  return lines
}

/** Lines of JSON as they come. */
async function* eachLine(response: Response): AsyncIterable<unknown> {
  const reader = response.body
    ?.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    .getReader()
  let rest = ''
  for (let piece = await reader?.read(); piece?.done === false; piece = await reader?.read()) {
    const lines = (rest + piece.value).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line !== '') yield JSON.parse(line) as unknown
  }
  if (rest !== '') yield JSON.parse(rest) as unknown
}
