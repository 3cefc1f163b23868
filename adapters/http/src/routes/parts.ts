/** Bytes of what may stop and go on: one route, whatever becomes of them. */
import { once } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import type { FastifyContextConfig, FastifyRequest } from 'fastify'
import { readWholeBody } from '../body.ts'
import type { App, DoorContext } from '../context.ts'
import { answers, count, described, fields, ref, text } from '../schema/parts.ts'
import type { Sending } from '../uploads.ts'

const tags = ['files']
const params = fields({ id: { ...text, maxLength: 64 } })
type ById = { Params: { id: string } }

/** Of what is compared with its digest before anything is made of it. */
const boundBytesMax = 16 * 1024 * 1024

export type PartRoute = {
  readonly address: string
  readonly operationId: string
  readonly access: FastifyContextConfig
  check(request: FastifyRequest, id: string): Promise<void>
}

export function addPartRoute(
  scope: App,
  { uploads }: DoorContext,
  { address, operationId, access, check }: PartRoute,
): void {
  scope.put<ById & { Querystring: { offset: number } }>(address, {
    config: { ...access, streams: 'application/octet-stream', bodyMayBeUnbound: true },
    schema: {
      operationId,
      summary: 'All that is missing of it, or the next part',
      description:
        'What came counts, even where the connection breaks. Who comes later goes on alone. Over loopback or HTTPS the signature may leave out the digest, and there is no limit but the end of the file; with a digest a part has at most 16 MiB.',
      tags,
      params,
      querystring: fields({ offset: described(count, 'Where it goes on.') }),
      response: answers(200, 'How much has come; with the last byte, what it became.', ref('Upload')),
    },
    async handler(request) {
      const { id } = request.params
      await check(request, id)
      return uploads.add(id, {
        offset: request.query.offset,
        ...(await bodyOf(request)),
        async check() {
          await request.checkAdmitted()
          await check(request, id)
        },
      })
    },
  })
}

/** As it comes; where digests bind it, whole and compared. */
async function bodyOf(request: FastifyRequest): Promise<Pick<Sending, 'bytes' | 'pieces'>> {
  const { raw, headers, digests } = request
  if (digests.length > 0) {
    const tooLarge = `A part that comes with its digest has at most ${boundBytesMax} bytes.`
    const part = await readWholeBody(request, boundBytesMax, tooLarge)
    return { bytes: part.length, pieces: once(part) }
  }
  if (headers['transfer-encoding'] !== undefined)
    throw new Fault('invalid.header', 'A part says how long it is: send Content-Length.')
  // Leaving early must not close the connection: the answer goes out on it.
  const pieces: AsyncIterable<Uint8Array> = {
    [Symbol.asyncIterator]: () => raw.iterator({ destroyOnReturn: false }),
  }
  return { bytes: Number(headers['content-length'] ?? 0), pieces }
}
