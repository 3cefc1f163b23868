import { Fault } from '@anarq/fault'
import { type PutFile, streamContent } from '@anarq/flows'
import { type EntryFacts, putOne } from '@anarq/kernel'
import { type Caller, placeOf } from '@anarq/sdk'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { readBody } from '../body.ts'
import { appWith, checkPlace } from '../callers.ts'
import { begun, describeContent, drain, sendContent, sendPieces } from '../content.ts'
import { dispositionOf } from '../content-headers.ts'
import { type App, type DoorContext, signalOf } from '../context.ts'
import { isNotModified, isRangeValid, rangeOf } from '../range.ts'
import {
  answers,
  binary,
  count,
  described,
  fields,
  flag,
  listOf,
  passphrase,
  ref,
  text,
  time,
} from '../schema/parts.ts'
import { packTree } from '../tar/pack-tree.ts'

const tags = ['files']
const tarMediaType = 'application/x-tar'
const pathParams = fields({ '*': described(text, 'Path below the root folder; slashes stand as they are.') })
const page = fields({ 'limit?': { type: 'integer', minimum: 1, maximum: 100_000 }, 'offset?': count })
const contentFields = {
  'version?': described({ type: 'integer', minimum: 1 }, '1 is the first; absent: the latest.'),
  'isOwn?': described(flag, 'The path is in the storage of whoever asks, as with app:/ in a call.'),
}

type AtPath = { Params: { '*': string } }
type Page = { limit?: number; offset?: number }
type ContentAsked = { version?: number; isOwn?: boolean }
type ContentQuery = { Querystring: ContentAsked }
type LockedAsked = ContentAsked & { fromByte?: number; toByte?: number; lock: string }

export function addFileRoutes(app: App, context: DoorContext): void {
  const { drive } = context.operations
  addDownload(app, context)
  addArchive(app, context)
  app.register(async (scope) => addUpload(scope, context))

  app.get<{ Querystring: Page }>('/api/v1/folders', {
    schema: {
      operationId: 'listRoot',
      summary: 'List the root folder',
      tags,
      querystring: page,
      response: answers(200, 'Its entries.', listOf(ref('Entry'))),
    },
    handler: ({ query }) => drive.list('/', query),
  })
  app.get<AtPath & { Querystring: Page }>('/api/v1/folders/*', {
    schema: {
      operationId: 'listFolder',
      summary: 'List a folder',
      tags,
      params: pathParams,
      querystring: page,
      response: answers(200, 'Its entries.', listOf(ref('Entry'))),
    },
    handler: ({ params, query }) => drive.list(folderOf(params['*']), query),
  })
  app.post<AtPath>('/api/v1/folders/*', {
    schema: {
      operationId: 'makeFolder',
      summary: 'Make a folder, and those above it',
      tags,
      params: pathParams,
      response: answers(200, 'The folder.', ref('Entry')),
    },
    handler: ({ params }) => drive.makeFolder(folderOf(params['*'])),
  })
  app.get('/api/v1/search', {
    schema: {
      operationId: 'search',
      summary: 'Search by words, tag, type, owner and time',
      tags,
      querystring: fields({
        'text?': text,
        'tag?': text,
        'type?': described(text, 'Media type; image/* for all images.'),
        'owner?': text,
        'fromMs?': time,
        'toMs?': time,
        'isTrashed?': flag,
        'below?': described(text, 'Path or id of the folder that it lies in, or anywhere below.'),
        'outside?': described(text, 'Path or id of a folder that it lies nowhere in.'),
        'limit?': { type: 'integer', minimum: 1, maximum: 10_000 },
        'offset?': count,
      }),
      response: answers(200, 'What was found.', listOf(ref('Entry'))),
    },
    handler: ({ query }) => drive.find(query as Parameters<typeof drive.find>[0]),
  })
  app.get<{ Querystring: { limit?: number } }>('/api/v1/history', {
    schema: {
      operationId: 'listHistory',
      summary: 'Signed commits of the index, newest first',
      tags,
      querystring: fields({ 'limit?': { type: 'integer', minimum: 1, maximum: 100_000 } }),
      response: answers(200, 'The commits.', listOf(ref('Commit'))),
    },
    handler: ({ query }) => drive.history(query),
  })
}

