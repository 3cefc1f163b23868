import type { App, DoorContext } from '../context.ts'
import { answers, count, described, fields, ref } from '../schema/parts.ts'

const tags = ['health']

/** How much room there is and is taken. */
export function addStorageRoutes(app: App, { operations: { health } }: DoorContext): void {
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
}
