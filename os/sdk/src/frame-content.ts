/**
 * `sdk.content` in the page of a framed app: content of any size, step by step over messages to the shell. Files go over as
 * the browser keeps them; what is read comes in pieces, each asked for when the one before was taken.
 */
import type { Call } from './client.ts'
import type { ContentSdk } from './content.ts'

export type FrameContent = Pick<
  ContentSdk,
  | 'open'
  | 'blob'
  | 'openArchive'
  | 'openShared'
  | 'openSharedArchive'
  | 'listShared'
  | 'putMany'
  | 'beginUpload'
  | 'uploadState'
  | 'cancelUpload'
  | 'sendUpload'
  | 'reseal'
  | 'media'
  | 'endMedia'
>

type Step = { readonly value?: unknown; readonly isEnd: boolean }
type Watching = { readonly onProgress?: (value: never) => void; readonly signal?: AbortSignal | undefined }

/** The shell ends an app that goes on beyond eight, two of which send: what is more waits here for its turn. */
const readsMax = 6
const sendsMax = 2

export function createFrameContent(call: Call): FrameContent {
  const reads = createGate(readsMax)
  const sends = createGate(sendsMax)
  const steps = stepsOver(call)

  const read = async <Opened extends object>(
    name: string,
    { signal, ...input }: object & { readonly signal?: AbortSignal | undefined },
  ): Promise<Opened> => {
    const leave = await reads.enter(signal)
    try {
      const { transfer, ...about } = (await call(name, input)) as { transfer: string }
      return { ...about, stream: streamOf(transfer, steps, signal, leave) } as unknown as Opened
    } catch (error) {
      leave()
      throw error
    }
  }
  const work = async <Outcome>(name: string, input: object, watching: Watching): Promise<Outcome> => {
    const { onProgress, signal } = watching
    const leave = await sends.enter(signal)
    let transfer: string | undefined
    const stop = (): void => {
      if (transfer !== undefined) steps.end(transfer)
    }
    try {
      transfer = ((await call(name, input)) as { transfer: string }).transfer
      signal?.addEventListener('abort', stop, { once: true })
      if (signal?.aborted === true) stop()
      for (;;) {
        const { value, isEnd } = await steps.next(transfer)
        if (isEnd) return value as Outcome
        onProgress?.(value as never)
      }
    } catch (error) {
      throw signal?.aborted === true ? signal.reason : error
    } finally {
      signal?.removeEventListener('abort', stop)
      leave()
    }
  }
  const open: FrameContent['open'] = (input) => read('content.open', input)

  return {
    open,
    async blob({ type, ...input }) {
      const { stream, type: sent } = await open(input)
      const whole = await new Response(stream as ConstructorParameters<typeof Response>[0]).blob()
      return new Blob([whole], { type: type ?? sent })
    },
    media: async (input) => (await call('content.media', input)) as string,
    async endMedia(address) {
      await call('content.endMedia', { address })
    },
    openArchive: (input) => read('content.openArchive', input),
    openShared: (input) => read('content.openShared', input),
    openSharedArchive: (input) => read('content.openSharedArchive', input),
    listShared: async ({ signal: _, ...input }) => (await call('content.listShared', input)) as never,
    putMany: ({ signal, ...input }) => work('content.putMany', input, { signal }),
    beginUpload: async (input) => (await call('content.beginUpload', input)) as never,
    uploadState: async (input) => (await call('content.uploadState', input)) as never,
    async cancelUpload(input) {
      await call('content.cancelUpload', input)
    },
    sendUpload: ({ signal, onProgress, ...input }) =>
      work('content.sendUpload', input, {
        signal,
        onProgress: ({ offset }: { readonly offset: number }) => onProgress?.(offset),
      }),
    reseal: ({ signal, onProgress, ...input }) =>
      work('content.reseal', input, { signal, ...(onProgress === undefined ? {} : { onProgress }) }),
  }
}

type Steps = { next(transfer: string): Promise<Step>; end(transfer: string): void }

function stepsOver(call: Call): Steps {
  return {
    next: async (transfer) => (await call('content.next', { transfer })) as Step,
    end: (transfer) => void call('content.end', { transfer }).catch(() => undefined),
  }
}

/** A piece at a time; `leave` is called when it has ended, whichever way. */
function streamOf(
  transfer: string,
  { next, end }: Steps,
  signal: AbortSignal | undefined,
  leave: () => void,
): ReadableStream<Uint8Array> {
  let stop = (): void => {}
  const done = (): void => {
    signal?.removeEventListener('abort', stop)
    leave()
  }
  return new ReadableStream<Uint8Array>({
    start(out) {
      stop = () => {
        done()
        end(transfer)
        out.error(signal?.reason)
      }
      signal?.addEventListener('abort', stop, { once: true })
      if (signal?.aborted === true) stop()
    },
    async pull(out) {
      try {
        const { value, isEnd } = await next(transfer)
        if (signal?.aborted === true) return
        const piece = value as Uint8Array
        if (piece.length > 0) out.enqueue(piece)
        if (!isEnd) return
        done()
        out.close()
      } catch (error) {
        if (signal?.aborted === true) return
        done()
        throw error
      }
    },
    cancel() {
      done()
      end(transfer)
    },
  })
}

type Gate = { enter(signal: AbortSignal | undefined): Promise<() => void> }

/** So many at once; the others in the order that they came. */
function createGate(max: number): Gate {
  const waiting: (() => void)[] = []
  let inside = 0
  const turn = (signal: AbortSignal | undefined): Promise<void> =>
    new Promise((resolve, reject) => {
      const goIn = (): void => {
        signal?.removeEventListener('abort', goAway)
        resolve()
      }
      const goAway = (): void => {
        waiting.splice(waiting.indexOf(goIn), 1)
        reject(signal?.reason)
      }
      waiting.push(goIn)
      signal?.addEventListener('abort', goAway, { once: true })
    })
  return {
    async enter(signal) {
      signal?.throwIfAborted()
      if (inside < max) inside += 1
      else await turn(signal)
      let isInside = true
      return () => {
        if (!isInside) return
        isInside = false
        // Whoever waits takes the place that is left.
        const next = waiting.shift()
        if (next === undefined) inside -= 1
        else next()
      }
    },
  }
}
