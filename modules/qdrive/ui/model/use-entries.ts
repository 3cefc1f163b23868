import type { AppEvents } from '@anarq/design'
import type { AppSdk } from '@anarq/sdk/app'
import { useCallback, useEffect, useState } from 'react'
import type { Entry } from '../logic/entry.ts'
import { isPassing, wordsOf } from '../logic/faults.ts'
import { isSame, type Place } from '../logic/place.ts'

export type Listing = {
  readonly place: Place
  readonly entries: readonly Entry[]
  readonly isLoading: boolean
  readonly failure: unknown
}

const firstPage = 500
const nextPages = 10_000
const foundMax = 2000
const refreshMs = 250
const retryMs = 3000

/** What lies at a place, page by page, and again whenever the drive changed. */
export function useEntries(sdk: AppSdk, events: AppEvents, place: Place): Listing & { refresh(): void } {
  const [listing, setListing] = useState<Listing>({ place, entries: [], isLoading: true, failure: undefined })
  const [turn, setTurn] = useState(0)
  const refresh = useCallback(() => setTurn((now) => now + 1), [])
  const key = JSON.stringify(place)

  // biome-ignore lint/correctness/useExhaustiveDependencies: the place by what it says; a turn is a wish to read again.
  useEffect(() => {
    const stop = new AbortController()
    const show = (entries: readonly Entry[], isLoading: boolean): void => {
      if (!stop.signal.aborted) setListing({ place, entries, isLoading, failure: undefined })
    }
    setListing((before) =>
      isSame(before.place, place) ? before : { place, entries: [], isLoading: true, failure: undefined },
    )
    read(sdk, place, show, stop.signal).catch((failure: unknown) => {
      if (!stop.signal.aborted) setListing((before) => ({ ...before, place, isLoading: false, failure }))
    })
    return () => stop.abort()
  }, [sdk, key, turn])

  useDriveEvents(events, refresh)
  useRetry(listing.failure, refresh)
  return {
    ...(isSame(listing.place, place) ? listing : { ...listing, place, entries: [], isLoading: true }),
    refresh,
  }
}

/** Several changes within a moment are one. */
function useDriveEvents(events: AppEvents, refresh: () => void): void {
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const later = (): void => {
      timer ??= setTimeout(() => {
        timer = undefined
        refresh()
      }, refreshMs)
    }
    const stops = (['drive', 'identity', 'lock'] as const).map((topic) => events.on(topic, later))
    return () => {
      for (const stop of stops) stop()
      clearTimeout(timer)
    }
  }, [events, refresh])
}

/** A node that went away comes back by itself, and so does what is shown of it. */
function useRetry(failure: unknown, refresh: () => void): void {
  useEffect(() => {
    if (failure === undefined || !isPassing(wordsOf(failure).code)) return
    const timer = setTimeout(refresh, retryMs)
    return () => clearTimeout(timer)
  }, [failure, refresh])
}

async function read(
  { storage, index }: AppSdk,
  place: Place,
  show: (entries: readonly Entry[], isLoading: boolean) => void,
  signal: AbortSignal,
): Promise<void> {
  switch (place.at) {
    case 'folder':
      return readFolder(storage, place.path, show, signal)
    case 'tag':
      return show(await index.find({ tag: place.tag, limit: nextPages }), false)
    case 'search':
      return show(await index.find({ text: place.text, limit: foundMax }), false)
    case 'trash':
      return show(await index.find({ isTrashed: true, limit: nextPages }), false)
    case 'shared-with-me':
    case 'shared-by-me':
      return show([], false)
    default:
      place satisfies never
  }
}

async function readFolder(
  storage: AppSdk['storage'],
  path: string,
  show: (entries: readonly Entry[], isLoading: boolean) => void,
  signal: AbortSignal,
): Promise<void> {
  let all: readonly Entry[] = []
  for (let offset = 0, limit = firstPage; !signal.aborted; offset += limit, limit = nextPages) {
    const page = await storage.list({ path, limit, offset })
    all = all.length === 0 ? page : [...all, ...page]
    // The root has one thing that apps do not see, so that a page may be short by one.
    const isLast = page.length < limit - 1
    show(all, !isLast)
    if (isLast) return
  }
}