/** A folder as a person downloads it: a stream that any tar unpacks, with how much content there is for whoever counts. */
function addArchive(app: App, { operations: { drive }, problem }: DoorContext): void {
  const response = answers(200, 'The archive.', binary, tarMediaType)
  const sendArchive = async (
    request: FastifyRequest<AtPath>,
    reply: FastifyReply,
    lock?: string,
  ): Promise<FastifyReply> => {
    const root = await drive.entry(checkPlace(filePathOf(request.params['*']), request.app))
    let bytes = 0
    let locked: EntryFacts | undefined
    for await (const entry of drive.walk(root.id)) {
      bytes += entry.bytes
      if (entry.isLocked === true && entry.bytes > 0) locked ??= entry
    }
    // Found out before the first byte: a page that reads cannot be told what broke an archive off.
    if (locked !== undefined) await drain((await drive.get(locked.id, { toByte: 1, lock })).stream)
    const tree = drive.readTree(root.id, { lock, signal: signalOf(reply) })
    const pieces = await begun(packTree(tree, { root, hasFacts: false }))
    reply.type(tarMediaType).headers({
      'content-disposition': dispositionOf(`${root.name}.tar`),
      'anarq-content-bytes': bytes,
    })
    return sendPieces(pieces, { request, reply, problem })
  }
  app.get<AtPath>('/api/v1/archives/*', {
    config: { appNeeds: 'drive.read' },
    schema: {
      operationId: 'getArchive',
      summary:
        'A folder with all below it as a tar archive; Anarq-Content-Bytes is what its files have together',
      tags,
      params: pathParams,
      response,
    },
    handler: (request, reply) => sendArchive(request, reply),
  })
  app.post<AtPath & { Body: { lock: string } }>('/api/v1/archives/*', {
    config: { appNeeds: 'drive.read' },
    schema: {
      operationId: 'getLockedArchive',
      summary: 'The same, where files have a second lock',
      tags,
      params: pathParams,
      body: fields({ lock: passphrase }),
      response,
    },
    handler: (request, reply) => sendArchive(request, reply, request.body.lock),
  })
}

function addDownload(app: App, context: DoorContext): void {
  const response = answers(200, 'Its content.', binary, '*/*')
  app.get<AtPath & ContentQuery>('/api/v1/files/*', {
    config: { isForApps: true },
    schema: {
      operationId: 'getFile',
      summary: 'Read a file; one range, and preconditions, as HTTP has them',
      tags,
      params: pathParams,
      querystring: fields(contentFields),
      headers: fields(
        { 'range?': text, 'if-range?': text, 'if-none-match?': text },
        { additionalProperties: true },
      ),
      response: {
        ...response,
        206: { description: 'The range asked for.', content: { '*/*': { schema: binary } } },
        304: { description: 'The client has it already.', type: 'null' },
      },
    },
    handler: (request, reply) => download(request, reply, context),
  })
  app.head<AtPath & ContentQuery>('/api/v1/files/*', {
    config: { isForApps: true },
    schema: {
      operationId: 'headFile',
      summary: 'Length, type and version of a file',
      tags,
      params: pathParams,
      querystring: fields(contentFields),
      response,
    },
    handler: (request, reply) => download(request, reply, context),
  })
  app.post<AtPath & { Body: LockedAsked }>('/api/v1/files/*', {
    config: { isForApps: true },
    schema: {
      operationId: 'getLockedFile',
      summary: 'Read a file with a second lock, or a part of it',
      tags,
      params: pathParams,
      body: fields({
        ...contentFields,
        'fromByte?': count,
        'toByte?': described(count, 'Exclusive.'),
        lock: passphrase,
      }),
      response: {
        ...response,
        206: { description: 'The part asked for.', content: { '*/*': { schema: binary } } },
      },
    },
    async handler(request, reply) {
      const { version, fromByte, toByte, lock } = request.body
      const { path, app } = await fileAsked(request, context, request.body)
      const isPartial = fromByte !== undefined || toByte !== undefined
      const { drive } = context.operationsFor({ app })
      const content = await drive.get(path, { version, fromByte, toByte, lock, signal: signalOf(reply) })
      const range = { from: fromByte ?? 0, to: toByte ?? content.bytes }
      return sendContent(content, { request, reply, problem: context.problem, isPartial, range })
    },
  })
}

async function download(
  request: FastifyRequest<AtPath & ContentQuery>,
  reply: FastifyReply,
  context: DoorContext,
): Promise<FastifyReply> {
  const { path, app } = await fileAsked(request, context, request.query)
  return sendFile(request, reply, context, { path, version: request.query.version, app })
}

/** Where the file lies, and for which app it is read. */
async function fileAsked(
  request: FastifyRequest<AtPath>,
  context: DoorContext,
  { isOwn = false }: ContentAsked,
): Promise<{ path: string; app: FastifyRequest['app'] }> {
  const caller = await context.callerOf(request.headers)
  const asked = filePathOf(request.params['*'])
  // In an app's own storage no permission is needed, as for calls.
  const path = isOwn ? placeOf(`app:${asked}`, caller) : checkPlace(asked, readerOf(request, caller, context))
  return { path, app: caller.kind === 'app' ? caller : undefined }
}

function readerOf({ isOwner, method }: FastifyRequest, caller: Caller, { apps }: DoorContext) {
  return appWith('drive.read', caller, (app) => {
    if (isOwner) apps.refused(app, `${method} /api/v1/files/*`, 'drive.read')
  })
}

