import { appFolder, type Caller, isOwnPlace, placeOf, type UploadState } from '@anarq/sdk'
import type { FastifyRequest } from 'fastify'
import { appWith, checkPlace } from '../callers.ts'
import type { App, DoorContext } from '../context.ts'
import { answers, count, described, fields, listOf, ref, text, time } from '../schema/parts.ts'

import { filePathOf } from './files.ts'
import { addPartRoute } from './parts.ts'

const tags = ['files']
/** An app goes on with the uploads that it began itself. */
const config = { isForApps: true } as const
const params = fields({ id: { ...text, maxLength: 64 } })
type ById = { Params: { id: string } }
type Begun = { path: string; bytes: number; modifiedMs?: number; type?: string; tags?: string[] }

/** Large files, for pages: they may stop, be reloaded, and go on. */
export function addUploadRoutes(app: App, context: DoorContext): void {
  const { uploads, operationsFor, clock } = context
  app.register(async (scope) => addParts(scope, context))

  app.post<{ Body: Begun }>('/api/v1/uploads', {
    config,
    schema: {
      operationId: 'beginUpload',
      summary: 'Begin a file that may stop and go on',
      description:
        'It appears when all of it has come, or not at all. After a quarter of an hour in which nothing comes it is given up.',
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
      return uploads.begin(upload, operationsFor({ app }).drive, app?.id)
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
      return checkStill(request, context, request.params.id)
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
      await checkStill(request, context, id)
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

/** Of whoever asks, and still allowed: what was taken back since it began counts at once. */
async function checkStill(request: FastifyRequest, context: DoorContext, id: string): Promise<UploadState> {
  const caller = await context.callerOf(request.headers)
  if (caller.kind === 'person') return context.uploads.facts(id)
  const facts = context.uploads.facts(id, caller.id)
  if (!facts.path.startsWith(`${appFolder(caller.id)}/`))
    checkPlace(facts.path, appWith('drive.write', caller, refusedFor(request, context)))
  return facts
}

/** The bytes of files that are put. */
function addParts(scope: App, context: DoorContext): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
  addPartRoute(scope, context, {
    address: '/api/v1/uploads/:id',
    operationId: 'putUploadPart',
    access: config,
    async check(request, id) {
      await checkStill(request, context, id)
    },
  })
}
