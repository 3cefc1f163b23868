import type { App, DoorContext } from '../context.ts'
import { answers, count, described, fields, ref, text } from '../schema/parts.ts'

const tags = ['health']
/** There is nobody yet who could sign: as with a first identity, a page of this node's own may begin. */
const config = { access: 'page' } as const

/** A backup that a browser brings into an empty home; its parts go by the routes of uploads. */
export function addRestoreRoutes(app: App, { uploads }: DoorContext): void {
  app.post<{ Body: { bytes: number } }>('/api/v1/restores', {
    config,
    schema: {
      operationId: 'beginRestore',
      summary: 'In an empty home: begin to bring a backup back that comes in parts',
      description:
        'With the last part all of it is back, locked. What is broken off leaves no identity, and can be begun again.',
      tags,
      body: fields({ bytes: described(count, 'How large it is.') }),
      response: answers(200, 'Where its parts go: PUT /api/v1/restores/ID.', ref('Upload')),
    },
    handler: ({ body }) => uploads.beginRestore(body.bytes),
  })
  app.delete<{ Params: { id: string } }>('/api/v1/restores/:id', {
    config,
    schema: {
      operationId: 'cancelRestore',
      summary: 'Give it up: the home stays empty',
      tags,
      params: fields({ id: { ...text, maxLength: 64 } }),
      response: answers(204, 'It is given up.'),
    },
    async handler({ params }, reply) {
      uploads.checkPurpose(params.id, 'restore')
      await uploads.cancel(params.id)
      return reply.code(204).send()
    },
  })
}
