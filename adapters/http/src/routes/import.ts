import { fromBase64Url, once } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import type { PutItem } from '@anarq/flows'
import type { PutProgress, PutReport } from '@anarq/kernel'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { readBody, readWholeBody } from '../body.ts'
import { checkPlace } from '../callers.ts'
import { type App, type DoorContext, signalOf } from '../context.ts'
import { atMostEvery, eventStream, ndjsonType } from '../ndjson.ts'
import { answers, described, fields, flag, ref, text } from '../schema/parts.ts'
import { type Import, unpackItems } from '../tar/unpack-items.ts'

/** Through the port, an archive is taken in only after all of it was compared with its digest, so it has to fit into memory. */
const signedBytesMax = 64 * 1024 * 1024
const progressEveryMs = 200
const config = { streams: 'application/x-tar' } as const

/** Many files in one request. */
export function addImportRoutes(app: App, context: DoorContext): void {
  const { operations, operationsFor, problem } = context
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))

  app.post<{ Querystring: { to?: string; thorough?: boolean } }>('/api/v1/import', {
    config: { ...config, appNeeds: 'drive.write' },
    schema: {
      operationId: 'importTar',
      summary: 'Keep many files: a tar archive of files, folders and links',
      description:
        'The archive (ustar or pax, GNU names too) may begin with an entry .anarq-options.json: {"tags": […], "lock": "second passphrase", "isDecoy": false}. The answer tells of progress while the archive is still on its way; closing the connection stops the import. An archive that is cut short is an error, and files that were not complete do not appear. Through the port an archive has at most 64 MiB; put large files with putFile.',
      tags: ['files'],
      querystring: fields({
        'to?': described(text, 'Folder that receives; made where it is missing.'),
        'thorough?': described(flag, 'Take in files again whose size and time are the ones stored.'),
      }),
      response: answers(200, 'What happens, a JSON text a line.', ref('PutEvent'), ndjsonType),
    },
    async handler(request, reply) {
      const { options, items: all } = await readImport(request, context)
      const { tags, lock, isDecoy } = options
      const { to = '/', thorough: isThorough } = request.query
      const items = request.app === undefined ? all : placed(all, checkPlace(to, request.app), request.app)
      return events(reply, problem, (onProgress, signal) =>
        operationsFor(request).drive.put(items, { to, tags, lock, isDecoy, isThorough, onProgress, signal }),
      )
    },
  })
  app.post('/api/v1/pings/write', {
    config,
    schema: {
      operationId: 'writeShared',
      summary: "A new version of somebody else's file, or files for their folder, where a grant allows it",
      description:
        'A tar archive as for importTar: the options entry holds "ping" (base64url) and "purpose". Of a shared file the first one is the new content; into a shared folder all of them go.',
      tags: ['sharing'],
      response: answers(200, 'What happens, a JSON text a line.', ref('PutEvent'), ndjsonType),
    },
    async handler(request, reply) {
      const { options, items } = await readImport(request, context)
      const { ping, purpose } = options
      if (ping === undefined)
        throw new Fault(
          'invalid.options',
          'The first entry, .anarq-options.json, has to hold the ping file: {"ping": "…"}.',
        )
      return events(reply, problem, (_onProgress, signal) =>
        operations.sharing.write(pingOf(ping), items, {
          signal,
          ...(purpose === undefined ? {} : { purpose }),
        }),
      )
    },
  })
}

/** What an app sends in goes where apps see. */
async function* placed(
  all: AsyncIterable<readonly PutItem[]>,
  to: string,
  app: NonNullable<FastifyRequest['app']>,
): AsyncIterable<readonly PutItem[]> {
  for await (const some of all) {
    for (const { path } of some) checkPlace(`${to}/${path}`, app)
    yield some
  }
}

async function readImport(request: FastifyRequest, { isAtSocket, disk }: DoorContext): Promise<Import> {
  if (isAtSocket(request.raw)) return unpackItems(readBody(request), disk.read)
  const tooLarge =
    'Through the port an archive has at most 64 MiB. Send several, or large files one by one with PUT /api/v1/files.'
  return unpackItems(once(await readWholeBody(request, signedBytesMax, tooLarge)))
}

function events(
  reply: FastifyReply,
  problem: DoorContext['problem'],
  put: (onProgress: (progress: PutProgress) => void, signal: AbortSignal) => Promise<PutReport>,
): FastifyReply {
  const signal = signalOf(reply)
  const stream = eventStream(
    async (emit) => ({
      report: await put(
        atMostEvery(progressEveryMs, (progress) => emit({ progress })),
        signal,
      ),
    }),
    (error) => ({ error: problem(error) }),
  )
  return reply.type(ndjsonType).send(stream)
}

export function pingOf(text: string): Uint8Array {
  try {
    return fromBase64Url(text)
  } catch (cause) {
    throw new Fault('invalid.ping', 'This ping file is not in base64url. Send it again, whole.', { cause })
  }
}
