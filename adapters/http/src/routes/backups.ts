import type { FastifyContextConfig } from 'fastify'
import { readBody } from '../body.ts'
import { type App, type DoorContext, signalOf } from '../context.ts'
import { answers, count, described, fields, ref, type Schema, text } from '../schema/parts.ts'
import { restoreReport } from '../schema/uploads.ts'
import type { BackupPurpose } from '../uploads.ts'
import { addPartRoute } from './parts.ts'

const tags = ['health']
const carType = 'application/vnd.ipld.car'
const params = fields({ id: { ...text, maxLength: 64 } })
type ById = { Params: { id: string } }

/** What becomes of a backup that comes in: in parts from a page, or as one body from a program. */
type Way = {
  readonly purpose: BackupPurpose
  readonly address: string
  readonly config: FastifyContextConfig
  readonly begin: Named & { readonly description: string }
  readonly look: Named
  readonly cancel: Named & { readonly given: string }
  readonly part: string
  readonly whole: Named & {
    readonly address: string
    readonly config: FastifyContextConfig
    readonly found: string
    readonly report: Schema
  }
}
type Named = { readonly operationId: string; readonly summary: string }

const ways: readonly Way[] = [
  {
    purpose: 'check',
    address: '/api/v1/backup-checks',
    config: { appNeeds: 'system.backup' },
    begin: {
      operationId: 'beginBackupCheck',
      summary: 'Begin to check a backup: nothing of it is kept',
      description: 'With the last byte it says what would come back.',
    },
    look: { operationId: 'getBackupCheck', summary: 'How much of it has come' },
    cancel: { operationId: 'cancelBackupCheck', summary: 'Give the check up', given: 'It is given up.' },
    part: 'putBackupPart',
    whole: {
      operationId: 'checkBackup',
      address: '/api/v1/health/check-backup',
      config: {},
      summary: 'Read a backup to its end and say what would come back: nothing is kept of it',
      found: 'What was found.',
      report: ref('BackupReport'),
    },
  },
  {
    purpose: 'restore',
    address: '/api/v1/restores',
    // There is nobody yet who could sign: as with a first identity, a page of this node's own may begin.
    config: { access: 'page' },
    begin: {
      operationId: 'beginRestore',
      summary: 'In an empty home: begin to bring a backup back',
      description:
        'With the last byte all of it is back, locked; of a damaged one what is whole. What is broken off leaves no identity, and can be begun again.',
    },
    look: { operationId: 'getRestore', summary: 'How much of it has come' },
    cancel: {
      operationId: 'cancelRestore',
      summary: 'Give it up: the home stays empty',
      given: 'It is given up.',
    },
    part: 'putRestorePart',
    whole: {
      operationId: 'restoreBackup',
      address: '/api/v1/health/restore-backup',
      config: { access: 'socket' },
      summary: 'Bring a backup back, into a home that is empty',
      found: 'What came back.',
      report: restoreReport,
    },
  },
]

/** Backups that come in, to be checked before they are needed or to be restored: alike but for what becomes of them. */
export function addBackupRoutes(app: App, context: DoorContext): void {
  for (const way of ways) addBegun(app, way, context)
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
    for (const way of ways) addBodies(scope, way, context)
  })
}

function addBegun(app: App, way: Way, { uploads }: DoorContext): void {
  const { purpose, address, config, begin, look, cancel } = way
  app.post<{ Body: { bytes: number } }>(address, {
    config,
    schema: {
      ...begin,
      tags,
      body: fields({ bytes: described(count, 'How large it is.') }),
      response: answers(200, `Where it goes: PUT ${address}/ID.`, ref('Upload')),
    },
    handler: ({ body }) => uploads.beginBackup(purpose, body.bytes),
  })
  app.get<ById>(`${address}/:id`, {
    config,
    schema: { ...look, tags, params, response: answers(200, 'How it stands.', ref('Upload')) },
    async handler({ params: { id } }) {
      uploads.checkPurpose(id, purpose)
      return uploads.facts(id)
    },
  })
  const { given, ...cancelled } = cancel
  app.delete<ById>(`${address}/:id`, {
    config,
    schema: { ...cancelled, tags, params, response: answers(204, given) },
    async handler({ params: { id } }, reply) {
      uploads.checkPurpose(id, purpose)
      await uploads.cancel(id)
      return reply.code(204).send()
    },
  })
}

function addBodies(scope: App, { purpose, address, config, part, whole }: Way, context: DoorContext): void {
  const {
    uploads,
    operations: { health },
  } = context
  addPartRoute(scope, context, {
    address: `${address}/:id`,
    operationId: part,
    access: config,
    async check(_request, id) {
      uploads.checkPurpose(id, purpose)
    },
  })
  const { found, report, address: at, config: access, ...named } = whole
  scope.post(at, {
    config: { ...access, streams: carType },
    schema: { ...named, tags, response: answers(200, found, report) },
    handler: (request, reply) =>
      purpose === 'check'
        ? health.checkBackup(readBody(request), signalOf(reply))
        : health.restoreBackup(readBody(request), signalOf(reply)),
  })
}
