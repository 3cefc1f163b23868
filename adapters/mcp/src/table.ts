import type { GrantFacts } from '@anarq/kernel'
import type { JsonSchema, Sdk } from '@anarq/sdk'
import { opensAll, type ToolAccess } from './access.ts'
import { readContent } from './content.ts'
import { type FoundPage, findInside, listPage, pageMax } from './find.ts'
import {
  type Answer,
  count,
  entrySchema,
  firstOf,
  flag,
  listOf,
  object,
  shortEntry,
  structured,
  text,
  time,
  timeOf,
} from './results.ts'
import { contentFields, withBytes } from './write.ts'

/** How a method of the SDK becomes a tool. */
export type Plan = {
  readonly title: string
  /** Instead of the method's own summary, where the tool does less. */
  readonly summary?: string
  /** What an assistant has to know besides it. */
  readonly about?: string
  /** Parameters that are paths: they are held to the key's folder. */
  readonly paths: readonly string[]
  /** Parameters that must not name that folder itself. */
  readonly below?: readonly string[]
  /** Tells of more than a folder: only for keys that open the whole drive. */
  readonly isAboutHome?: boolean
  /** Takes away or replaces what was there, though it can be brought back. */
  readonly isDestructive?: boolean
  /** Fields that the tool does not offer, and those that it has instead. */
  readonly without?: readonly string[]
  readonly fields?: Readonly<Record<string, JsonSchema>>
  readonly output?: JsonSchema
  /** The method parses the input; what is read of it here is checked here. */
  run(sdk: Sdk, input: never, access: ToolAccess): Promise<Answer>
}

type Input<Namespace extends keyof Sdk, Name extends keyof Sdk[Namespace]> = Sdk[Namespace][Name] extends (
  input: infer Given,
) => unknown
  ? Given
  : never

const page = { limit: { type: 'integer', minimum: 1, maximum: pageMax }, offset: count }
const pageSchema = object({
  entries: listOf(entrySchema),
  'nextOffset?': { ...count, description: 'There is more: ask again with this offset.' },
})
const oneEntry = object({ entry: entrySchema })
const ms: JsonSchema = { ...count, description: 'Milliseconds since 1970-01-01, UTC.' }
const mediaType: JsonSchema = {
  type: 'string',
  maxLength: 256,
  description: 'Media type; left out, it follows from the name.',
}
const listedMax = 200

