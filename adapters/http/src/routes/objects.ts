import type { CopyPlace, MovePlace } from '@anarq/kernel'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { begun, sendContent, sendPieces } from '../content.ts'
import { dispositionOf } from '../content-headers.ts'
import { type App, type DoorContext, signalOf } from '../context.ts'
import { lineStream, ndjsonType } from '../ndjson.ts'
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
} from '../schema/parts.ts'
import { packTree } from '../tar/pack-tree.ts'

const tags = ['files']
const tarMediaType = 'application/x-tar'
const params = fields({
  ref: described(text, 'Path, object id, or a name that only one thing has; percent-encoded.'),
})
const page = fields({ 'limit?': { type: 'integer', minimum: 1, maximum: 100_000 }, 'offset?': count })
const entryAnswer = answers(200, 'What it is now.', ref('Entry'))

type ByRef = { Params: { ref: string } }

export function addObjectRoutes(app: App, context: DoorContext): void {
  const { drive } = context.operations
  app.get<ByRef>('/api/v1/objects/:ref', {
    schema: {
      operationId: 'getEntry',
      summary: 'What a file or folder is',
      tags,
      params,
      response: answers(200, 'The entry.', ref('Entry')),
    },
    handler: ({ params: { ref } }) => drive.entry(ref),
  })
  app.get<ByRef & { Querystring: { limit?: number; offset?: number } }>('/api/v1/objects/:ref/children', {
    schema: {
      operationId: 'listChildren',
      summary: 'List a folder',
      tags,
      params,
      querystring: page,
      response: answers(200, 'Its entries.', listOf(ref('Entry'))),
    },
    handler: ({ params: { ref }, query }) => drive.list(ref, query),
  })
  app.get<ByRef>('/api/v1/objects/:ref/tree', {
    schema: {
      operationId: 'walkTree',
      summary: 'A folder with all below it, parents first: an entry a line',
      tags,
      params,
      response: answers(200, 'The entries.', ref('Entry'), ndjsonType),
    },
    async handler({ params: { ref } }, reply) {
      const entries = await begun(drive.walk(ref))
      return reply.type(ndjsonType).send(lineStream(entries, (error) => ({ error: context.problem(error) })))
    },
  })
  app.get<ByRef>('/api/v1/objects/:ref/versions', {
    schema: {
      operationId: 'listVersions',
      summary: 'Versions of a file, newest first',
      tags,
      params,
      response: answers(200, 'The versions.', listOf(ref('Version'))),
    },
    handler: ({ params: { ref } }) => drive.versions(ref),
  })
  addReading(app, context)
  addChanging(app, context)
}

function addReading(app: App, { operations: { drive }, problem }: DoorContext): void {
  app.post<ByRef & { Body: { version?: number; fromByte?: number; toByte?: number; lock?: string } }>(
    '/api/v1/objects/:ref/content',
    {
      schema: {
        operationId: 'readContent',
        summary: 'Read a file, also one with a second lock',
        tags,
        params,
        body: fields({
          'version?': { type: 'integer', minimum: 1 },
          'fromByte?': count,
          'toByte?': described(count, 'Exclusive.'),
          'lock?': passphrase,
        }),
        response: answers(200, 'Its content; the header Anarq-Entry says what it is.', binary, '*/*'),
      },
      async handler(request, reply) {
        const { fromByte, toByte } = request.body
        const content = await drive.get(request.params.ref, { ...request.body, signal: signalOf(reply) })
        return sendContent(content, {
          request,
          reply,
          problem,
          range: { from: fromByte ?? 0, to: toByte ?? content.bytes },
        })
      },
    },
  )
  const archive = answers(200, 'The archive.', binary, tarMediaType)
  const sendTree = async (
    request: FastifyRequest<ByRef>,
    reply: FastifyReply,
    { lock, leavesFrom, hasFacts = false }: TreeBody,
  ): Promise<FastifyReply> => {
    const root = await drive.entry(request.params.ref)
    const tree = drive.readTree(root.id === '' ? '/' : root.id, {
      lock,
      leavesFrom: hasFacts ? leavesFrom : undefined,
      signal: signalOf(reply),
    })
    const pieces = await begun(packTree(tree, { root, hasFacts }))
    reply
      .type(tarMediaType)
      .header('content-disposition', dispositionOf(`${root.name === '' ? 'drive' : root.name}.tar`))
    return sendPieces(pieces, { request, reply, problem })
  }
  app.get<ByRef>('/api/v1/export/:ref', {
    schema: {
      operationId: 'exportTree',
      summary: 'A folder with all below it, or a file, as a tar archive',
      tags,
      params,
      response: archive,
    },
    handler: (request, reply) => sendTree(request, reply, {}),
  })
  app.post<ByRef & { Body: TreeBody }>('/api/v1/export/:ref', {
    schema: {
      operationId: 'exportLockedTree',
      summary: 'The same, where files have a second lock',
      tags,
      params,
      body: fields({
        'lock?': passphrase,
        'hasFacts?': described(
          flag,
          'Each entry has an extended header record ANARQ.facts: what it is, as JSON; links are files.',
        ),
        'leavesFrom?': described(
          count,
          'With facts: files of so many bytes come without content, as ANARQ.left says.',
        ),
      }),
      response: archive,
    },
    handler: (request, reply) => sendTree(request, reply, request.body),
  })
}