/** A file, one range of it, or that the client has it already. */
export async function sendFile(
  request: FastifyRequest,
  reply: FastifyReply,
  { operationsFor, problem }: DoorContext,
  {
    path,
    version,
    app = request.app,
    cacheControl,
  }: {
    path: string
    version: number | undefined
    app?: FastifyRequest['app']
    cacheControl?: string | undefined
  },
): Promise<FastifyReply> {
  const { drive } = operationsFor({ app })
  const { headers } = request
  const signal = signalOf(reply)
  const isPlain =
    request.method === 'GET' &&
    ['range', 'if-none-match', 'if-modified-since'].every((name) => headers[name] === undefined)
  if (isPlain)
    return sendContent(await drive.get(path, { version, signal }), { request, reply, problem, cacheControl })
  // What is asked depends on what there is: an empty range tells, without reading anything.
  const facts = await drive.get(path, { version, fromByte: 0, toByte: 0, signal })
  await drain(facts.stream)
  const validators = { etag: facts.etag, modifiedMs: facts.entry.modifiedMs }
  if (isNotModified(headers, validators))
    return describeContent(reply, facts, cacheControl).removeHeader('content-type').code(304).send()
  if (request.method === 'HEAD')
    return describeContent(reply, facts, cacheControl).header('content-length', facts.bytes).send()
  const range = isRangeValid(headers, validators) ? rangeOf(headers.range, facts.bytes) : undefined
  const content = await drive.get(path, {
    version,
    signal,
    ...(range === undefined ? {} : { fromByte: range.from, toByte: range.to }),
  })
  if (content.etag !== facts.etag) {
    await content.stream[Symbol.asyncIterator]().return?.()
    throw new Fault('conflict.changed', `${path} was changed at this moment. Ask again.`)
  }
  return sendContent(content, {
    request,
    reply,
    problem,
    range,
    isPartial: range !== undefined,
    cacheControl,
  })
}

function addUpload(scope: App, { operationsFor }: DoorContext): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
  scope.put<AtPath>('/api/v1/files/*', {
    config: { streams: '*/*', appNeeds: 'drive.write' },
    schema: {
      operationId: 'putFile',
      summary: 'Keep a file: a new one, or a new version',
      description:
        'The body is the content, of any length. It appears when all of it has come and matches its digest, or not at all.',
      tags,
      params: pathParams,
      headers: fields(
        {
          'x-anarq-modified?': described(
            text,
            'When it was changed, in milliseconds since 1970; absent: now.',
          ),
          'x-anarq-tags?': described(text, 'Tags, percent-encoded, joined by commas.'),
        },
        { additionalProperties: true },
      ),
      response: {
        201: uploaded,
        ...answers(200, 'A new version of it, or the same content as before.', uploadedSchema),
      },
    },
    async handler(request, reply) {
      const path = checkPlace(filePathOf(request.params['*']), request.app)
      const { drive } = operationsFor(request)
      const options = { tags: tagsOf(request), signal: signalOf(reply) }
      const report = await putOne(drive, path, fileOf(request), options)
      const entry = report.entries[0] ?? (await drive.entry(path))
      const { unchanged, newBytes } = report
      return reply
        .code(unchanged === 0 && entry.versions === 1 ? 201 : 200)
        .send({ entry, isUnchanged: unchanged > 0, newBytes })
    },
  })
}

const uploadedSchema = fields({ entry: ref('Entry'), isUnchanged: flag, newBytes: count })
const uploaded = { description: 'It is kept.', content: { 'application/json': { schema: uploadedSchema } } }

function fileOf(request: FastifyRequest): Omit<PutFile, 'kind' | 'path'> {
  const { 'content-length': length, 'content-type': type, 'x-anarq-modified': modified } = request.headers
  if (modified !== undefined && !/^-?\d{1,15}$/.test(String(modified)))
    throw new Fault('invalid.header', 'X-Anarq-Modified is a time in whole milliseconds since 1970.')
  return {
    bytes: length === undefined ? undefined : Number(length),
    modifiedMs: modified === undefined ? Date.now() : Number(modified),
    ...(type === undefined || type === 'application/x-www-form-urlencoded' ? {} : { type }),
    content: streamContent(readBody(request), { isGivenAway: true }),
  }
}

function tagsOf({ headers }: FastifyRequest): string[] {
  const text = headers['x-anarq-tags']
  if (text === undefined) return []
  try {
    return String(text)
      .split(',')
      .map((tag) => decodeURIComponent(tag.trim()))
      .filter((tag) => tag !== '')
  } catch {
    throw new Fault(
      'invalid.header',
      'X-Anarq-Tags holds tags that are percent-encoded and joined by commas.',
    )
  }
}

/** `/a/b`, of parts that are not empty; their names are checked where they are kept. */
function folderOf(path: string): string {
  const trimmed = path.replace(/\/$/, '')
  if (trimmed === '') return '/'
  if (trimmed.split('/').every((part) => part !== '')) return `/${trimmed}`
  throw new Fault('invalid.path', 'A path has no empty parts.')
}

export function filePathOf(path: string): string {
  if (path === '' || path.endsWith('/'))
    throw new Fault('invalid.path', 'This is the path of a folder. Name a file in it.')
  return folderOf(path)
}
