import type { NewToolKey } from '@anarq/kernel'
import type { App, DoorContext } from '../context.ts'
import { answers, described, fields, listOf, oneOf, ref, text, time } from '../schema/parts.ts'

const tags = ['tools']

/** Keys for tools. A secret is given once, when its key is made; here nothing of it is kept. */
export function addToolRoutes(app: App, { operations: { tools } }: DoorContext): void {
  app.get('/api/v1/tools', {
    schema: {
      operationId: 'listToolKeys',
      summary: 'Keys for tools, newest first',
      tags,
      response: answers(200, 'The keys.', listOf(ref('ToolKey'))),
    },
    handler: () => tools.list(),
  })
  app.post<{ Body: NewToolKey }>('/api/v1/tools', {
    schema: {
      operationId: 'createToolKey',
      summary: 'Make a key for a tool: one door, one folder, to read or to write',
      tags,
      body: fields({
        name: { type: 'string', minLength: 1, maxLength: 200 },
        door: oneOf('webdav', 'mcp'),
        'folder?': described(text, 'Path or id; absent: the whole drive.'),
        rights: oneOf('read', 'write'),
        'untilMs?': time,
      }),
      response: answers(
        200,
        'The key.',
        fields({ key: ref('ToolKey'), secret: described(text, 'What the tool shows; given once, here.') }),
      ),
    },
    handler: ({ body }) => tools.create(body),
  })
  app.delete<{ Params: { id: string } }>('/api/v1/tools/:id', {
    schema: {
      operationId: 'revokeToolKey',
      summary: 'Take a key back, at once and for good',
      tags,
      params: fields({ id: text }),
      response: answers(200, 'What it is now.', ref('ToolKey')),
    },
    handler: ({ params }) => tools.revoke(params.id),
  })
}
