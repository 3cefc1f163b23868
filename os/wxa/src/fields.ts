import { Fault } from '@anarq/fault'
import { faultOfText } from './text.ts'

export type Fields = Readonly<Record<string, unknown>>

/** What is wrong with which field of a manifest, and what it should be. */
export function badField(field: string, why: string): Fault {
  const at = field === '' ? 'manifest.json' : `"${field}" in manifest.json`
  return new Fault('invalid.manifest', `${at} ${why}`, { data: { field } })
}

/** A map with these fields and no others. */
export function readMap(
  value: unknown,
  field: string,
  required: readonly string[],
  optional: readonly string[] = [],
): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw badField(field, 'must be a map ({ … }).')
  const below = (name: string): string => (field === '' ? name : `${field}.${name}`)
  for (const name of Object.keys(value)) {
    if (!required.includes(name) && !optional.includes(name))
      throw badField(
        below(name.slice(0, 40)),
        `is not a field of version 1 of the format. Known here: ${[...required, ...optional].join(', ')}.`,
      )
  }
  for (const name of required) {
    if (!Object.hasOwn(value, name)) throw badField(below(name), 'is missing. Add it.')
  }
  return value as Fields
}

export function readList(
  value: unknown,
  field: string,
  { min = 0, max }: { min?: number; max: number },
): readonly unknown[] {
  if (!Array.isArray(value) || value.length < min || value.length > max)
    throw badField(field, `must be a list of ${min} to ${max}.`)
  return value
}

export function readInteger(
  value: unknown,
  field: string,
  { min, max }: { min: number; max: number },
): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max)
    throw badField(field, `must be a whole number from ${min} to ${max}.`)
  return value
}

/** Text that people are shown: one line. */
export function readShown(value: unknown, field: string, charactersMax: number): string {
  if (typeof value !== 'string') throw badField(field, 'must be text.')
  const why = faultOfText(value, charactersMax)
  if (why !== undefined) throw badField(field, `${why}. Write it as plain text of one line.`)
  return value
}

export function readPattern(value: unknown, field: string, pattern: RegExp, rule: string): string {
  if (typeof value !== 'string' || !pattern.test(value)) throw badField(field, `must be ${rule}.`)
  return value
}

export function readOneOf<const T extends string>(value: unknown, field: string, all: readonly T[]): T {
  const found = all.find((one) => one === value)
  if (found === undefined) throw badField(field, `must be one of ${all.join(', ')}.`)
  return found
}

/** Each item once, by a name of it. */
export function requireDistinct(names: readonly string[], field: string): void {
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined)
    throw badField(field, `names ${JSON.stringify(twice)} twice. Take one of them out.`)
}
