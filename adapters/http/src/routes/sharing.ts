import { toBase64Url } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import type { ShareOptions, TreeEntry } from '@anarq/kernel'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { begun, sendContent, sendPieces } from '../content.ts'
import { dispositionOf } from '../content-headers.ts'
import { type App, type DoorContext, signalOf } from '../context.ts'
import { atMostEvery, eventStream, lineStream, ndjsonType } from '../ndjson.ts'
import {
  answers,
  binary,
  bytesText,
  described,
  fields,
  flag,
  listOf,
  oneOf,
  passphrase,
  ref,
  text,
  time,
} from '../schema/parts.ts'
import { packTree } from '../tar/pack-tree.ts'
import { pingOf } from './import.ts'

const tags = ['sharing']
/** 64 KiB of JSON: a ping file has less than 1 KiB. */
const bodyLimit = 64 * 1024
const tarMediaType = 'application/x-tar'
const progressEveryMs = 200
const only = described(text, 'One thing of a shared folder: its path below that folder.')

export function addSharingRoutes(app: App, context: DoorContext): void {
  addGrants(app, context)
  addOpening(app, context)
}

function addGrants(app: App, { operations: { sharing }, problem }: DoorContext): void {
  app.post<{ Params: { ref: string }; Body: ShareOptions }>('/api/v1/objects/:ref/share', {
    schema: {
      operationId: 'shareObject',
      summary: 'Let somebody read (or write) a file, or a folder with what lies in it',
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
  app.post<{ Params: { id: string } }>('/api/v1/grants/:id/reseal', {
    config: { appNeeds: 'consent.manage' },
    schema: {
      operationId: 'revokeGrantHard',
      summary: 'Take a grant back, and seal what it named anew',
      description:
        'Whoever kept the old keys finds nothing in the store that they open. What was read already cannot be unread, and copies elsewhere stay as they are. Closing the connection stops it; the grant stays revoked.',
      tags,
      params: fields({ id: text }),
      response: answers(200, 'What happens, a JSON text a line.', ref('ResealEvent'), ndjsonType),
    },
    handler({ params }, reply) {
      const signal = signalOf(reply)
      const stream = eventStream(
        async (emit) => ({
          report: await sharing.revokeHard(params.id, {
            signal,
            onProgress: atMostEvery(progressEveryMs, (progress) => emit({ progress })),
          }),
        }),
        (error) => ({ error: problem(error) }),
      )
      return reply.type(ndjsonType).send(stream)
    },
  })
}

type Opening = { ping: string; purpose?: string; lock?: string; only?: string }

function addOpening(app: App, { operationsFor, problem }: DoorContext): void {
  app.post<{ Body: Omit<Opening, 'only'> }>('/api/v1/pings/open', {
    bodyLimit,
    config: { appNeeds: 'drive.read' },
    schema: {
      operationId: 'openShared',
      summary: 'Read a file that somebody shared',
      tags,
      body: fields({ ping: bytesText, 'purpose?': text, 'lock?': passphrase }),
      response: answers(200, 'Its content; the header Anarq-Entry says what it is.', binary, '*/*'),
    },
    async handler(request, reply) {
      const { ping, ...terms } = request.body
      const { sharing } = operationsFor(request)
      const content = await sharing.open(pingOf(ping), { ...terms, signal: signalOf(reply) })
      return sendContent(content, { request, reply, problem })
    },
  })
  app.post<{ Body: Omit<Opening, 'lock'> }>('/api/v1/pings/list', {
    bodyLimit,
    config: { appNeeds: 'drive.read' },
    schema: {
      operationId: 'listShared',
      summary: 'What lies in a folder that somebody shared, parents first: an entry a line',
      tags,
      body: fields({ ping: bytesText, 'purpose?': text, 'only?': only }),
      response: answers(
        200,
        'The entries; paths begin with the name of the folder.',
        ref('Entry'),
        ndjsonType,
      ),
    },
    async handler(request, reply) {
      const { ping, ...terms } = request.body
      const { sharing } = operationsFor(request)
      const entries = await begun(sharing.walk(pingOf(ping), { ...terms, signal: signalOf(reply) }))
      return reply.type(ndjsonType).send(lineStream(entries, (error) => ({ error: problem(error) })))
    },
  })
  app.post<{ Body: Opening & { hasFacts?: boolean } }>('/api/v1/pings/export', {
    bodyLimit,
    config: { appNeeds: 'drive.read' },
    schema: {
      operationId: 'exportShared',
      summary: 'A folder or file that somebody shared, as a tar archive',
      tags,
      body: fields({
        ping: bytesText,
        'purpose?': text,
        'lock?': passphrase,
        'only?': only,
        'hasFacts?': described(flag, 'As for exportLockedTree.'),
      }),
      response: answers(200, 'The archive.', binary, tarMediaType),
    },
    handler: (request, reply) => sendShared(request, reply),
  })

  async function sendShared(
    request: FastifyRequest<{ Body: Opening & { hasFacts?: boolean } }>,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    const { ping, hasFacts = false, ...terms } = request.body
    const tree = operationsFor(request).sharing.readTree(pingOf(ping), { ...terms, signal: signalOf(reply) })
    const { first, all } = await peeked(tree)
    const root = first.entry
    const pieces = await begun(packTree(all, { root, hasFacts }))
    reply.type(tarMediaType).header('content-disposition', dispositionOf(`${root.name}.tar`))
    return sendPieces(pieces, { request, reply, problem })
  }
}

/** The first entry, which names the whole, without taking it out. */
async function peeked(
  tree: AsyncIterable<TreeEntry>,
): Promise<{ first: TreeEntry; all: AsyncIterable<TreeEntry> }> {
  const iterator = tree[Symbol.asyncIterator]()
  const first = await iterator.next()
  if (first.done === true)
    throw new Fault('missing.object', 'There is nothing behind this ping file any more.')
  return { first: first.value, all: whole(first.value, iterator) }
}

async function* whole(first: TreeEntry, rest: AsyncIterator<TreeEntry>): AsyncIterable<TreeEntry> {
  try {
    yield first
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value
  } finally {
    await rest.return?.()
  }
}
