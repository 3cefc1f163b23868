import { Fault } from '@anarq/fault'

/** JSON Schema (draft 2020-12) as plain data, for documents and for tools that read it. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** What a parameter must look like: one description that parses, and one that documents. */
export type Shape<T> = {
  readonly schema: JsonSchema
  readonly isOptional: boolean
  /** The value, parsed; `invalid.params` says where it is not what it should be. */
  read(value: unknown, where: string): T
}

type Fields<T> = { readonly [Key in keyof T]-?: Shape<T[Key]> }

/** A map with exactly these fields: what it does not know is refused. */
export function fields<T extends object>(shapes: Fields<T>): Shape<T> {
  const names = Object.keys(shapes) as (keyof T & string)[]
  const required = names.filter((name) => !shapes[name].isOptional)
  return {
    isOptional: false,
    schema: {
      type: 'object',
      properties: Object.fromEntries(names.map((name) => [name, shapes[name].schema])),
      ...(required.length === 0 ? {} : { required }),
      additionalProperties: false,
    },
    read(value, where) {
      if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array)
        throw wrong(where, 'a map of fields')
      const given = value as Record<string, unknown>
      const strange = Object.keys(given).find((name) => !Object.hasOwn(shapes, name))
      if (strange !== undefined)
        throw new Fault('invalid.params', `${where} has no field "${strange.slice(0, 40)}".`)
      const read: Record<string, unknown> = {}
      for (const name of names) {
        const one = Object.hasOwn(given, name) ? given[name] : undefined
        const parsed = shapes[name].read(one, `${where}.${name}`)
        if (parsed !== undefined) read[name] = parsed
      }
      return read as T
    },
  }
}

export function text({
  max = 4096,
  min = 0,
  pattern,
  about,
}: {
  max?: number
  min?: number
  pattern?: RegExp
  about?: string
} = {}): Shape<string> {
  return {
    isOptional: false,
    schema: {
      type: 'string',
      maxLength: max,
      ...(min > 0 ? { minLength: min } : {}),
      ...(pattern === undefined ? {} : { pattern: pattern.source }),
      ...(about === undefined ? {} : { description: about }),
    },
    read(value, where) {
      if (typeof value !== 'string') throw wrong(where, 'text')
      if (value.length > max || value.length < min) throw wrong(where, `text of ${min} to ${max} characters`)
      if (pattern !== undefined && !pattern.test(value)) throw wrong(where, about ?? `like ${pattern.source}`)
      return value
    },
  }
}

export function int({
  min = 0,
  max = Number.MAX_SAFE_INTEGER,
}: {
  min?: number
  max?: number
} = {}): Shape<number> {
  return {
    isOptional: false,
    schema: { type: 'integer', minimum: min, maximum: max },
    read(value, where) {
      if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max)
        return value as number
      throw wrong(where, `a whole number from ${min} to ${max}`)
    },
  }
}

export const flag: Shape<boolean> = {
  isOptional: false,
  schema: { type: 'boolean' },
  read(value, where) {
    if (typeof value === 'boolean') return value
    throw wrong(where, 'true or false')
  },
}

export function oneOf<const T extends string>(...values: readonly T[]): Shape<T> {
  return {
    isOptional: false,
    schema: { type: 'string', enum: values },
    read(value, where) {
      const known = values.find((one) => one === value)
      if (known !== undefined) return known
      throw wrong(where, `one of ${values.join(', ')}`)
    },
  }
}

export function list<T>(shape: Shape<T>, max: number): Shape<readonly T[]> {
  return {
    isOptional: false,
    schema: { type: 'array', items: shape.schema, maxItems: max },
    read(value, where) {
      if (!Array.isArray(value) || value.length > max) throw wrong(where, `a list of at most ${max}`)
      return value.map((one, i) => shape.read(one, `${where}[${i}]`))
    },
  }
}

export function bytes(max: number): Shape<Uint8Array> {
  return {
    isOptional: false,
    schema: { type: 'string', contentEncoding: 'base64', description: `Bytes, at most ${max}.` },
    read(value, where) {
      if (value instanceof Uint8Array && value.length <= max) return value
      throw wrong(where, `at most ${max} bytes`)
    },
  }
}

export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return {
    isOptional: true,
    schema: shape.schema,
    read: (value, where) => (value === undefined ? undefined : shape.read(value, where)),
  }
}

export function orNull<T>(shape: Shape<T>): Shape<T | null> {
  return {
    isOptional: false,
    schema: { anyOf: [shape.schema, { type: 'null' }] },
    read: (value, where) => (value === null ? null : shape.read(value, where)),
  }
}

function wrong(where: string, expected: string): Fault {
  return new Fault('invalid.params', `${where} is not what it should be: ${expected}.`)
}
