import { Fault } from '@anarq/fault'
import { type Cid, cborCodec, cidKey, digestOf } from '@anarq/ipld'
import type { Block, Blocks } from './blocks.ts'
import { encodeCarBlock, encodeCarHeader, readCar } from './car.ts'
import { type Envelope, parseEnvelope } from './envelope.ts'

export type QntFile = {
  readonly cid: Cid
  readonly envelope: Envelope
  /** The envelope's own block, to be stored with the others. */
  readonly bytes: Uint8Array
  /** Every other block, verified, the body’s root last. Only when this ends by itself was the file whole; leaving early closes the source. */
  readonly blocks: AsyncGenerator<Block, void, undefined>
}

const advice = 'Ask for the file again.'

/**
 * One object in one file: a CARv1 whose root and first block is the envelope and whose last block is the body's root, so
 * that a cut shows. `cids` are the other blocks (see `blocksOf`); each is written once. Throws `missing.block`.
 */
export async function* writeQntFile(
  blocks: Pick<Blocks, 'get'>,
  envelopeCid: Cid,
  cids: Iterable<Cid> | AsyncIterable<Cid>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const bytes = await getBlock(blocks, envelopeCid)
  const { root } = parseEnvelope(bytes).body
  yield encodeCarHeader([envelopeCid])
  yield encodeCarBlock({ cid: envelopeCid, bytes })
  const written = new Set([keyOf(envelopeCid), keyOf(root)])
  for await (const cid of cids) {
    const key = keyOf(cid)
    if (written.has(key)) continue
    written.add(key)
    yield encodeCarBlock({ cid, bytes: await getBlock(blocks, cid) })
  }
  yield encodeCarBlock({ cid: root, bytes: await getBlock(blocks, root) })
}

/**
 * Reads header and envelope, and hands out the rest as it comes. A file that is cut, changed or longer than its object is
 * `damaged.qnt`, an envelope that is none `invalid.envelope`.
 */
export async function readQntFile(source: AsyncIterable<Uint8Array>): Promise<QntFile> {
  const { roots, blocks } = await readCar(source, { code: 'damaged.qnt' })
  try {
    const first = await blocks.next()
    const [root] = roots
    if (first.done === true || root === undefined || roots.length !== 1 || !root.equals(first.value.cid)) {
      throw damaged('it does not begin with its envelope')
    }
    const { cid, bytes } = first.value
    if (cid.code !== cborCodec) throw damaged('it does not begin with an envelope')
    const envelope = parseEnvelope(bytes)
    return { cid, envelope, bytes, blocks: untilRoot(blocks, envelope.body.root) }
  } catch (error) {
    await blocks.return()
    throw error
  }
}

async function* untilRoot(blocks: AsyncGenerator<Block>, root: Cid): AsyncGenerator<Block, void, undefined> {
  let isWhole = false
  for await (const block of blocks) {
    if (isWhole) throw damaged('something follows its last block')
    isWhole = block.cid.equals(root)
    yield block
  }
  if (!isWhole) throw damaged('it is cut short')
}

async function getBlock(blocks: Pick<Blocks, 'get'>, cid: Cid): Promise<Uint8Array> {
  const bytes = await blocks.get(cid)
  if (bytes !== undefined) return bytes
  throw new Fault('missing.block', 'A block of this object is not here. Fetch it first, then export again.', {
    data: { cid: cid.toString() },
  })
}

function damaged(what: string): Fault {
  return new Fault('damaged.qnt', `This .qnt file is damaged: ${what}. ${advice}`)
}

function keyOf(cid: Cid): string {
  return cidKey(digestOf(cid))
}
