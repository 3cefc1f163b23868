import { appFolder, type Caller, isOwnPlace, placeOf } from '@anarq/sdk'
import type { FastifyContextConfig, FastifyRequest } from 'fastify'
import { readWholeBody } from '../body.ts'
import { appWith, checkPlace } from '../callers.ts'
import type { App, DoorContext } from '../context.ts'
import { answers, count, described, fields, listOf, ref, text, time } from '../schema/parts.ts'
import { partBytesMax } from '../uploads.ts'
import { filePathOf } from './files.ts'

const tags = ['files']
/** Who knows the id of an upload began it: an app goes on with its own. */
const config = { isForApps: true } as const
const params = fields({ id: { ...text, maxLength: 64 } })
type ById = { Params: { id: string } }
type Begun = { path: string; bytes: number; modifiedMs?: number; type?: string; tags?: string[] }

/** Large files in parts, for pages: they may stop, be reloaded, and go on. */
export function addUploadRoutes(app: App, context: DoorContext): void {
  const { uploads, operationsFor, clock } = context
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
        path: described(
          { ...text, maxLength: 4096 },
          'Where it will be in the drive; with app:/ in front, in the storage of whoever asks.',
        ),
        bytes: count,
        'modifiedMs?': time,
        'type?': { ...text, maxLength: 256 },
        'tags?': { ...listOf(text), maxItems: 64 },
      }),
      response: answers(200, 'The upload.', ref('Upload')),
    },
    async handler(request) {
      const { path, modifiedMs = clock.nowMs(), ...body } = request.body
      const caller = await context.callerOf(request.headers)
      const whole = placeFor(path, caller, refusedFor(request, context))
      const slash = whole.lastIndexOf('/')
      const folder = whole.slice(0, slash) || '/'
      const upload = { ...body, modifiedMs, folder, name: whole.slice(slash + 1) }
      const app = caller.kind === 'app' ? caller : undefined
      return uploads.begin(upload, operationsFor({ app }).drive)
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
    async handler(request) {
      const facts = uploads.facts(request.params.id)
      checkStill(facts.path, await context.callerOf(request.headers), refusedFor(request, context))
      return facts
    },
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
    async handler(request, reply) {
      const { id } = request.params
      checkStill(
        uploads.facts(id).path,
        await context.callerOf(request.headers),
        refusedFor(request, context),
      )
      await uploads.cancel(id)
      return reply.code(204).send()
    },
  })
}

/** In an app's own storage no permission is needed, as for calls; elsewhere an app has to be allowed to add files. */
function placeFor(path: string, caller: Caller, onRefused: (app: string) => void): string {
  if (isOwnPlace(path)) {
    filePathOf(path.slice('app:/'.length))
    return placeOf(path, caller)
  }
  return checkPlace(filePathOf(path.replace(/^\//, '')), appWith('drive.write', caller, onRefused))
}

/** What an app of this person's was refused goes on record; anybody can write a header. */
function refusedFor(
  { isOwner, method, routeOptions: { url = '' } }: FastifyRequest,
  { apps }: DoorContext,
): (app: string) => void {
  return (app) => {
    if (isOwner) apps.refused(app, `${method} ${url}`, 'drive.write')
  }
}

/** What was taken back since the upload began counts at once. */
function checkStill(path: string, caller: Caller, onRefused: (app: string) => void): void {
  if (caller.kind === 'person' || path.startsWith(`${appFolder(caller.id)}/`)) return
  checkPlace(path, appWith('drive.write', caller, onRefused))
}

/** The parts of files that are put, and of backups that are checked or restored: each for whom it may concern. */
function addParts(scope: App, context: DoorContext): void {
  const { uploads, callerOf } = context
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
  addPartRoute(scope, context, {
    address: '/api/v1/uploads/:id',
    operationId: 'putUploadPart',
    access: config,
    async check(request, id) {
      checkStill(uploads.facts(id).path, await callerOf(request.headers), refusedFor(request, context))
    },
  })
  addPartRoute(scope, context, {
    address: '/api/v1/backup-checks/:id',
    operationId: 'putBackupPart',
    access: { appNeeds: 'system.backup' },
    async check(_request, id) {
      uploads.checkPurpose(id, 'check')
    },
  })
  addPartRoute(scope, context, {
    address: '/api/v1/restores/:id',
    operationId: 'putRestorePart',
    access: { access: 'page' },
    async check(_request, id) {
      uploads.checkPurpose(id, 'restore')
    },
  })
}

type PartRoute = {
  readonly address: string
  readonly operationId: string
  readonly access: FastifyContextConfig
  check(request: FastifyRequest, id: string): Promise<void>
}

function addPartRoute(
  scope: App,
  { uploads }: DoorContext,
  { address, operationId, access, check }: PartRoute,
): void {
  scope.put<ById & { Querystring: { offset: number } }>(address, {
    config: { ...access, streams: 'application/octet-stream' },
    schema: {
      operationId,
      summary: 'The next part of it',
      tags,
      params,
      querystring: fields({ offset: described(count, 'Where the part begins.') }),
      response: answers(200, 'How much has come; with the last part, what it became.', ref('Upload')),
    },
    async handler(request) {
      const { id } = request.params
      await check(request, id)
      const tooLarge = `A part has at most ${partBytesMax} bytes.`
      const part = await readWholeBody(request, partBytesMax, tooLarge, (bytes) => uploads.roomFor(id, bytes))
      return uploads.add(id, request.query.offset, part)
    },
  })
}
