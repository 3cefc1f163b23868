/** What the screens of the system have in common: surroundings that their parts share, names for addresses, the time. */
import { type Context, createContext, useContext, useEffect, useState } from 'react'
import { shortAddress } from './address.ts'
import type { AppEvents } from './app.ts'
import { useAsked } from './asked.ts'

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
