import { fromHex } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { type Cid, cborCodec, decodeCbor, digestOf, parseCid } from '@anarq/ipld'
import { type Block, type Blocks, encodeCarBlock, encodeCarHeader } from '@anarq/qnt'

export const rawType = 'application/vnd.ipld.raw'
const carType = 'application/vnd.ipld.car'

/** The identity CID of nothing, by which clients find out that this is a gateway. */
export const probeCid = 'bafkqaaa'
export const probeBlock: Uint8Array = new Uint8Array(0)
/** A CARv1 header whose one root is `bafkqaaa`; the empty block itself is left out. */
export const probeCar: Uint8Array = fromHex('19a265726f6f747381d82a4500015500006776657273696f6e01')

export type Format = { readonly kind: 'raw' } | { readonly kind: 'car'; readonly dups: 'y' | 'n' }
export type CarScope = 'block' | 'entity' | 'all'
/** Told of each block that is asked for: some are decoys. */
export type Touched = (digest: Uint8Array) => void

type Query = Readonly<Record<string, string | undefined>>

const blocksMax = 10_000
const depthMax = 64

/** What the client wants: `format` goes before Accept. `invalid.accept` (406) where it wants neither a block nor a CAR. */
export function formatOf(accept: string | undefined, query: Query): Format {
  if (query.format === 'raw') return { kind: 'raw' }
  if (query.format === 'car') return carFormat(parametersOf(accept), query) ?? unacceptable()
  if (accept === undefined)
    throw new Fault(
      'invalid.request',
      `Say what you want: ?format=raw or ?format=car, or Accept: ${rawType}.`,
    )
  for (const range of rangesOf(accept)) {
    if (range.type === rawType || range.type === 'application/*' || range.type === '*/*')
      return { kind: 'raw' }
    const car = range.type === carType ? carFormat(range.parameters, query) : undefined
    if (car !== undefined) return car
  }
  return unacceptable()
}

export function carTypeOf(format: Format): string {
  return `${carType}; version=1; order=dfs; dups=${format.kind === 'car' ? format.dups : 'n'}`
}

/** `entity-bytes` asks for an entity; here every block is one. */
export function scopeOf(query: Query): CarScope {
  const scope = query['entity-bytes'] === undefined ? (query['dag-scope'] ?? 'all') : 'entity'
  return scope === 'block' || scope === 'entity' ? scope : 'all'
}

/** The block, verified against its name. */
export async function blockOf(
  blocks: Pick<Blocks, 'get'>,
  cid: Cid,
  { touched, isOnlyIfCached = false }: { touched: Touched; isOnlyIfCached?: boolean },
): Promise<Uint8Array> {
  touched(digestOf(cid))
  const bytes = await blocks.get(cid)
  if (bytes !== undefined) return bytes
  if (isOnlyIfCached) throw new Fault('missing.cached', 'This block is not here.')
  throw new Fault('missing.block', 'This block is not here.')
}

export type CarOptions = { scope: CarScope; hasDups: boolean; touched: Touched }

/** CARv1 of a block and, for the scope `all`, of what it links to, depth first. A link that leads nowhere breaks it off. */
export async function* carOf(
  blocks: Pick<Blocks, 'get'>,
  root: Block,
  { scope, hasDups, touched }: CarOptions,
): AsyncIterable<Uint8Array> {
  yield encodeCarHeader([root.cid])
  yield encodeCarBlock(root)
  if (scope !== 'all') return
  const seen = new Set([root.cid.toString()])
  const waiting = linksOf(root).map((cid) => ({ cid, depth: 1 }))
  let count = 1
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const { cid, depth } = next
    if (!hasDups && seen.has(cid.toString())) continue
    seen.add(cid.toString())
    count += 1
    if (count > blocksMax || depth > depthMax)
      throw new Fault('limit.blocks', 'This block links to more than one archive may hold.')
    const block = { cid, bytes: await blockOf(blocks, cid, { touched }) }
    yield encodeCarBlock(block)
    waiting.unshift(...linksOf(block).map((link) => ({ cid: link, depth: depth + 1 })))
  }
}

/** The CIDs in a DAG-CBOR block, in the order they stand there. */
export function linksOf({ cid, bytes }: Block): Cid[] {
  if (cid.code !== cborCodec) return []
  const links: Cid[] = []
  collect(decodeCbor(bytes, 'A block'), links)
  return links
}

function collect(value: unknown, links: Cid[]): void {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return
  if ('asCID' in value && 'bytes' in value) links.push(parseCid(value.bytes as Uint8Array))
  else for (const part of Object.values(value)) collect(part, links)
}

type MediaRange = { readonly type: string; readonly parameters: Query; readonly quality: number }

/** Media ranges of an Accept header, the most wanted first (RFC 9110, section 12.5.1). */
function rangesOf(accept: string): readonly MediaRange[] {
  const ranges = accept.split(',').map((text): MediaRange => {
    const [type = '', ...rest] = text.split(';').map((part) => part.trim())
    const parameters = Object.fromEntries(
      rest.map((part) => part.toLowerCase().split(/\s*=\s*/, 2) as [string, string]),
    )
    const quality = Number(parameters.q ?? 1)
    return { type: type.toLowerCase(), parameters, quality: Number.isNaN(quality) ? 0 : quality }
  })
  return ranges.filter(({ quality }) => quality > 0).sort((a, b) => b.quality - a.quality)
}

function parametersOf(accept: string | undefined): Query {
  return rangesOf(accept ?? '').find(({ type }) => type === carType)?.parameters ?? {}
}

/** The address goes before Accept; `undefined` for a kind of CAR that is not made here. */
function carFormat(parameters: Query, query: Query): Format | undefined {
  const version = query['car-version'] ?? parameters.version ?? '1'
  const order = query['car-order'] ?? parameters.order ?? 'dfs'
  const dups = query['car-dups'] ?? parameters.dups ?? 'n'
  const isMade = version === '1' && (order === 'dfs' || order === 'unk') && (dups === 'y' || dups === 'n')
  return isMade ? { kind: 'car', dups: dups as 'y' | 'n' } : undefined
}

function unacceptable(): never {
  throw new Fault(
    'invalid.accept',
    `Here are blocks (${rawType}) and archives of them (${carType}; version=1), and nothing else.`,
  )
}
