import { readBody } from '../body.ts'
import { type App, type DoorContext, signalOf } from '../context.ts'
import { answers, count, described, fields, ref, text } from '../schema/parts.ts'

const tags = ['health']
const params = fields({ id: { ...text, maxLength: 64 } })
type ById = { Params: { id: string } }

/** How much room there is and is taken, and backups that are tried before they are needed. */
export function addStorageRoutes(app: App, context: DoorContext): void {
  const {
    operations: { health },
    uploads,
  } = context
  app.register(async (scope) => addCheck(scope, context))

  app.get('/api/v1/storage', {
    schema: {
      operationId: 'getStorage',
      summary: 'How much there is, of what, and how much room is left',
      tags,
      response: answers(200, 'The figures.', ref('Storage')),
    },
    handler: () => health.storage(),
  })
  app.post<{ Body: { bytes?: number } }>('/api/v1/storage/quota', {
    schema: {
      operationId: 'setQuota',
      summary: 'How large the store of this node may grow',
      tags,
      body: fields({ 'bytes?': described(count, 'At least 1 MiB; absent: no quota.') }),
      response: answers(200, 'The figures.', ref('Storage')),
    },
    handler: ({ body }) => health.setQuota(body),
  })
  app.post<{ Body: { bytes: number } }>('/api/v1/backup-checks', {
    config: { appNeeds: 'system.backup' },
    schema: {
      operationId: 'beginBackupCheck',
      summary: 'Begin to check a backup: nothing of it is kept',
      tags,
      body: fields({ bytes: described(count, 'How large it is.') }),
      response: answers(200, 'Where it goes: PUT /api/v1/backup-checks/ID.', ref('Upload')),
    },
    handler: async ({ body }) => uploads.beginCheck(body.bytes),
  })
  app.get<ById>('/api/v1/backup-checks/:id', {
    config: { appNeeds: 'system.backup' },
    schema: {
      operationId: 'getBackupCheck',
      summary: 'How much of it has come',
      tags,
      params,
      response: answers(200, 'The check.', ref('Upload')),
    },
    async handler({ params: { id } }) {
      uploads.checkPurpose(id, 'check')
      return uploads.facts(id)
    },
  })
  app.delete<ById>('/api/v1/backup-checks/:id', {
    config: { appNeeds: 'system.backup' },
    schema: {
      operationId: 'cancelBackupCheck',
      summary: 'Give the check up',
      tags,
      params,
      response: answers(204, 'It is given up.'),
    },
    async handler({ params }, reply) {
      uploads.checkPurpose(params.id, 'check')
      await uploads.cancel(params.id)
      return reply.code(204).send()
    },
  })
}

function addCheck(scope: App, { operations: { health } }: DoorContext): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
  scope.post('/api/v1/health/check-backup', {
    config: { streams: 'application/vnd.ipld.car' },
    schema: {
      operationId: 'checkBackup',
      summary: 'Read a backup to its end and say what would come back: nothing is kept of it',
      tags,
      response: answers(200, 'What was found.', ref('BackupReport')),
    },
    handler: (request, reply) => health.checkBackup(readBody(request), signalOf(reply)),
  })
}
