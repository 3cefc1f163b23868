import { useEffect, useState } from 'react'
import { useSurroundings } from '../context.ts'
import type { Entry } from '../logic/entry.ts'
import { type Preview, safeType, textBytesMax } from '../logic/kinds.ts'
import { isLockFault, type LockKey } from '../model/locks.ts'

export type Loaded<Value> =
  | { readonly at: 'loading'; readonly part: number }
  | { readonly at: 'failed'; readonly sentence: string; readonly isLocked: boolean }
  | { readonly at: 'ready'; readonly value: Value }

/** Text of a file, or its beginning. */
export function useText(
  path: string,
  { version, bytes }: { version?: number | undefined; bytes: number },
  lock?: LockKey,
): Loaded<{ text: string; isCut: boolean }> {
  return useLoaded(`${path} ${version} text ${lock?.turn}`, async ({ content, signal }) => {
    const range = bytes > textBytesMax ? { fromByte: 0, toByte: textBytesMax } : {}
    const { stream } = await content.open({ path, version, ...range, lock: lock?.passphrase, signal })
    return { text: await new Response(stream).text(), isCut: bytes > textBytesMax }
  })
}

/** Content for the browser's own viewers: an address in this page's memory, which ends with the preview. */
export function useBlobUrl(entry: Entry, preview: Preview, version?: number, lock?: LockKey): Loaded<string> {
  return useLoaded(
    `${entry.path} ${entry.modifiedMs} ${version} ${preview} ${lock?.turn}`,
    async ({ content, signal, onPart }) => {
      const { stream, totalBytes } = await content.open({
        path: entry.path,
        version,
        lock: lock?.passphrase,
        signal,
      })
      let done = 0
      const counted = stream.pipeThrough(
        new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
          transform(piece, out) {
            done += piece.length
            onPart(done / Math.max(1, totalBytes))
            out.enqueue(piece)
          },
        }) as unknown as ReadableWritablePair<Uint8Array<ArrayBuffer>, Uint8Array>,
      )
      const whole = await new Response(counted).blob()
      return URL.createObjectURL(new Blob([whole], { type: safeType(entry.type, preview) }))
    },
    URL.revokeObjectURL,
  )
}

/** Where a player takes a film or a sound from, by range; the address ends with the preview. */
export function useMedia(entry: Entry, version?: number): Loaded<string> {
  const { sdk } = useSurroundings()
  return useLoaded(
    `${entry.path} ${entry.modifiedMs} ${version} media`,
    ({ content }) => content.media({ path: entry.path, version }),
    (address) => void sdk.content.endMedia(address).catch(() => undefined),
  )
}

const begun = { at: 'loading', part: 0 } as const

type Load<Value> = (tools: {
  content: ReturnType<typeof useSurroundings>['sdk']['content']
  signal: AbortSignal
  onPart: (part: number) => void
}) => Promise<Value>

function useLoaded<Value>(key: string, load: Load<Value>, drop?: (value: Value) => void): Loaded<Value> {
  const { sdk, faultText } = useSurroundings()
  const [{ of, loaded }, setState] = useState<{ of: string; loaded: Loaded<Value> }>({
    of: key,
    loaded: begun,
  })
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key says what is loaded.
  useEffect(() => {
    const stop = new AbortController()
    let held: Value | undefined
    let lastMs = 0
    const setLoaded = (now: Loaded<Value>): void => setState({ of: key, loaded: now })
    setLoaded(begun)
    const onPart = (part: number): void => {
      if (stop.signal.aborted || performance.now() - lastMs < 100) return
      lastMs = performance.now()
      setLoaded({ at: 'loading', part })
    }
    load({ content: sdk.content, signal: stop.signal, onPart })
      .then((value) => {
        held = value
        if (stop.signal.aborted) drop?.(value)
        else setLoaded({ at: 'ready', value })
      })
      .catch((error: unknown) => {
        if (!stop.signal.aborted)
          setLoaded({ at: 'failed', sentence: faultText(error), isLocked: isLockFault(error) })
      })
    return () => {
      stop.abort()
      if (held !== undefined) drop?.(held)
    }
  }, [key, sdk])
  // What was there for another key is nobody's any more, also in the one turn before this is begun.
  return of === key ? loaded : begun
}
