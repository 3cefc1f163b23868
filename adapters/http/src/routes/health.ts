import { begun, sendPieces } from '../content.ts'
import { type App, type DoorContext, signalOf } from '../context.ts'
import { atMostEvery, eventStream, ndjsonType } from '../ndjson.ts'
import { answers, binary, count, described, fields, listOf, ref, text } from '../schema/parts.ts'

const tags = ['health']
const carType = 'application/vnd.ipld.car'
const progressEveryMs = 200

export function addHealthRoutes(app: App, context: DoorContext): void {
  const {
    operations: { health },
    problem,
  } = context
  app.post<{ Body: { ref?: string } }>('/api/v1/health/verify', {
    schema: {
      operationId: 'verifyAll',
      summary: 'Read everything, or one thing, and say what is damaged',
      tags,
      body: fields({ 'ref?': described(text, 'Path, object id or name; absent: everything of this home.') }),
      response: answers(200, 'What happens, a JSON text a line.', ref('VerifyEvent'), ndjsonType),
    },
    handler({ body }, reply) {
      const signal = signalOf(reply)
      const stream = eventStream(
        async (emit) => ({
          report: await health.verify(body.ref, {
            signal,
            onProgress: atMostEvery(progressEveryMs, (progress) => emit({ progress })),
          }),
        }),
        (error) => ({ error: problem(error) }),
      )
      return reply.type(ndjsonType).send(stream)
    },
  })
  app.get('/api/v1/health/doctor', {
    schema: {
      operationId: 'runDoctor',
      summary: 'Look at the installation: disk, rights, copies',
      tags,
      response: answers(200, 'What was found.', listOf(ref('Finding'))),
    },
    handler: () => health.doctor(),
  })
  app.get('/api/v1/health/backup', {
    config: { appNeeds: 'system.backup' },
    schema: {
      operationId: 'getBackup',
      summary: 'Everything needed to come back, sealed as it lies',
      tags,
      response: answers(200, 'One CAR file.', binary, carType),
    },
    async handler(request, reply) {
      const pieces = await begun(health.backup(signalOf(reply)))
      return sendPieces(pieces, { request, reply: reply.type(carType), problem })
    },
  })
  app.post('/api/v1/health/compact', {
    schema: {
      operationId: 'compact',
      summary: 'Free the room of what is in no version any more',
      tags,
      response: answers(200, 'How much was freed.', fields({ freedBytes: count })),
    },
    handler: (_request, reply) => health.compact(signalOf(reply)),
  })
}
