import type { PlainPermission } from '@anarq/sdk'
import type { FastifyRequest } from 'fastify'
import { readWholeBody } from '../body.ts'
import { checkPlace } from '../callers.ts'
import type { App, DoorContext } from '../context.ts'
import { answers, count, described, fields, listOf, ref, text, time } from '../schema/parts.ts'
import { partBytesMax } from '../uploads.ts'
import { filePathOf } from './files.ts'

const tags = ['files']
/** Who knows the id of an upload began it: an app that may add files goes on with its own. */
const config = { appNeeds: 'drive.write' } as const
const params = fields({ id: { ...text, maxLength: 64 } })
type ById = { Params: { id: string } }
type Begun = { path: string; bytes: number; modifiedMs?: number; type?: string; tags?: string[] }

/** Large files in parts, for pages: they may stop, be reloaded, and go on. */
export function addUploadRoutes(app: App, context: DoorContext): void {
  const { uploads, clock } = context
  app.register(async (scope) => addParts(scope, context))

  app.post<{ Body: Begun }>('/api/v1/uploads', {
    config,
    schema: {
      operationId: 'beginUpload',
      summary: 'Begin a file that comes in parts',
      description:
        'It appears when all of it has come, or not at all. After a quarter of an hour without a part it is given up.',
      tags,
      body: fields({
        path: described({ ...text, maxLength: 4096 }, 'Where it will be in the drive.'),
        bytes: count,
        'modifiedMs?': time,
        'type?': { ...text, maxLength: 256 },
        'tags?': { ...listOf(text), maxItems: 64 },
      }),
      response: answers(200, 'The upload.', ref('Upload')),
    },
    async handler({ app: asker, body: { path, modifiedMs = clock.nowMs(), ...body } }) {
      const whole = checkPlace(filePathOf(path.replace(/^\//, '')), asker)
      const slash = whole.lastIndexOf('/')
      return uploads.begin({
        ...body,
        modifiedMs,
        folder: whole.slice(0, slash) || '/',
        name: whole.slice(slash + 1),
      })
    },
  })
  app.get('/api/v1/uploads', {
    schema: {
      operationId: 'listUploads',
      summary: 'Uploads that are open, and those that ended lately',
      tags,
      response: answers(200, 'They.', listOf(ref('Upload'))),
    },
    handler: async () => uploads.list(),
  })
  app.get<ById>('/api/v1/uploads/:id', {
    config,
    schema: {
      operationId: 'getUpload',
      summary: 'How much of it has come',
      tags,
      params,
      response: answers(200, 'The upload.', ref('Upload')),
    },
    handler: async ({ params: { id } }) => uploads.facts(id),
  })
  app.delete<ById>('/api/v1/uploads/:id', {
    config,
    schema: {
      operationId: 'cancelUpload',
      summary: 'Give it up: nothing of it stays',
      tags,
      params,
      response: answers(204, 'It is gone.'),
    },
    async handler({ params: { id } }, reply) {
      await uploads.cancel(id)
      return reply.code(204).send()
    },
  })
}

/** The parts of files that are put, and of backups that are checked: each for whom it may concern. */
function addParts(scope: App, context: DoorContext): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
  addPartRoute(scope, context, {
    address: '/api/v1/uploads/:id',
    operationId: 'putUploadPart',
    appNeeds: config.appNeeds,
  })
  addPartRoute(scope, context, {
    address: '/api/v1/backup-checks/:id',
    operationId: 'putBackupPart',
    appNeeds: 'system.backup',
  })
}

type PartRoute = { address: string; operationId: string; appNeeds: PlainPermission }

function addPartRoute(
  scope: App,
  { uploads }: DoorContext,
  { address, operationId, appNeeds }: PartRoute,
): void {
  scope.put<ById & { Querystring: { offset: number } }>(address, {
    config: { appNeeds, streams: 'application/octet-stream' },
    schema: {
      operationId,
      summary: 'The next part of it',
      tags,
      params,
      querystring: fields({ offset: described(count, 'Where the part begins.') }),
      response: answers(200, 'How much has come; with the last part, what it became.', ref('Upload')),
    },
    async handler(request: FastifyRequest<ById & { Querystring: { offset: number } }>) {
      const tooLarge = `A part has at most ${partBytesMax} bytes.`
      const part = await readWholeBody(request, partBytesMax, tooLarge)
      return uploads.add(request.params.id, request.query.offset, part)
    },
  })
}
