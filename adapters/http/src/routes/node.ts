import type { FastifyReply } from 'fastify'
import type { App, DoorContext } from '../context.ts'
import { metricsType } from '../metrics.ts'
import { docsPage, type OpenApiDocument } from '../pages/docs.ts'
import { pagePolicy } from '../pages/html.ts'
import { answers, fields, oneOf, text } from '../schema/parts.ts'

const tags = ['node']

export function addNodeRoutes(app: App, { operations: { account }, metrics }: DoorContext): void {
  // The document does not change while the node runs.
  let description: string | undefined
  let docs: string | undefined

  app.get('/health', {
    schema: {
      operationId: 'getHealth',
      summary: 'Whether the node answers',
      tags,
      response: answers(
        200,
        'It does.',
        fields({ status: oneOf('ok'), state: oneOf('empty', 'waiting', 'locked', 'open') }),
      ),
    },
    async handler() {
      const { state } = await account.status()
      return { status: 'ok', state }
    },
  })
  app.get('/metrics', {
    schema: {
      operationId: 'getMetrics',
      summary: 'Figures for Prometheus',
      tags,
      response: answers(200, 'Text format 0.0.4.', text, 'text/plain'),
    },
    handler: async (_request, reply) => reply.type(metricsType).send(await metrics.render()),
  })
  app.get('/api/openapi.json', {
    schema: {
      operationId: 'getOpenApi',
      summary: 'This description',
      tags,
      response: answers(200, 'An OpenAPI 3.1 document.', { type: 'object', additionalProperties: true }),
    },
    async handler(_request, reply) {
      description ??= JSON.stringify(app.swagger())
      return reply.type('application/json').send(description)
    },
  })
  app.get('/api/docs', {
    schema: {
      operationId: 'getDocs',
      summary: 'This description, for people',
      tags,
      response: answers(200, 'The page.', text, 'text/html'),
    },
    async handler(_request, reply) {
      docs ??= docsPage(app.swagger() as unknown as OpenApiDocument)
      return sendPage(reply, docs)
    },
  })
}

function sendPage(reply: FastifyReply, page: string): FastifyReply {
  return reply.type('text/html; charset=utf-8').header('content-security-policy', pagePolicy).send(page)
}