type TreeBody = { lock?: string; hasFacts?: boolean; leavesFrom?: number }

function addChanging(app: App, { operations: { drive } }: DoorContext): void {
  const place = {
    'folder?': described(text, 'Path of the folder that it comes to.'),
    'name?': text,
    'isReplacing?': described(flag, 'What lies there under that name goes to the trash.'),
  }
  app.post<ByRef & { Body: MovePlace }>('/api/v1/objects/:ref/move', {
    schema: {
      operationId: 'moveObject',
      summary: 'Move or rename',
      tags,
      params,
      body: fields(place, { minProperties: 1 }),
      response: entryAnswer,
    },
    handler: ({ params: { ref }, body }) => drive.move(ref, body),
  })
  app.post<ByRef & { Body: CopyPlace }>('/api/v1/objects/:ref/copy', {
    schema: {
      operationId: 'copyObject',
      summary: 'Copy a file, or a folder with all below it; content is not read',
      tags,
      params,
      body: fields({
        ...place,
        'isShallow?': described(flag, 'Of a folder, without what is in it.'),
      }),
      response: answers(200, 'The copy.', ref('Entry')),
    },
    handler: ({ params: { ref }, body }) => drive.copy(ref, body),
  })
  app.post<ByRef & { Body: { add?: string[]; remove?: string[] } }>('/api/v1/objects/:ref/tag', {
    schema: {
      operationId: 'tagObject',
      summary: 'Add and take away tags',
      tags,
      params,
      body: fields({ 'add?': listOf(text), 'remove?': listOf(text) }),
      response: entryAnswer,
    },
    handler: ({ params: { ref }, body }) => drive.tag(ref, body),
  })
  app.post<ByRef>('/api/v1/objects/:ref/trash', {
    schema: {
      operationId: 'trashObject',
      summary: 'Put into the trash',
      tags,
      params,
      response: entryAnswer,
    },
    handler: ({ params: { ref } }) => drive.remove(ref),
  })
  app.post<ByRef>('/api/v1/objects/:ref/purge', {
    schema: {
      operationId: 'purgeObject',
      summary: 'Take away for good',
      tags,
      params,
      response: answers(200, 'What it was.', ref('Entry')),
    },
    handler: ({ params: { ref } }) => drive.remove(ref, { isForever: true }),
  })
  app.post<ByRef & { Body: { version?: number } | undefined }>('/api/v1/objects/:ref/restore', {
    schema: {
      operationId: 'restoreObject',
      summary: 'Take out of the trash, or make an older version the latest',
      tags,
      params,
      body: fields({ 'version?': { type: 'integer', minimum: 1 } }),
      response: entryAnswer,
    },
    handler: ({ params: { ref }, body }) => drive.restore(ref, body ?? {}),
  })
}
