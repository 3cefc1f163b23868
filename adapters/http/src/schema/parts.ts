/** A JSON Schema (draft 2020-12, as OpenAPI 3.1 has it), as a plain object. */
export type Schema = Readonly<Record<string, unknown>>

export const text: Schema = { type: 'string' }
export const flag: Schema = { type: 'boolean' }
export const count: Schema = { type: 'integer', minimum: 0 }
export const time: Schema = { type: 'integer', description: 'Milliseconds since 1970-01-01T00:00:00Z.' }
export const bytesText: Schema = {
  type: 'string',
  pattern: '^[A-Za-z0-9_-]*$',
  description: 'Bytes as base64url without padding.',
}
export const passphrase: Schema = {
  type: 'string',
  minLength: 1,
  maxLength: 4096,
  description: 'A passphrase; never logged, never kept.',
}

export function oneOf(...values: readonly string[]): Schema {
  return { type: 'string', enum: values }
}

export function listOf(items: Schema): Schema {
  return { type: 'array', items }
}

/** A map with exactly these fields; names that end in `?` may be absent. */
export function fields(all: Readonly<Record<string, Schema>>, more: Schema = {}): Schema {
  const names = Object.keys(all)
  const properties = Object.fromEntries(names.map((name) => [name.replace(/\?$/, ''), all[name]]))
  const required = names.filter((name) => !name.endsWith('?'))
  return {
    type: 'object',
    properties,
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
    ...more,
  }
}

/** A schema of `schemas.ts`, by its name. */
export function ref(name: string): Schema {
  return { $ref: `${name}#` }
}

export function described(schema: Schema, description: string): Schema {
  return { ...schema, description }
}

/** The answers of a route: what it gives when all is well, and a problem otherwise. */
export function answers(
  status: number,
  description: string,
  schema?: Schema,
  type = 'application/json',
): Schema {
  const good =
    schema === undefined ? { description, type: 'null' } : { description, content: { [type]: { schema } } }
  return { [status]: good, default: problemAnswer }
}

const problemAnswer: Schema = {
  description: 'What went wrong (RFC 9457), with a stable code for programs.',
  content: { 'application/problem+json': { schema: ref('Problem') } },
}

/** Bytes of any length, as they are. */
export const binary: Schema = { type: 'string', format: 'binary' }
