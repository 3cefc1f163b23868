import type { App, DoorContext } from '../context.ts'
import { answers, count, described, fields, ref, text } from '../schema/parts.ts'

const tags = ['health']
/** There is nobody yet who could sign: as with a first identity, a page of this node's own may begin. */
const config = { access: 'page' } as const
const params = fields({ id: { ...text, maxLength: 64 } })
type ById = { Params: { id: string } }

/** A backup that a browser brings into an empty home; its bytes go by the routes of uploads. */
export function addRestoreRoutes(app: App, { uploads }: DoorContext): void {
  app.post<{ Body: { bytes: number } }>('/api/v1/restores', {
    config,
    schema: {
      operationId: 'beginRestore',
      summary: 'In an empty home: begin to bring a backup back',
      description:
        'With the last byte all of it is back, locked. What is broken off leaves no identity, and can be begun again.',
      tags,
      body: fields({ bytes: described(count, 'How large it is.') }),
      response: answers(200, 'Where it goes: PUT /api/v1/restores/ID.', ref('Upload')),
    },
    handler: ({ body }) => uploads.beginRestore(body.bytes),
  })
  app.get<ById>('/api/v1/restores/:id', {
    config,
    schema: {
      operationId: 'getRestore',
      summary: 'How much of it has come',
      tags,
      params,
      response: answers(200, 'The restore.', ref('Upload')),
    },
    async handler({ params: { id } }) {
      uploads.checkPurpose(id, 'restore')
      return uploads.facts(id)
    },
  })
  app.delete<ById>('/api/v1/restores/:id', {
    config,
    schema: {
      operationId: 'cancelRestore',
      summary: 'Give it up: the home stays empty',
      tags,
      params,
      response: answers(204, 'It is given up.'),
    },
    async handler({ params }, reply) {
      uploads.checkPurpose(params.id, 'restore')
      await uploads.cancel(params.id)
      return reply.code(204).send()
    },
  })
}
