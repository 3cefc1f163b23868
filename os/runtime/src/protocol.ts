import { Fault } from '@anarq/fault'
import { type CodecLimits, encodeValue, openMessage, type Plain } from './codec.ts'
import type { Message } from './engine.ts'

/** Messages are `[kind, id, value]`. Ids of requests and events are ours; ids of calls are the backend's, and rise. */
export type HostMessage =
  | { readonly kind: 'request' | 'event' | 'answer'; readonly id: number; readonly value: unknown }
  | {
      readonly kind: 'fault'
      readonly id: number
      readonly value: { readonly code: string; readonly message: string }
    }

export type GuestError = { readonly name: string; readonly message: string }

export type LogLevel = 'info' | 'warn' | 'error'

/** `value` is a `Fault` (`limit.value`) where it is well formed and too much. */
export type GuestMessage =
  | { readonly kind: 'ready'; readonly request: boolean; readonly event: boolean }
  | { readonly kind: 'broken'; readonly error: GuestError }
  | { readonly kind: 'call'; readonly id: number; readonly method: string; readonly params: Plain | Fault }
  | { readonly kind: 'done'; readonly id: number; readonly value: Plain | Fault }
  | { readonly kind: 'failed'; readonly id: number; readonly error: GuestError }
  | { readonly kind: 'log'; readonly level: LogLevel; readonly text: string }
  | { readonly kind: 'probe'; readonly name: string }

const methodPattern = /^[a-z][A-Za-z0-9]{0,31}(?:\.[a-z][A-Za-z0-9]{0,31}){1,2}$/
const textCharsMax = 2048

export function encodeToGuest({ kind, id, value }: HostMessage, limits: CodecLimits): Message {
  return encodeValue([kind, id, value], limits)
}

/** Anything but the messages above is `invalid.message`: the bridge never sends it, so somebody forged it. */
export function parseFromGuest(message: Message, limits: CodecLimits): GuestMessage {
  const forged = (what: string, cause?: unknown): Fault =>
    new Fault('invalid.message', `A message of the backend ${what}.`, { cause })
  try {
    const { value, revive } = openMessage(message, limits)
    if (!Array.isArray(value) || value.length !== 3) throw forged('has no kind, id and value')
    const [kind, id, part] = value as [unknown, unknown, unknown]
    if (!Number.isSafeInteger(id) || (id as number) < 0) throw forged('has no id')
    const read = (): Plain | Fault => orLimit(() => revive(part))
    switch (kind) {
      case 'done':
        return { kind, id: id as number, value: read() }
      case 'call': {
        if (!Array.isArray(part) || part.length !== 2 || !isMethod(part[0])) throw forged('calls no method')
        return { kind, id: id as number, method: part[0], params: orLimit(() => revive(part[1])) }
      }
      default:
        return parseSmall(kind, id as number, read(), forged)
    }
  } catch (error) {
    if (error instanceof Fault && error.code === 'invalid.message') throw error
    throw forged('cannot be read', error)
  }
}

function parseSmall(
  kind: unknown,
  id: number,
  value: Plain | Fault,
  forged: (what: string) => Fault,
): GuestMessage {
  const fields = fieldsOf(value)
  switch (kind) {
    case 'ready':
      if (typeof fields.request !== 'boolean' || typeof fields.event !== 'boolean') break
      return { kind, request: fields.request, event: fields.event }
    case 'broken':
    case 'failed':
      if (!isText(fields.name) || !isText(fields.message)) break
      if (kind === 'broken') return { kind, error: { name: fields.name, message: fields.message } }
      return { kind, id, error: { name: fields.name, message: fields.message } }
    case 'log':
      if (!isText(fields.text) || !isLevel(fields.level)) break
      return { kind, level: fields.level, text: fields.text }
    case 'probe':
      if (!isText(fields.name)) break
      return { kind, name: fields.name }
  }
  throw forged('is of no known kind')
}

export function isMethod(text: unknown): text is string {
  // Whoever looks a method up in an object must not find what every object has.
  return typeof text === 'string' && methodPattern.test(text) && !text.split('.').some((part) => part in {})
}

function orLimit(read: () => Plain): Plain | Fault {
  try {
    return read()
  } catch (error) {
    if (error instanceof Fault && error.code === 'limit.value') return error
    throw error
  }
}

function fieldsOf(value: Plain | Fault): Readonly<Record<string, unknown>> {
  const isFields = typeof value === 'object' && value !== null && !(value instanceof Fault)
  return isFields && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : {}
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= textCharsMax
}

function isLevel(value: unknown): value is LogLevel {
  return value === 'info' || value === 'warn' || value === 'error'
}
