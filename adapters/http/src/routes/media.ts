import type { IncomingHttpHeaders } from 'node:http'
import { Fault } from '@anarq/fault'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { checkPlace } from '../callers.ts'
import type { App, DoorContext } from '../context.ts'
import { answers, described, fields, text } from '../schema/parts.ts'
import { filePathOf, sendFile } from './files.ts'

const tags = ['files']
const params = fields({ key: { ...text, maxLength: 32 } })
type ByKey = { Params: { key: string } }
type InFrame = { Params: { id: string; frame: string; key: string } }

/** Films and sounds of the drive for a page's own player, which asks by range and cannot sign. */
export function addMediaRoutes(app: App, context: DoorContext): void {
  const { media, operations } = context
  app.post<{ Body: { path: string; version?: number } }>('/api/v1/media', {
    config: { appNeeds: 'drive.read' },
    schema: {
      operationId: 'openMedia',
      summary: 'An address at which a film or a sound can be played, until this session ends',
      tags,
      body: fields({
        path: described({ ...text, maxLength: 4096 }, 'A file of type audio/* or video/*.'),
        'version?': { type: 'integer', minimum: 1 },
      }),
      response: answers(200, 'Where it is.', fields({ address: text })),
    },
    async handler({ keyid, app: asker, body: { path, version } }) {
      if (keyid === undefined)
        throw new Fault('refused.session', 'Such an address belongs to a browser. Ask for one in a browser.')
      const whole = checkPlace(filePathOf(path.replace(/^\//, '')), asker)
      const { kind, type } = await operations.drive.entry(whole)
      if (kind !== 'file' || !/^(audio|video)\//.test(type))
        throw new Fault('invalid.kind', 'This is no film and no sound. Read it as a file.')
      return { address: `/media/${await media.open({ path: whole, version, keyid, app: asker?.id })}` }
    },
  })
  app.delete<ByKey>('/api/v1/media/:key', {
    config: { isForApps: true },
    schema: {
      operationId: 'endMedia',
      summary: 'Nothing lies at this address any more',
      tags,
      params,
      response: answers(204, 'It is gone.'),
    },
    async handler({ params: { key } }, reply) {
      media.end(key)
      return reply.code(204).send()
    },
  })
  for (const method of ['get', 'head'] as const) {
    app[method]<ByKey>('/media/:key', {
      schema: { hide: true, params },
      async handler(request, reply) {
        checkPlayer(request.headers, ['same-origin'])
        return play(request, reply, context)
      },
    })
    app[method]<InFrame>('/apps/:id/:frame/.media/:key', {
      schema: { hide: true, params: fields({ id: text, frame: text, key: { ...text, maxLength: 32 } }) },
      async handler(request, reply) {
        // To a frame of no origin its own node is another site. What is played there cannot be read, by whoever plays it.
        checkPlayer(request.headers, ['same-origin', 'cross-site'])
        reply.header('cross-origin-resource-policy', 'cross-origin')
        return play(request, reply, context, request.params.id)
      },
    })
  }
}

async function play(
  request: FastifyRequest<ByKey>,
  reply: FastifyReply,
  context: DoorContext,
  /** The framed app that it was opened for: below its own address there is nobody else's. */
  framed?: string,
): Promise<FastifyReply> {
  const { path, version, app } = await context.media.at(request.params.key)
  if (framed !== undefined && framed !== app)
    throw new Fault('missing.media', 'This address has ended. Open the file again.')
  // Nothing of the drive stays in the browser's cache when the session is over.
  return sendFile(request, reply, context, { path, version, cacheControl: 'no-store' })
}

/** A browser that says what it loads for says a player, and whose: where only this node's own page plays, another gets nothing. */
function checkPlayer(
  { 'sec-fetch-site': site, 'sec-fetch-dest': dest }: IncomingHttpHeaders,
  sites: readonly string[],
): void {
  const isOwn = site === undefined || sites.includes(site)
  const isPlayer = dest === undefined || dest === 'audio' || dest === 'video'
  if (isOwn && isPlayer) return
  throw new Fault('refused.origin', 'This address is for the player of a page of this node alone.')
}
