/** The sentence of a fault in the reader's language. */

/** By code, such as `limit.quota`; a code that is not there keeps the node's own sentence. */
export type FaultTexts = Readonly<Record<string, string>>

type Told = {
  readonly sentence: string
  readonly code: string | undefined
  readonly data?: Readonly<Record<string, unknown>>
}

const mebibyte = 1024 * 1024

/** The sentence in the reader's language where there is one, with what the fault names put into it; else the node's own. */
export function faultSentence({ sentence, code, data = {} }: Told, texts: FaultTexts | undefined): string {
  const text =
    texts !== undefined && code !== undefined && Object.hasOwn(texts, code) ? texts[code] : undefined
  if (text === undefined) return sentence
  const { waitMs, quotaBytes } = data
  const values: Readonly<Record<string, string | undefined>> = {
    detail: sentence,
    seconds: typeof waitMs === 'number' ? String(Math.max(1, Math.ceil(waitMs / 1000))) : undefined,
    mebibytes: typeof quotaBytes === 'number' ? String(Math.floor(quotaBytes / mebibyte)) : undefined,
  }
  let isComplete = true
  const said = text.replace(/\{([a-z]+)\}/g, (_, name: string) => {
    isComplete &&= values[name] !== undefined
    return values[name] ?? ''
  })
  // A sentence with a hole in it helps nobody.
  return isComplete ? said : sentence
}