/** Which operations an assistant gets. What is not here, no key gives. */
export const table: Readonly<Record<string, Plan>> = {
  'identity.current': {
    title: 'Who is this',
    paths: [],
    output: object({ did: text, name: text, kind: text }),
    run: async (sdk) => structured({ ...(await sdk.identity.current({})) }),
  },
  'storage.list': {
    title: 'List a folder',
    paths: ['path'],
    fields: page,
    output: pageSchema,
    run: async (sdk, input: Input<'storage', 'list'>) => entries(await listPage(sdk, input)),
  },
  'storage.entry': {
    title: 'Facts of a file',
    paths: ['path'],
    output: oneEntry,
    run: async (sdk, input: Input<'storage', 'entry'>) => one(await sdk.storage.entry(input)),
  },
  'storage.read': {
    title: 'Read a file',
    about:
      'Text comes as text, images as images, anything else as base64 with its type. Long files come in parts: ask on with fromByte and toByte (exclusive).',
    paths: ['path'],
    run: (sdk, input: Input<'storage', 'read'>) => readContent(sdk, input),
  },
  'storage.write': {
    title: 'Write a file',
    about: 'Replaces all of the content; versions before stay and can be restored.',
    paths: ['path'],
    below: ['path'],
    isDestructive: true,
    without: ['bytes'],
    fields: { ...contentFields, type: mediaType },
    output: object({ entry: entrySchema, isUnchanged: flag }),
    async run(sdk, input: Record<string, unknown>) {
      const { entry, isUnchanged } = await sdk.storage.write(withBytes(input))
      return structured({ entry: shortEntry(entry), isUnchanged })
    },
  },
  'storage.makeFolder': {
    title: 'Make a folder',
    paths: ['path'],
    output: oneEntry,
    run: async (sdk, input: Input<'storage', 'makeFolder'>) => one(await sdk.storage.makeFolder(input)),
  },
  'storage.move': {
    title: 'Move or rename',
    about: '"to" is the whole new path, its name included.',
    paths: ['path', 'to'],
    below: ['path', 'to'],
    isDestructive: true,
    output: oneEntry,
    run: async (sdk, input: Input<'storage', 'move'>) => one(await sdk.storage.move(input)),
  },
  'storage.tag': {
    title: 'Tag a file',
    paths: ['path'],
    output: oneEntry,
    run: async (sdk, input: Input<'storage', 'tag'>) => one(await sdk.storage.tag(input)),
  },
  'storage.remove': {
    title: 'Put into the trash',
    summary: 'Put into the trash',
    about: 'From there it can be restored; nothing is removed for good here.',
    paths: ['path'],
    below: ['path'],
    isDestructive: true,
    without: ['isForever'],
    output: oneEntry,
    run: async (sdk, input: Input<'storage', 'remove'>) => one(await sdk.storage.remove(input)),
  },
  'storage.restore': {
    title: 'Restore',
    about:
      'Without a version: out of the trash, by the path that it had. index_find with isTrashed says what lies there.',
    paths: ['path'],
    below: ['path'],
    output: oneEntry,
    run: async (sdk, input: Input<'storage', 'restore'>) => one(await sdk.storage.restore(input)),
  },
  'storage.versions': {
    title: 'Versions of a file',
    paths: ['path'],
    output: object({
      versions: listOf(object({ version: count, bytes: count, modified: time, saved: time, isLatest: flag })),
      'left?': count,
    }),
    async run(sdk, input: Input<'storage', 'versions'>) {
      const all = (await sdk.storage.versions(input)).map(
        ({ version, bytes, modifiedMs, savedMs, isLatest }) => {
          return { version, bytes, modified: timeOf(modifiedMs), saved: timeOf(savedMs), isLatest }
        },
      )
      return structured(firstOf('versions', all, listedMax))
    },
  },
  'index.find': {
    title: 'Search',
    about: 'Finds names and words; with nothing given, everything.',
    paths: [],
    fields: { ...page, fromMs: ms, toMs: ms },
    output: pageSchema,
    run: async (sdk, input: Input<'index', 'find'>, access) => entries(await findInside(sdk, input, access)),
  },
  'consent.grants': {
    title: 'What is shared',
    paths: [],
    isAboutHome: true,
    output: object({ grants: listOf(grantSchema()), 'left?': count }),
    async run(sdk, input: Input<'consent', 'grants'>) {
      return structured(firstOf('grants', (await sdk.consent.grants(input)).map(shortGrant), listedMax))
    },
  },
  'guardian.alerts': {
    title: 'Alerts',
    paths: [],
    isAboutHome: true,
    output: object({
      alerts: listOf(object({ at: time, kind: text, severity: text, sentence: text })),
      'left?': count,
    }),
    async run(sdk) {
      const all = (await sdk.guardian.alerts({})).map(({ atMs, kind, severity, sentence }) => {
        return { at: timeOf(atMs), kind, severity, sentence }
      })
      return structured(firstOf('alerts', all, listedMax))
    },
  },
}

/** Whether a key's holder is told of a tool; whoever calls it all the same is refused by what the key does not allow. */
export function isListed(plan: Plan, isChange: boolean, access: ToolAccess): boolean {
  return (!isChange || access.rights === 'write') && (plan.isAboutHome !== true || opensAll(access))
}

function entries({ entries: all, nextOffset }: FoundPage): Answer {
  return structured({ entries: all.map(shortEntry), ...(nextOffset === undefined ? {} : { nextOffset }) })
}

function one(entry: Parameters<typeof shortEntry>[0]): Answer {
  return structured({ entry: shortEntry(entry) })
}

function grantSchema(): JsonSchema {
  return object({
    direction: { type: 'string', enum: ['in', 'out'] },
    kind: text,
    name: text,
    with: text,
    rights: listOf(text),
    state: text,
    uses: count,
    'usesMax?': count,
    'purpose?': text,
    issued: time,
    'until?': time,
  })
}

function shortGrant(grant: GrantFacts): Record<string, unknown> {
  const { direction, kind, name, rights, state, uses, usesMax, purpose, issuedMs, untilMs } = grant
  return {
    direction,
    kind,
    name,
    with: grant.with,
    rights,
    state,
    uses,
    ...(usesMax === undefined ? {} : { usesMax }),
    ...(purpose === undefined ? {} : { purpose }),
    issued: timeOf(issuedMs),
    ...(untilMs === undefined ? {} : { until: timeOf(untilMs) }),
  }
}
