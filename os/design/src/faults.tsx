/** The sentences of faults in the reader's language: the node says them in English alone. */
import { createContext, type ReactNode, useContext } from 'react'

/** By code, such as `limit.quota`; a code that is not there keeps the node's own sentence. */
export type FaultTexts = Readonly<Record<string, string>>

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

type Told = { readonly sentence: string; readonly code: string | undefined }

/** The sentence in the reader's language where there is one, with what the fault names put into it; else the node's own. */
export function faultSentence({ sentence, code }: Told, texts: FaultTexts | undefined): string {
  if (texts === undefined || code === undefined || !Object.hasOwn(texts, code)) return sentence
  const text = texts[code] ?? sentence
  return text.replace('{detail}', sentence)
}
