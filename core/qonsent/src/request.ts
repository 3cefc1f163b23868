import { Fault } from '@anarq/fault'
import { readArray, readFields, readInt, readOptional, readText } from '@anarq/ipld'
import { type Command, type Did, readCommand, readDid } from './command.ts'

/** `in`: somebody asks for my data. `out`: my data leaves by an act of mine, such as a share or an export. */
export type Direction = 'in' | 'out'

/**
 * A question to decide. Who asks (`subject`) was authenticated by the caller; what the asker only claims (purpose,
 * place) is decided on as claimed. Absent means not said, and what is not said meets no condition.
 */
export type AccessRequest = {
  readonly subject: Did
  readonly owner: Did
  readonly action: Command
  /** The object's id: lower-case hexadecimal, 2 to 128 digits. */
  readonly object: string
  readonly direction: Direction
  readonly purpose?: string
  readonly channel?: string
  readonly place?: string
  /** The app that asks on the subject's behalf. */
  readonly module?: string
  /** Who receives what leaves. */
  readonly recipient?: Did
  /** The personal-information fields that are asked for, where it is not the whole object. */
  readonly fields?: readonly string[]
  /** In the smallest unit of account. */
  readonly price?: number
  /** How strongly the data was masked before it leaves; 0 is not at all. */
  readonly mask?: number
  readonly about?: AboutObject
}

/** What the decider knows of the object; never what the asker says of it. */
export type AboutObject = {
  readonly class?: 'private' | 'protected' | 'public'
  readonly type?: string
  readonly tags?: readonly string[]
  /** Ids of the folders that it is in, nearest first. */
  readonly folders?: readonly string[]
  /** The age from which it is meant to be seen. */
  readonly ageFrom?: number
  readonly terms?: ObjectTerms
}

/** The owner's terms as the object carries them (qnt's `Terms`). Its uses and price bind what delegations are given. */
export type ObjectTerms = {
  readonly rights: readonly ('read' | 'write' | 'share')[]
  readonly purposes?: readonly string[]
  /** Who it is for; absent is anybody. */
  readonly audience?: readonly Did[]
  /** Labels of the rules that the data falls under. */
  readonly compliance?: readonly string[]
  readonly fromMs?: number
  readonly expiresMs?: number
}

const textCharactersMax = 256
const listEntriesMax = 256
const hexPattern = /^(?:[0-9a-f]{2}){1,64}$/
const requestKeys = [
  'subject',
  'owner',
  'action',
  'object',
  'direction',
  'purpose',
  'channel',
  'place',
  'module',
  'recipient',
  'fields',
  'price',
  'mask',
  'about',
] as const
/** What decides nothing here is accepted, so that the terms of an object can be handed over whole. */
const termsKeys = [
  'rights',
  'purposes',
  'audience',
  'compliance',
  'fromMs',
  'expiresMs',
  'usesMax',
  'price',
  'note',
] as const
const aboutKeys = ['class', 'type', 'tags', 'folders', 'ageFrom', 'terms'] as const

/** A clean copy of a well-formed request; anything else is `invalid.*`, and nothing is decided. */
export function readAccessRequest(value: unknown): AccessRequest {
  const fields = readFields(value, requestKeys, 'This request')
  return stripped({
    subject: readDid(fields.subject, 'Who asks'),
    owner: readDid(fields.owner, 'The owner'),
    action: readCommand(fields.action, 'The action'),
    object: readHex(fields.object, 'The object'),
    direction: readOneOf(fields.direction, ['in', 'out'], 'The direction'),
    purpose: readOptional(fields.purpose, (v) => readShort(v, 'The purpose')),
    channel: readOptional(fields.channel, (v) => readShort(v, 'The channel')),
    place: readOptional(fields.place, (v) => readShort(v, 'The place')),
    module: readOptional(fields.module, (v) => readShort(v, 'The app')),
    recipient: readOptional(fields.recipient, (v) => readDid(v, 'The recipient')),
    fields: readOptional(fields.fields, (v) => readTexts(v, 'The fields')),
    price: readOptional(fields.price, (v) => readInt(v, 'The price')),
    mask: readOptional(fields.mask, (v) => readInt(v, 'The mask')),
    about: readOptional(fields.about, readAbout),
  }) as AccessRequest
}

/** What the conditions of delegations are asked about (`.object`, `.purpose`, `.tags`, …); absent stays absent. */
export function argumentsOf(request: AccessRequest): Readonly<Record<string, unknown>> {
  const { about = {}, ...said } = request
  return { ...said, ...about }
}

function readAbout(value: unknown): AboutObject {
  const fields = readFields(value, aboutKeys, 'What is known of the object')
  return stripped({
    class: readOptional(fields.class, (v) => readOneOf(v, ['private', 'protected', 'public'], 'The class')),
    type: readOptional(fields.type, (v) => readShort(v, 'The type')),
    tags: readOptional(fields.tags, (v) => readTexts(v, 'The tags')),
    folders: readOptional(fields.folders, (v) => readTexts(v, 'The folders')),
    ageFrom: readOptional(fields.ageFrom, (v) => readInt(v, 'The age', { max: 200 })),
    terms: readOptional(fields.terms, readTerms),
  }) as AboutObject
}

function readTerms(value: unknown): ObjectTerms {
  const fields = readFields(value, termsKeys, 'The terms')
  const rights = readArray(fields.rights, 'The rights', { max: 8 })
  return stripped({
    rights: rights.map((right) => readOneOf(right, ['read', 'write', 'share'], 'A right')),
    purposes: readOptional(fields.purposes, (v) => readTexts(v, 'The purposes')),
    audience: readOptional(fields.audience, (v) => readTexts(v, 'The audience')),
    compliance: readOptional(fields.compliance, (v) => readTexts(v, 'The labels')),
    fromMs: readOptional(fields.fromMs, (v) => readInt(v, "The terms' start")),
    expiresMs: readOptional(fields.expiresMs, (v) => readInt(v, "The terms' end")),
  }) as ObjectTerms
}

function readHex(value: unknown, what: string): string {
  if (typeof value === 'string' && hexPattern.test(value)) return value
  throw new Fault('invalid.object', `${what} is named wrongly: expected its id in hexadecimal.`)
}

function readOneOf<T extends string>(value: unknown, known: readonly T[], what: string): T {
  const found = known.find((one) => one === value)
  if (found !== undefined) return found
  throw new Fault('invalid.shape', `${what} is malformed: expected one of ${known.join(', ')}.`)
}

function readShort(value: unknown, what: string): string {
  return readText(value, what, { max: textCharactersMax })
}

function readTexts(value: unknown, what: string): readonly string[] {
  return readArray(value, what, { max: listEntriesMax }).map((entry) => readShort(entry, what))
}

/** Without the keys whose value is `undefined`: canonical bytes have no spelling for it. */
function stripped(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
