/** The sentences of faults in the reader's language: the node says them in English alone. */
import { createContext, type ReactNode, useContext } from 'react'
import type { FaultTexts } from './fault-sentence.ts'

const FaultContext = createContext<FaultTexts | undefined>(undefined)

export function FaultProvider({
  texts,
  children,
}: {
  readonly texts: FaultTexts | undefined
  readonly children: ReactNode
}): ReactNode {
  return <FaultContext value={texts}>{children}</FaultContext>
}

export function useFaultTexts(): FaultTexts | undefined {
  return useContext(FaultContext)
}
