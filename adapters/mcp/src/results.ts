import type { EntryFacts } from '@anarq/kernel'
import type { JsonSchema } from '@anarq/sdk'
import type { CallToolResult } from '@modelcontextprotocol/server'

export type Answer = CallToolResult

/** What a tool gives as plain data, and as the same in text for clients that know only text. */
export function structured(value: Record<string, unknown>): Answer {
  return { structuredContent: value, content: [{ type: 'text', text: JSON.stringify(value) }] }
}

/** What is worth an assistant's attention. */
export function shortEntry(entry: EntryFacts): Record<string, unknown> {
  const { path, kind, type, bytes, modifiedMs, tags, versions, isTrashed, owner } = entry
  return {
    path,
    kind,
    ...(kind === 'file' ? { type, bytes, versions } : {}),
    modified: timeOf(modifiedMs),
    ...(tags.length === 0 ? {} : { tags }),
    ...(isTrashed ? { isTrashed } : {}),
    ...(owner === undefined ? {} : { owner }),
  }
}

export function timeOf(ms: number): string {
  const date = new Date(ms)
  return Number.isNaN(date.getTime()) ? '' : date.toISOString()
}

/** A list that is cut says how many are left. */
export function firstOf<T>(name: string, all: readonly T[], max: number): Record<string, unknown> {
  const left = all.length - max
  return { [name]: all.slice(0, max), ...(left > 0 ? { left } : {}) }
}

export const text: JsonSchema = { type: 'string' }
export const count: JsonSchema = { type: 'integer', minimum: 0 }
export const flag: JsonSchema = { type: 'boolean' }
export const time: JsonSchema = { type: 'string', description: 'ISO 8601, UTC.' }

export function listOf(items: JsonSchema): JsonSchema {
  return { type: 'array', items }
}

/** A field whose name ends in "?" may be absent. */
export function object(fields: Readonly<Record<string, JsonSchema>>): JsonSchema {
  const names = Object.keys(fields)
  return {
    type: 'object',
    properties: Object.fromEntries(names.map((name) => [name.replace(/\?$/, ''), fields[name]])),
    required: names.filter((name) => !name.endsWith('?')),
  }
}

export const entrySchema: JsonSchema = object({
  path: text,
  kind: { type: 'string', enum: ['file', 'folder'] },
  'type?': { type: 'string', description: 'Media type.' },
  'bytes?': count,
  'versions?': count,
  modified: time,
  'tags?': listOf(text),
  'isTrashed?': flag,
  'owner?': { type: 'string', description: 'The DID of whoever it belongs to, where that is somebody else.' },
})
