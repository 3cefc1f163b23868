/** What the screens of the system have in common: places, surroundings that their parts share, and names for addresses. */
import { type Context, createContext, useContext, useEffect, useState } from 'react'
import { shortAddress } from './address.ts'
import type { AppEvents, AppWindow } from './app.ts'
import { useAsked } from './asked.ts'
import type { IconName } from './icons.ts'
import type { PlacesProps } from './screen.tsx'

export type PlaceOf<Id extends string> = { readonly id: Id; readonly icon: IconName }

export type PlacesState<Id extends string> = {
  readonly place: Id
  go(place: Id): void
  /** For `Places`. */
  readonly frame: Pick<PlacesProps<Id>, 'items' | 'selected' | 'onSelect' | 'isNarrow'>
}

/** Where one is in a screen with several places. What its window was opened with is a place, or else the first is shown. */
export function usePlaces<Id extends string>(
  places: readonly [PlaceOf<Id>, ...PlaceOf<Id>[]],
  { argument, isNarrow }: Pick<AppWindow, 'argument' | 'isNarrow'>,
  labelOf: (id: Id) => string,
): PlacesState<Id> {
  const placeIn = (asked: string | undefined): Id => (places.find(({ id }) => id === asked) ?? places[0]).id
  const [opened, setOpened] = useState(argument)
  const [place, go] = useState<Id>(() => placeIn(argument))
  if (argument !== opened) {
    setOpened(argument)
    if (argument !== undefined) go(placeIn(argument))
  }
  const items = places.map(({ id, icon }) => ({ id, icon, label: labelOf(id) }))
  return { place, go, frame: { items, selected: place, onSelect: go, isNarrow } }
}

/** A context that is always there for the parts of one screen. */
export function createSurroundings<T extends object>(): {
  readonly Surroundings: Context<T | undefined>
  readonly useSurroundings: () => T
} {
  const Surroundings = createContext<T | undefined>(undefined)
  return {
    Surroundings,
    useSurroundings() {
      const found = useContext(Surroundings)
      if (found === undefined) throw new Error('A part of the screen stands outside of it.')
      return found
    },
  }
}

type Named = { readonly did: string; readonly name: string; readonly formerly: readonly string[] }

/** Names of this home for its addresses, and a short form of everybody else's. Wrap `list` in `useCallback`. */
export function useNames(list: () => Promise<readonly Named[]>, events: AppEvents): (did: string) => string {
  const { value = [] } = useAsked(list, events, 'identity')
  return (did) =>
    value.find((one) => one.did === did || one.formerly.includes(did))?.name ?? shortAddress(did)
}

const tickMs = 20_000

/** The time, so that "now" does not stay now. */
export function useNow(everyMs: number = tickMs): number {
  const [nowMs, setNowMs] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), everyMs)
    return () => clearInterval(timer)
  }, [everyMs])
  return nowMs
}
