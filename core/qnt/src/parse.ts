import { Fault, type FaultCode } from '@anarq/fault'
import { readArray, readInt, readText } from '@anarq/ipld'

/** Runs a reader; whatever it refuses comes out under one code, with its sentence and then the advice. */
export function reading<T>(code: FaultCode, advice: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (!(cause instanceof Fault)) throw cause
    throw new Fault(code, `${cause.message} ${advice}`, { cause })
  }
}

const didPattern = /^did:[a-z0-9]{1,32}:[A-Za-z0-9._:%-]{1,200}$/

/** A DID (https://www.w3.org/TR/did-1.1/#did-syntax) of at most 237 characters; never a DID URL. */
export function readDid(value: unknown, what: string): string {
  const did = readText(value, what)
  if (!didPattern.test(did)) throw new Fault('invalid.shape', `${what} is malformed: expected a DID.`)
  return did
}

/** Milliseconds since 1970, before it too. */
export function readTimeMs(value: unknown, what: string): number {
  return readInt(value, what, { min: Number.MIN_SAFE_INTEGER })
}

/** One spelling for "none": the field is absent. So a list that is there has entries. */
export function readSome(value: unknown, what: string, max: number): readonly unknown[] {
  if (value === undefined) return []
  const list = readArray(value, what, { max })
  if (list.length === 0) {
    throw new Fault('invalid.shape', `${what} is malformed: an empty list is left out, not written.`)
  }
  return list
}

/** Texts without repetition; `undefined` where the field is absent. */
export function readTexts(value: unknown, what: string, max: number, textMax = 128): readonly string[] {
  const texts = readSome(value, what, max).map((text) => readText(text, what, { max: textMax }))
  if (new Set(texts).size !== texts.length) {
    throw new Fault('invalid.shape', `${what} is malformed: an entry is there twice.`)
  }
  return texts
}

/** Text that survives UTF-8: a lone surrogate would come back as another text. */
export function checkText(text: string, what: string): void {
  if (!text.isWellFormed()) {
    throw new Fault('invalid.shape', `${what} is malformed: expected text without lone surrogates.`)
  }
}
