import type { App, DoorContext } from '../context.ts'
import { answers, count, fields, flag, listOf, ref, text } from '../schema/parts.ts'

const tags = ['audit']

export function addAuditRoutes(app: App, { operations: { audit } }: DoorContext): void {
  app.get<{ Querystring: { limit?: number; object?: string; action?: string } }>('/api/v1/audit', {
    schema: {
      operationId: 'listAudit',
      summary: 'The newest entries of the audit log',
      tags,
      querystring: fields({
        'limit?': { type: 'integer', minimum: 1, maximum: 100_000 },
        'object?': text,
        'action?': text,
      }),
      response: answers(200, 'The entries.', listOf(ref('AuditEntry'))),
    },
    handler: ({ query }) => audit.tail(query),
  })
  app.post('/api/v1/audit/verify', {
    schema: {
      operationId: 'verifyAudit',
      summary: 'Check the whole audit log: signatures, tree, entries',
      tags,
      response: answers(
        200,
        'What was found.',
        fields({ isWhole: flag, size: count, findings: listOf(text) }),
      ),
    },
    handler: () => audit.verify(),
  })
  app.get<{ Params: { index: number } }>('/api/v1/audit/:index/proof', {
    schema: {
      operationId: 'proveAudit',
      summary: 'A proof of one entry that anybody can check with public data alone',
      tags,
      params: fields({ index: count }),
      response: answers(200, 'The proof.', { type: 'object', additionalProperties: true }),
    },
    handler: ({ params }) => audit.prove(params.index),
  })
  app.get('/api/v1/alerts', {
    schema: {
      operationId: 'listAlerts',
      summary: 'Alerts since the start',
      tags,
      response: answers(200, 'The alerts.', listOf(ref('Alert'))),
    },
    handler: () => audit.alerts(),
  })
  app.get('/api/v1/guardian/flows', {
    schema: {
      operationId: 'listFlows',
      summary: 'The flows of now and of a moment ago, stage by stage',
      tags,
      response: answers(200, 'The flows, newest first.', listOf(ref('Flow'))),
    },
    handler: () => audit.flows(),
  })
  app.get('/api/v1/guardian/risks', {
    schema: {
      operationId: 'listRisks',
      summary: 'How much stands against whom',
      tags,
      response: answers(200, 'The heaviest first.', listOf(ref('Risk'))),
    },
    handler: () => audit.risks(),
  })
  app.get('/api/v1/guardian/decoys', {
    schema: {
      operationId: 'listDecoys',
      summary: 'Files that nobody has a reason to open',
      tags,
      response: answers(200, 'The decoys.', listOf(ref('Entry'))),
    },
    handler: () => audit.decoys(),
  })
}
