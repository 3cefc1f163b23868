import { useCallback, useEffect, useState } from 'react'
import {
  back,
  begin,
  fileOfArgument,
  forward,
  go,
  type Place,
  placeOfArgument,
  root,
  type Trail,
} from '../logic/place.ts'

export type Trailing = {
  readonly trail: Trail
  /** What is typed into the search field; the place follows when the typing rests. */
  readonly search: string
  goTo(place: Place): void
  goBack(): void
  goForward(): void
  setSearch(text: string): void
}

const restMs = 160

export function useTrail(argument: string | undefined): Trailing {
  const [trail, setTrail] = useState<Trail>(() => begin(placeOfArgument(argument)))
  const [search, setText] = useState('')
  const { here } = trail
  useEffect(() => {
    if (argument?.startsWith('/') === true || fileOfArgument(argument) !== undefined)
      setTrail((now) => go(now, placeOfArgument(argument)))
  }, [argument])
  useEffect(() => {
    const text = search.trim()
    if (text === '') return
    const timer = setTimeout(() => setTrail((now) => go(now, { at: 'search', text })), restMs)
    return () => clearTimeout(timer)
  }, [search])
  const goTo = useCallback((place: Place): void => {
    setText('')
    setTrail((now) => go(now, place))
  }, [])
  const setSearch = useCallback((text: string): void => {
    setText(text)
    if (text.trim() === '')
      setTrail((now) =>
        now.here.at === 'search'
          ? now.past.length === 0
            ? go(now, root)
            : { ...back(now), ahead: [] }
          : now,
      )
  }, [])
  const move = useCallback((step: (now: Trail) => Trail): void => {
    setText('')
    setTrail(step)
  }, [])
  useEffect(() => {
    if (here.at === 'search') setText((text) => (text.trim() === '' ? here.text : text))
  }, [here])
  return {
    trail,
    search,
    goTo,
    goBack: useCallback(() => move(back), [move]),
    goForward: useCallback(() => move(forward), [move]),
    setSearch,
  }
}
