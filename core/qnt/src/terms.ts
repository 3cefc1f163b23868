import { fromUtf8 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { encodeCbor, readFields, readInt, readOptional, readText } from '@anarq/ipld'
import { hashBlake3 } from '@anarq/qlock'
import { readDid, readTexts, readTimeMs } from './parse.ts'

export type Right = 'read' | 'write' | 'share'

/** A whole number of the unit's smallest part, in decimal; "0" is a consent, more is a licence. */
export type Price = { readonly amount: string; readonly unit: string }

/** Consent and licence terms of an object. What is absent is not limited; `rights` says all that may be done. */
export type Terms = {
  readonly rights: readonly Right[]
  readonly purposes?: readonly string[]
  /** DIDs of those it is for. */
  readonly audience?: readonly string[]
  /** Labels of the rules that the data falls under, such as `gdpr.health`. */
  readonly compliance?: readonly string[]
  readonly fromMs?: number
  readonly expiresMs?: number
  readonly usesMax?: number
  readonly price?: Price
  readonly note?: string
}

const termsKeys = ['rights', 'purposes', 'audience', 'compliance', 'from', 'expires', 'uses', 'price', 'note']
const rightsKnown: readonly string[] = ['read', 'share', 'write']
const amountPattern = /^(0|[1-9][0-9]{0,77})$/
const textsMax = 64

/** What a ping says of the terms: BLAKE3 of a label and their canonical bytes (of null when there are none). */
export function hashTerms(terms: Terms | undefined): Uint8Array {
  const encoded = encodeCbor(terms === undefined ? null : termsFields(terms))
  const label = fromUtf8('q/v1/terms')
  const input = new Uint8Array(label.length + encoded.length)
  input.set(label)
  input.set(encoded, label.length)
  return hashBlake3(input)
}

/** Rights in alphabetic order, so that equal terms have equal bytes. */
export function termsFields(terms: Terms): Record<string, unknown> {
  const fields: Record<string, unknown> = { rights: [...terms.rights].sort() }
  if (terms.purposes?.length) fields.purposes = terms.purposes
  if (terms.audience?.length) fields.audience = terms.audience
  if (terms.compliance?.length) fields.compliance = terms.compliance
  if (terms.fromMs !== undefined) fields.from = terms.fromMs
  if (terms.expiresMs !== undefined) fields.expires = terms.expiresMs
  if (terms.usesMax !== undefined) fields.uses = terms.usesMax
  if (terms.price !== undefined) fields.price = { amount: terms.price.amount, unit: terms.price.unit }
  if (terms.note !== undefined) fields.note = terms.note
  return fields
}

export function readTerms(value: unknown): Terms {
  const fields = readFields(value, termsKeys, 'Terms')
  const terms: { -readonly [Key in keyof Terms]: Terms[Key] } = { rights: readRights(fields.rights) }
  const purposes = readTexts(fields.purposes, "Terms' purposes", textsMax)
  const audience = readTexts(fields.audience, "Terms' audience", textsMax, 256)
  const compliance = readTexts(fields.compliance, "Terms' compliance labels", textsMax)
  const fromMs = readOptional(fields.from, (ms) => readTimeMs(ms, "Terms' start"))
  const expiresMs = readOptional(fields.expires, (ms) => readTimeMs(ms, "Terms' expiry"))
  const usesMax = readOptional(fields.uses, (uses) => readInt(uses, "Terms' uses"))
  const price = readOptional(fields.price, readPrice)
  const note = readOptional(fields.note, (text) => readText(text, "Terms' note"))
  if (purposes.length > 0) terms.purposes = purposes
  if (audience.length > 0) terms.audience = audience.map((did) => readDid(did, "Terms' audience"))
  if (compliance.length > 0) terms.compliance = compliance
  if (fromMs !== undefined) terms.fromMs = fromMs
  if (expiresMs !== undefined) terms.expiresMs = expiresMs
  if (usesMax !== undefined) terms.usesMax = usesMax
  if (price !== undefined) terms.price = price
  if (note !== undefined) terms.note = note
  return terms
}

function readRights(value: unknown): readonly Right[] {
  const isSound =
    Array.isArray(value) &&
    value.every((right, at) => rightsKnown.includes(right) && (at === 0 || value[at - 1] < right))
  if (isSound) return value as Right[]
  throw new Fault('invalid.shape', "Terms' rights are malformed: expected read, share, write in that order.")
}

function readPrice(value: unknown): Price {
  const fields = readFields(value, ['amount', 'unit'], 'A price')
  const amount = readText(fields.amount, "A price's amount")
  if (!amountPattern.test(amount)) {
    throw new Fault('invalid.shape', "A price's amount is malformed: expected a whole number in decimal.")
  }
  return { amount, unit: readText(fields.unit, "A price's unit", { max: 32 }) }
}
