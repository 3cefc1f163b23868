/** What may cross between the shell and a framed app, and nothing else: plain data of a limited size. */

export type Request = { readonly v: 1; readonly id: number; readonly call: string; readonly with: Plain }
export type Reply =
  | { readonly v: 1; readonly id: number; readonly ok: unknown }
  | {
      readonly v: 1
      readonly id: number
      readonly fault: { readonly code: string; readonly message: string }
    }
export type Event = {
  readonly v: 1
  readonly event: 'facts' | 'drive'
  readonly value?: unknown
}
export type Plain = { readonly [name: string]: unknown }

export const messageBytesMax: number = 6 * 1024 * 1024
export const depthMax = 12
export const valuesMax = 20_000

export type Refused = { readonly why: 'shape' | 'size' | 'kind' }

/** A request, or why it is none. Never throws, whatever comes. Files come in calls of these names alone. */
export function readRequest(value: unknown, withFiles: ReadonlySet<string> = new Set()): Request | Refused {
  if (!isPlain(value)) return { why: 'shape' }
  const names = Object.keys(value)
  if (names.length !== 4 || !['v', 'id', 'call', 'with'].every((name) => Object.hasOwn(value, name)))
    return { why: 'shape' }
  const { v, id, call, with: input } = value
  if (v !== 1 || !Number.isSafeInteger(id) || (id as number) < 0) return { why: 'shape' }
  if (typeof call !== 'string' || !/^[a-z]{1,20}\.[a-zA-Z]{1,40}$/.test(call)) return { why: 'shape' }
  if (!isPlain(input)) return { why: 'shape' }
  const problem = measure(input, withFiles.has(call))
  return problem ?? { v, id: id as number, call, with: input }
}

/**
 * Walks a value once: strings, numbers, booleans, null, undefined, byte arrays, and arrays and plain maps of them. A map with a
 * name that means something to JavaScript is refused, so that nothing that copies it can be tricked. A file is a name for what
 * the browser keeps: it crosses without its content.
 */
export function measure(root: unknown, mayHaveFiles = false): Refused | undefined {
  let bytes = 0
  let values = 0
  const stack: { value: unknown; depth: number }[] = [{ value: root, depth: 0 }]
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const { value, depth } = top
    values += 1
    bytes += 8
    if (typeof value === 'string') bytes += value.length * 2
    else if (value instanceof Uint8Array) bytes += value.byteLength
    else if (Array.isArray(value)) for (const item of value) stack.push({ value: item, depth: depth + 1 })
    else if (isPlain(value)) {
      for (const name of Object.keys(value)) {
        if (name === '__proto__' || name === 'constructor' || name === 'prototype') return { why: 'kind' }
        bytes += name.length * 2
        stack.push({ value: value[name], depth: depth + 1 })
      }
    } else if (!isAtom(value) && !(mayHaveFiles && value instanceof Blob)) return { why: 'kind' }
    if (depth > depthMax || values > valuesMax || bytes > messageBytesMax || stack.length > valuesMax)
      return { why: 'size' }
  }
  return undefined
}

function isAtom(value: unknown): boolean {
  return (
    value === null ||
    value === undefined ||
    typeof value === 'boolean' ||
    (typeof value === 'number' && Number.isFinite(value))
  )
}

function isPlain(value: unknown): value is Plain {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}
