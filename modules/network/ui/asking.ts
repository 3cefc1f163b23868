import { type AppEvents, type Asked, useAsked } from '@anarq/design'
import { useEffect } from 'react'

const everyMs = 5_000

/** Asked again when the node says so, and every few seconds: links come and go without anybody's doing. */
export function useWatched<T>(ask: () => Promise<T>, events: AppEvents): Asked<T> {
  const asked = useAsked(ask, events, 'network', 'lock')
  const { again } = asked
  useEffect(() => {
    const timer = setInterval(again, everyMs)
    return () => clearInterval(timer)
  }, [again])
  return asked
}
