/** What takes long: it says how far it is, and ends where its signal aborts. For pages; permissions hold as for calls. */
import { Fault, type FaultCode } from '@anarq/fault'
import type { BackupReport, ResealProgress, ResealReport } from '@anarq/kernel'
import { appHeader } from '@anarq/squid/to-sign'
import type { Asked, PageClient } from './browser.ts'
import { sendWhole } from './send-file.ts'
import type { UploadState } from './upload-state.ts'

export type WorkSdk = {
  /** All that is on this node, sealed as it lies, as one file. Needs `system.backup`, as the next one. */
  backup(options?: Watched<{ bytes: number }>): Promise<Blob>
  /** The drill: reads a backup to its end and says what would come back. Nothing of it is kept. */
  checkBackup(input: { readonly file: Blob } & Watched<{ bytes: number }>): Promise<BackupReport>
  /** Takes a grant back and seals what it named anew. Stopped midway the grant stays revoked. Needs `consent.manage`. */
  revokeHard(input: { readonly grant: string } & Watched<ResealProgress>): Promise<ResealReport>
}

type Watched<Progress> = {
  readonly onProgress?: (progress: Progress) => void
  readonly signal?: AbortSignal | undefined
}

type Problem = { readonly code: FaultCode; readonly detail: string }
type Event = { readonly progress?: ResealProgress; readonly report?: ResealReport; readonly error?: Problem }

/** Over the page's signed requests; for an app, with what that app was granted and no more. */
export function createWork(client: Pick<PageClient, 'send'>, app?: string): WorkSdk {
  const send = (path: string, asked: Asked = {}): Promise<Response> =>
    client.send(path, {
      ...asked,
      headers: { ...asked.headers, ...(app === undefined ? {} : { [appHeader]: app }) },
    })
  const ask = async (path: string, asked?: Asked): Promise<UploadState> => parsed(await send(path, asked))

  return {
    async backup({ onProgress = () => {}, signal } = {}) {
      const { body } = await send('/api/v1/health/backup', { signal })
      if (body === null) throw brokenOff()
      const counted = body.pipeThrough(counting((bytes) => onProgress({ bytes })))
      // The browser keeps what is large on disk; memory holds a piece at a time.
      return new Response(counted as ConstructorParameters<typeof Response>[0]).blob()
    },
    async checkBackup(input) {
      const { backup } = await sendWhole(ask, '/api/v1/backup-checks', input)
      if (backup === undefined) throw brokenOff()
      return backup
    },
    async revokeHard({ grant, onProgress = () => {}, signal }) {
      const path = `/api/v1/grants/${encodeURIComponent(grant)}/reseal`
      for await (const event of eventsOf(await send(path, { method: 'POST', signal }))) {
        if (event.error !== undefined) throw new Fault(event.error.code, event.error.detail)
        if (event.report !== undefined) return event.report
        if (event.progress !== undefined) onProgress(event.progress)
      }
      throw brokenOff()
    },
  }
}

async function parsed<T>(answer: Response): Promise<T> {
  const text = await answer.text()
  return (text === '' ? undefined : JSON.parse(text)) as T
}

function counting(tell: (bytes: number) => void): TransformStream<Uint8Array, Uint8Array> {
  let bytes = 0
  return new TransformStream({
    transform(piece, controller) {
      bytes += piece.length
      tell(bytes)
      controller.enqueue(piece)
    },
  })
}

const lineCharactersMax = 16 * 1024 * 1024

async function* eventsOf({ body }: Response): AsyncIterable<Event> {
  if (body === null) return
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    const lines = (rest + piece.value).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > lineCharactersMax) throw brokenOff()
    for (const line of lines) if (line !== '') yield JSON.parse(line) as Event
  }
}

function brokenOff(): Fault {
  return new Fault('unavailable.node', 'The node broke off before it said what became of it. Try again.')
}
