/** What the screen of an app is given: the face, content by its address, and what changes. A door of its own, for pages. */
import { appHeader, type PageClient } from './browser.ts'
import { createSdk } from './client.ts'
import { type ContentSdk, createContent } from './content.ts'
import type { Sdk } from './face.ts'
import type { Happening, Topic } from './feed.ts'

export {
  batchBytesMax,
  type ContentRange,
  type ContentSdk,
  createContent,
  type NewFile,
  type OpenContent,
  type PutMany,
  partBytes,
  type SmallItem,
  type UploadState,
} from './content.ts'

export type EventsSdk = {
  /**
   * Hears that something may look different now. A connection that breaks is made again; after that, and at the beginning
   * of each, `onJoined` is called, since something may have been missed. Gives what stops it.
   */
  on(listener: (topic: Topic) => void, onJoined?: (isJoined: boolean) => void): () => void
}

export type AppSdk = Sdk & { readonly content: ContentSdk; readonly events: EventsSdk }

/** For an app by its id, with what it was granted; without one, for the person. */
export function createAppSdk(client: Pick<PageClient, 'send' | 'callAs'>, app?: string): AppSdk {
  const { identity, storage, index, consent, guardian, system, apps } = createSdk(client.callAs(app))
  const content = createContent(client, app)
  const events = createEvents(client, app)
  return { identity, storage, index, consent, guardian, system, apps, content, events }
}

const pauseMs = { first: 500, longest: 15_000 }

function createEvents(client: Pick<PageClient, 'send'>, app: string | undefined): EventsSdk {
  const headers = app === undefined ? {} : { [appHeader]: app }
  return {
    on(listener, onJoined) {
      const stop = new AbortController()
      void (async () => {
        for (let wait = pauseMs.first; !stop.signal.aborted; wait = Math.min(wait * 2, pauseMs.longest)) {
          try {
            const { body } = await client.send('/api/v1/events', { headers, signal: stop.signal })
            if (body === null) return
            onJoined?.(true)
            wait = pauseMs.first
            for await (const line of linesFrom(body)) listener((JSON.parse(line) as Happening).topic)
          } catch {
            // Said by `onJoined`; the next attempt is the remedy.
          }
          if (stop.signal.aborted) return
          onJoined?.(false)
          await new Promise((resolve) => setTimeout(resolve, wait))
        }
      })()
      return () => stop.abort(new Error('not wanted any more'))
    },
  }
}

async function* linesFrom(body: ReadableStream<Uint8Array>): AsyncIterable<string> {
  const decoder = new TextDecoder()
  const reader = body.getReader()
  let rest = ''
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    const lines = (rest + decoder.decode(next.value, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line !== '') yield line
  }
}
