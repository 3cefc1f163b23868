import { toBase64Url } from '@anarq/bytes'
import type { ShareOptions } from '@anarq/kernel'
import { sendContent } from '../content.ts'
import { type App, type DoorContext, signalOf } from '../context.ts'
import {
  answers,
  binary,
  bytesText,
  described,
  fields,
  listOf,
  oneOf,
  passphrase,
  ref,
  text,
  time,
} from '../schema/parts.ts'
import { pingOf } from './import.ts'

const tags = ['sharing']
/** 64 KiB of JSON: a ping file has less than 1 KiB. */
const bodyLimit = 64 * 1024

export function addSharingRoutes(app: App, { operations: { sharing }, problem }: DoorContext): void {
  app.post<{ Params: { ref: string }; Body: ShareOptions }>('/api/v1/objects/:ref/share', {
    schema: {
      operationId: 'shareObject',
      summary: 'Let somebody read (or write) a file',
      tags,
      params: fields({
        ref: described(text, 'Path, object id, or a name that only one thing has; percent-encoded.'),
      }),
      body: fields({
        with: described(text, 'DID, or the name of an identity here.'),
        'rights?': listOf(oneOf('read', 'write', 'share')),
        'untilMs?': time,
        'uses?': { type: 'integer', minimum: 1 },
        'purpose?': text,
      }),
      response: answers(
        201,
        'The grant, and the ping file to send.',
        fields({ grant: ref('Grant'), ping: bytesText }),
      ),
    },
    async handler({ params, body }, reply) {
      const { grant, ping } = await sharing.share(params.ref, body)
      return reply.code(201).send({ grant, ping: toBase64Url(ping) })
    },
  })
  app.post<{ Body: { ping: string; purpose?: string; lock?: string } }>('/api/v1/pings/open', {
    bodyLimit,
    schema: {
      operationId: 'openShared',
      summary: 'Read what somebody shared',
      tags,
      body: fields({ ping: bytesText, 'purpose?': text, 'lock?': passphrase }),
      response: answers(200, 'Its content; the header Anarq-Entry says what it is.', binary, '*/*'),
    },
    async handler(request, reply) {
      const { ping, ...terms } = request.body
      const content = await sharing.open(pingOf(ping), { ...terms, signal: signalOf(reply) })
      return sendContent(content, { request, reply, problem })
    },
  })
  app.get<{ Querystring: { direction?: 'in' | 'out' } }>('/api/v1/grants', {
    schema: {
      operationId: 'listGrants',
      summary: 'What was allowed to others, and what was allowed to this identity',
      tags,
      querystring: fields({ 'direction?': oneOf('in', 'out') }),
      response: answers(200, 'The grants.', listOf(ref('Grant'))),
    },
    handler: ({ query }) => sharing.grants(query.direction),
  })
  app.delete<{ Params: { id: string } }>('/api/v1/grants/:id', {
    schema: {
      operationId: 'revokeGrant',
      summary: 'Take a grant back',
      tags,
      params: fields({ id: text }),
      response: answers(200, 'The grant.', ref('Grant')),
    },
    handler: ({ params }) => sharing.revoke(params.id),
  })
}
