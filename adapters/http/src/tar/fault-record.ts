import { Fault, type FaultCode } from '@anarq/fault'

const sentenceCharactersMax = 4096

/** What was left out, or is not whole, and why: the value of a record of our own. */
export function faultRecord(keyword: string, { code, message }: Fault): readonly [string, string] {
  return [keyword, JSON.stringify({ code, sentence: message })]
}

export function readFaultRecord(text: string): Fault {
  const { code, sentence } = readJsonObject(text, 'A record of what was left out') as {
    code?: unknown
    sentence?: unknown
  }
  const isFault =
    typeof code === 'string' && typeof sentence === 'string' && /^[a-z]+\.[a-z0-9.-]+$/.test(code)
  return isFault
    ? new Fault(code as FaultCode, sentence.slice(0, sentenceCharactersMax))
    : new Fault('invalid.file', 'A file was left out, and the sender did not say why.')
}

export function readJsonObject(text: string, what: string): object {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  } catch {
    // Falls to the same sentence: it is no JSON.
  }
  throw new Fault('invalid.json', `${what} is malformed: it is not a JSON object.`)
}
