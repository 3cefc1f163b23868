import type { FaultTexts, Locale } from '@anarq/design'
import { useEffect, useState } from 'react'

/** Loaded only for who reads them; until they are there, and if they never come, the node's own sentences are shown. */
export function useLoadedFaultTexts(locale: Locale): FaultTexts | undefined {
  const [texts, setTexts] = useState<FaultTexts>()
  useEffect(() => {
    let isCurrent = true
    setTexts(undefined)
    if (locale === 'es')
      void import('./faults-es.ts').then(
        ({ faultsEs }) => isCurrent && setTexts(faultsEs),
        () => undefined,
      )
    return () => {
      isCurrent = false
    }
  }, [locale])
  return texts
}
