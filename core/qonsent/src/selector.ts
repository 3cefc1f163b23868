import { Fault } from '@anarq/fault'

/** A path into the arguments of a request, read once: `.purpose`, `.tags[0]`, `["odd name"]?`. */
export type Selector = readonly Step[]

type Step = { readonly isOptional: boolean } & (
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'index'; readonly at: number }
  | { readonly kind: 'slice'; readonly from: number | undefined; readonly to: number | undefined }
  | { readonly kind: 'values' }
)

/** What a selector gives when there is nothing at its path. No value of a request can be it. */
export const nothing: unique symbol = Symbol('nothing')

const selectorCharactersMax = 256
const stepsMax = 16
const stepPattern =
  /(?:\.(?<field>[A-Za-z_][A-Za-z0-9_]*)|\[(?:(?<name>"(?:[^"\\]|\\.)*")|(?<index>-?\d{1,9})|(?<from>-?\d{1,9})?(?<colon>:)(?<to>-?\d{1,9})?|)\])(?<optional>\?*)/y

/**
 * Reads a selector (https://github.com/ucan-wg/delegation, "Selectors"): identity, fields, indexes from either end,
 * slices, all values, optional steps. It starts with a dot; anything else is `invalid.selector`.
 */
export function readSelector(value: unknown): Selector {
  if (typeof value !== 'string' || value.length > selectorCharactersMax || !value.startsWith('.')) {
    throw refuse(value)
  }
  if (value === '.') return []
  const steps: Step[] = []
  stepPattern.lastIndex = value.startsWith('.[') ? 1 : 0
  while (stepPattern.lastIndex < value.length) {
    const match = stepPattern.exec(value)
    if (match === null || steps.length === stepsMax) throw refuse(value)
    steps.push(stepOf(match.groups ?? {}, value))
  }
  return steps
}

/** The value at the path; `null` where an optional step finds nothing; `nothing` where another does. Never throws. */
export function select(selector: Selector, value: unknown): unknown {
  let current = value
  for (const step of selector) {
    const next = take(step, current)
    if (next === nothing && !step.isOptional) return nothing
    current = next === nothing ? null : next
  }
  return current
}

/** The elements of a list or the values of a map; `undefined` for anything else. */
export function valuesOf(value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value
  if (value instanceof Uint8Array) return [...value]
  return isMap(value) ? Object.values(value) : undefined
}

function take(step: Step, value: unknown): unknown {
  switch (step.kind) {
    case 'field':
      return isMap(value) && Object.hasOwn(value, step.name) ? value[step.name] : nothing
    case 'index': {
      const element = isList(value) ? value.at(step.at) : undefined
      return element === undefined ? nothing : element
    }
    case 'slice':
      return isList(value) ? value.slice(step.from, step.to) : nothing
    case 'values':
      return valuesOf(value) ?? nothing
    default:
      return step satisfies never
  }
}

function stepOf(groups: Record<string, string | undefined>, text: string): Step {
  const isOptional = groups.optional !== ''
  if (groups.field !== undefined) return { kind: 'field', name: groups.field, isOptional }
  if (groups.name !== undefined) return { kind: 'field', name: unquote(groups.name, text), isOptional }
  if (groups.index !== undefined) return { kind: 'index', at: Number(groups.index), isOptional }
  if (groups.colon === undefined) return { kind: 'values', isOptional }
  const bound = (digits: string | undefined): number | undefined =>
    digits === undefined ? undefined : Number(digits)
  return { kind: 'slice', from: bound(groups.from), to: bound(groups.to), isOptional }
}

function unquote(quoted: string, text: string): string {
  try {
    return JSON.parse(quoted) as string
  } catch {
    throw refuse(text)
  }
}

function isList(value: unknown): value is readonly unknown[] | Uint8Array {
  return Array.isArray(value) || value instanceof Uint8Array
}

function isMap(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array) &&
    !('asCID' in value)
  )
}

function refuse(value: unknown): Fault {
  const shown = typeof value === 'string' ? `"${value.slice(0, 40)}"` : 'This'
  return new Fault(
    'invalid.selector',
    `${shown} is not a path into a request: expected one such as .purpose or .tags[0].`,
  )
}
