/** Content of any size, by its address: what does not fit into a call. For pages; the same permissions hold as for calls. */
import { concatBytes, fromBase64Url, toBase64Url, toUtf8 } from '@anarq/bytes'
import { Fault, type FaultCode, hasCode } from '@anarq/fault'
import type { EntryFacts, PutReport, ResealProgress, ResealReport } from '@anarq/kernel'
import { appHeader } from '@anarq/squid/to-sign'
import { encodeHead, paddingFor, tarEnd, tarType } from '@anarq/tar'
import type { Asked, PageClient } from './browser.ts'

export type ContentSdk = {
  /** A file or a part of it, as it comes. Needs `drive.read`, but below `app:/` nothing. */
  open(input: ContentRange): Promise<OpenContent>
  /** The same as one piece of memory, which the browser may keep on disk: for pictures, films and documents that are shown. */
  blob(input: ContentRange & { readonly type?: string }): Promise<Blob>
  /** A folder with all below it as a tar archive; `totalBytes` is of the files in it. A file that cannot be read breaks it off. */
  openArchive(input: {
    readonly path: string
    readonly signal?: AbortSignal | undefined
  }): Promise<OpenContent>
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
   * Begins a file that comes in parts; a page that was reloaded goes on with its id. Below `app:/` it needs no permission.
   */
  beginUpload(input: NewFile): Promise<UploadState>
  /** `missing.upload` where the node knows it no more. */
  uploadState(input: { readonly id: string }): Promise<UploadState>
  cancelUpload(input: { readonly id: string }): Promise<void>
  /**
   * Sends what is missing of a file, part by part. Aborting the signal is a pause: call it again with the same id to go on.
   * A part that was sent twice, or is missing, is put right by what the node says it has.
   */
  sendUpload(input: SendFile): Promise<UploadState>
  /** `consent.revokeHard`, which says how far it is and can be stopped. Needs `consent.manage`. */
  reseal(input: Reseal): Promise<ResealReport>
  /** A file that somebody shared, by its ping file. Needs `drive.read`, as the next one. */
  openShared(input: Shared): Promise<OpenContent & { readonly entry: EntryFacts }>
  /** What a shared folder holds, parents first; a shared file is not a folder: `invalid.kind`. */
  listShared(input: Shared): Promise<readonly EntryFacts[]>
}

export type ContentRange = {
  readonly path: string
  readonly version?: number | undefined
  readonly fromByte?: number | undefined
  /** Exclusive. */
  readonly toByte?: number | undefined
  readonly signal?: AbortSignal | undefined
}

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

export type UploadState = {
  readonly id: string
  readonly path: string
  readonly bytes: number
  readonly offset: number
  readonly state: 'open' | 'done' | 'failed'
  readonly entry?: EntryFacts
  readonly isUnchanged?: boolean
  readonly sentence?: string
}

export type SendFile = {
  readonly id: string
  readonly content: Blob
  /** Where the caller believes that it goes on; the node's own count decides. */
  readonly offset?: number | undefined
  readonly onProgress?: (offset: number) => void
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

export const partBytes: number = 8 * 1024 * 1024
const ownPlace = 'app:/'
/** One is sealed, one waits for it, one is on its way. */
const partsInFlight = 3
export const batchBytesMax: number = 32 * 1024 * 1024

/** Over the page's signed requests; for an app, with what that app was granted and no more. */
export function createContent(client: Pick<PageClient, 'send'>, app?: string): ContentSdk {
  const send = (path: string, asked: Asked = {}): Promise<Response> =>
    client.send(path, markedFor(app, asked))
  const json = async (path: string, asked?: Asked): Promise<UploadState> =>
    (await (await send(path, asked)).json()) as UploadState
  const open: ContentSdk['open'] = (input) => openRange(send, input)
  /** An answer that was lost, or a reload: the node knows how much it has. */
  const sendPart = (id: string, from: number, part: Blob, signal?: AbortSignal): Promise<UploadState> =>
    json(`/api/v1/uploads/${id}?offset=${from}`, {
      method: 'PUT',
      blob: part,
      headers: { 'content-type': 'application/octet-stream' },
      signal,
    }).catch((error: unknown) => {
      if (hasCode(error, 'conflict.offset') || hasCode(error, 'conflict.upload'))
        return json(`/api/v1/uploads/${id}`, { signal })
      throw error
    })
  const sendUpload: ContentSdk['sendUpload'] = async ({ id, content, offset = 0, onProgress, signal }) => {
    const flight: Promise<UploadState>[] = []
    const ground = new AbortController()
    const either = signal === undefined ? ground.signal : AbortSignal.any([signal, ground.signal])
    let from = offset
    try {
      for (;;) {
        // The next parts are read and hashed here while the node seals the one before.
        for (
          ;
          flight.length === 0 || (flight.length < partsInFlight && from < content.size);
          from += partBytes
        ) {
          const part = sendPart(id, from, content.slice(from, from + partBytes), either)
          part.catch(() => {})
          flight.push(part)
        }
        const state = (await flight.shift()) as UploadState
        onProgress?.(state.offset)
        if (state.state === 'done') return state
        if (state.state === 'failed')
          throw new Fault('cancelled.upload', state.sentence ?? 'The upload was given up. Begin it again.')
        if (state.offset === from - flight.length * partBytes) continue
        // The node has more or less than was thought: from there on again, when what is on its way has come down.
        await Promise.allSettled(flight.splice(0))
        from = (await json(`/api/v1/uploads/${id}`, { signal })).offset
      }
    } finally {
      ground.abort()
    }
  }
  return {
    open,
    async blob({ type, ...input }) {
      const { stream, type: sent } = await open(input)
      const whole = await new Response(stream as ConstructorParameters<typeof Response>[0]).blob()
      return new Blob([whole], { type: type ?? sent })
    },
    async openArchive({ path, signal }) {
      const response = await send(`/api/v1/archives${encodedPath(path)}`, { signal })
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
    sendUpload,
    async openShared({ ping, purpose, signal }) {
      const asked = { ping: toBase64Url(ping), ...(purpose === undefined ? {} : { purpose }) }
      const response = await send('/api/v1/pings/open', { json: asked, signal })
      return { ...opened(response), entry: entryOf(response) }
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
  { path, version, fromByte, toByte, signal }: ContentRange,
): Promise<OpenContent> {
  const isWhole = fromByte === undefined && toByte === undefined
  const last = toByte === undefined ? '' : String(toByte - 1)
  const headers = isWhole ? {} : { range: `bytes=${fromByte ?? 0}-${last}` }
  const query = new URLSearchParams(version === undefined ? {} : { version: String(version) })
  const isOwn = path.startsWith(ownPlace)
  if (isOwn) query.set('isOwn', 'true')
  const place = encodedPath(isOwn ? path.slice(ownPlace.length - 1) : path)
  return opened(await send(`/api/v1/files${place}${query.size > 0 ? `?${query}` : ''}`, { headers, signal }))
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
