import { parseCid } from '@anarq/ipld'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { begun, sendPieces } from '../content.ts'
import { dispositionOf } from '../content-headers.ts'
import type { App, DoorContext } from '../context.ts'
import {
  blockOf,
  type CarScope,
  carOf,
  carTypeOf,
  formatOf,
  probeBlock,
  probeCar,
  probeCid,
  rawType,
  scopeOf,
  type Touched,
} from '../gateway.ts'
import { isNotModified } from '../range.ts'
import { answers, binary, described, fields, oneOf, type Schema, text } from '../schema/parts.ts'

type Asked = {
  Params: { cid: string }
  Querystring: { format?: string; filename?: string; [name: string]: string | undefined }
}

const immutable = 'public, max-age=29030400, immutable'

/** https://specs.ipfs.tech/http-gateways/trustless-gateway/, for blocks: whoever has a name may have the sealed block. */
export function addGatewayRoutes(app: App, context: DoorContext): void {
  const answer = (request: FastifyRequest<Asked>, reply: FastifyReply): Promise<FastifyReply> =>
    serve(request, reply, context)
  app.get<Asked>('/ipfs/:cid', {
    schema: schemaOf('getBlock', 'A sealed block, or a CAR of it and what it links to'),
    handler: answer,
  })
  app.head<Asked>('/ipfs/:cid', { schema: schemaOf('headBlock', 'Whether a block is here'), handler: answer })
}

function schemaOf(operationId: string, summary: string): Schema {
  return {
    operationId,
    summary,
    tags: ['blocks'],
    params: fields({ cid: described(text, 'CIDv1 in base32.') }),
    querystring: fields(
      {
        'format?': oneOf('raw', 'car'),
        'dag-scope?': oneOf('block', 'entity', 'all'),
        'entity-bytes?': text,
        'car-version?': text,
        'car-order?': text,
        'car-dups?': text,
        'filename?': text,
      },
      { additionalProperties: true },
    ),
    response: {
      ...answers(200, 'The bytes of the block, or the archive.', binary, rawType),
      304: { description: 'The client has it already.', type: 'null' },
    },
  }
}

async function serve(
  request: FastifyRequest<Asked>,
  reply: FastifyReply,
  { blocks, kernel, gatekeeper, problem }: DoorContext,
): Promise<FastifyReply> {
  const { params, query, headers } = request
  const format = formatOf(headers.accept, query)
  const isCar = format.kind === 'car'
  const scope = scopeOf(query)
  const etag = isCar ? `W/"${params.cid}.${scope}.${format.dups}.car"` : `"${params.cid}.raw"`
  const source = gatekeeper.sourceOf(request.raw)
  const touched: Touched = (digest) =>
    kernel.guardian.decoys.touched(digest, 'gateway', { method: 'gateway', source })
  const isProbe = params.cid === probeCid
  const cid = isProbe ? undefined : parseCid(params.cid)
  const isOnlyIfCached = /\bonly-if-cached\b/i.test(headers['cache-control'] ?? '')
  const root = cid === undefined ? probeBlock : await blockOf(blocks, cid, { touched, isOnlyIfCached })
  reply.headers({
    etag,
    'cache-control': immutable,
    'x-ipfs-path': `/ipfs/${params.cid}`,
    'x-ipfs-roots': params.cid,
    'content-location': `/ipfs/${params.cid}?format=${format.kind}`,
    vary: 'accept',
  })
  if (isNotModified(headers, { etag, modifiedMs: Number.POSITIVE_INFINITY })) return reply.code(304).send()
  reply.header(
    'content-disposition',
    dispositionOf(query.filename ?? `${params.cid}.${isCar ? 'car' : 'bin'}`),
  )
  if (!isCar)
    return reply
      .type(rawType)
      .header('content-length', root.length)
      .send(request.method === 'HEAD' ? undefined : Buffer.from(root.buffer, root.byteOffset, root.length))
  reply.type(carTypeOf(format))
  if (request.method === 'HEAD') return reply.send()
  if (cid === undefined) return reply.send(Buffer.from(probeCar))
  const car = carOf(
    blocks,
    { cid, bytes: root },
    { scope: scope satisfies CarScope, hasDups: format.dups === 'y', touched },
  )
  return sendPieces(await begun(car), { request, reply, problem })
}
