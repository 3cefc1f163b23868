/**
 * The vectors of docs/formats/qnt-vectors.json. To write them again after a change of the format:
 * `node core/qnt/test/vectors.ts --write`, from the root of the repository.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { concatBytes, fromUtf8, toBase64Url } from '@anarq/bytes'
import { cborCodec, encodeCbor, rawCodec } from '@anarq/ipld'
import {
  cidOf,
  createKemKeyOfSeed,
  createSigner,
  type KemKey,
  primitives,
  type Signer,
  sealBox,
  sealChunk,
} from '@anarq/qlock'
import {
  asObjectId,
  type Block,
  type BodyRef,
  blocksOf,
  type ChunkRef,
  createListBuilder,
  createMemoryBlocks,
  disclose,
  encodeDisclosures,
  hashTerms,
  type Inner,
  type Metadata,
  makePing,
  openEnvelope,
  type Ping,
  parseEnvelope,
  parsePing,
  pingContext,
  type SealOptions,
  sealEnvelope,
  type Terms,
  wrapForReader,
  writeQntFile,
} from '@anarq/qnt'
import { createSeededRandom } from '@anarq/random/testing'
import { commitmentsOf, commitOwner } from '../src/commitments.ts'
import { boxContext, encodeHead } from '../src/envelope.ts'
import { encodeInner } from '../src/inner.ts'
import { committedFields, metadataFields } from '../src/metadata.ts'
import { readerSlot, type SlotOf } from '../src/slots.ts'
import { termsFields } from '../src/terms.ts'

export const vectorsUrl: URL = new URL('../../../docs/formats/qnt-vectors.json', import.meta.url)

export type Json = string | number | readonly Json[] | { readonly [key: string]: Json }
export type Section = { readonly [key: string]: Json }

const bytesOf = (seed: number, length = 32) => createSeededRandom(seed).bytes(length)

const readerSeed = bytesOf(3)

export const secrets: {
  chunk: Uint8Array
  kek: Uint8Array
  reader: KemKey
  signer: Signer
} = {
  chunk: bytesOf(1),
  kek: bytesOf(2),
  reader: createKemKeyOfSeed(readerSeed),
  signer: createSigner(bytesOf(4)),
}

const owner = 'did:squid:zQmWvQxTqbG2Z9HPJgG57jjwR154cKhbtJenbyYTWkjgF3e'
const audience = 'did:peer:4zQmaVLMuWYJbWkNkFvn3YSoTPvXNpEYoJBgTUhLpWJmJhEr'
const id = asObjectId(bytesOf(5, 16))
const metadata: Metadata = {
  name: 'Soup.md',
  type: 'text/markdown',
  createdMs: 1_767_225_600_000,
  modifiedMs: 1_767_225_601_000,
  mode: 0o640,
  tags: ['kitchen'],
  transforms: [{ id: 'delta-le16', version: 1 }],
  extra: { born: 1931 },
}
const terms: Terms = {
  rights: ['read', 'share'],
  purposes: ['research'],
  expiresMs: 1_800_000_000_000,
  usesMax: 10,
  price: { amount: '0', unit: 'QTOKEN' },
}

/** What anybody computes again, byte for byte. */
export async function fixedSections(): Promise<Record<string, Section>> {
  const chunks = [fromUtf8('Soup'), fromUtf8(' of '), fromUtf8('stones')].map(sealStored)
  const small = bodyOf(chunks.slice(0, 1))
  const sealed = sealEnvelope(envelopeOptions(small.body))
  const inner = openEnvelope(parseEnvelope(sealed.bytes), sealed.contentKey)
  return {
    frame: { plain: text(fromUtf8('Soup')), frame: text(storedFrame(fromUtf8('Soup'))) },
    chunk: chunkSection(),
    box: boxSection(),
    empty: bodySection(bodyOf([])),
    list: { ...bodySection(bodyOf(chunks.map(({ ref }) => ({ ref })))), entries: chunks.map(entrySection) },
    lists: bodySection(
      bodyOf(
        chunks.map(({ ref }) => ({ ref })),
        2,
      ),
    ),
    commitments: commitmentsSection(inner),
    terms: { cbor: text(encodeCbor(termsFields(terms))), hash: text(hashTerms(terms)) },
    envelope: envelopeSection(sealed, inner),
    disclosure: { bytes: text(encodeDisclosures(disclose(inner, ['extra.born', 'owner']))) },
    ping: pingSection(sealed.cid),
    file: await fileSection(sealed, small, chunks[0]?.block as Block),
  }
}

/** What is drawn afresh each time (encapsulation, ML-DSA), and therefore recorded once and only read again. */
export function recordedSections(): Record<string, Section> {
  const random = createSeededRandom(11)
  const { reader, signer } = secrets
  const contentKey = bytesOf(12)
  const envelope = cidOf(cborCodec, fromUtf8('an envelope'))
  const slot = readerSlot(reader.publicKey, id, contentKey, random)
  const released = wrapForReader(contentKey, reader.publicKey, { id, envelope }, random)
  const { body } = bodyOf([sealStored(fromUtf8('Soup'))])
  const { own: _, ...options } = envelopeOptions(body)
  const open = sealEnvelope({ ...options, objectClass: 'public', signer })
  const common = { seed: text(readerSeed), id: text(id), contentKey: text(contentKey) }
  return {
    slot: { ...common, wrapped: text(slot.wrapped) },
    release: { ...common, envelope: String(envelope), wrapped: text(released) },
    public: { bytes: text(open.bytes), cid: String(open.cid), publicKey: text(signer.publicKey) },
  }
}

function envelopeOptions(body: BodyRef): SealOptions {
  return {
    id,
    objectClass: 'private',
    owner,
    previous: cidOf(cborCodec, fromUtf8('the version before')),
    sequence: 1,
    body,
    metadata,
    terms,
    runnables: [
      {
        cid: cidOf(rawCodec, fromUtf8('a program')),
        on: 'expire',
        limits: { memoryBytes: 1_048_576, durationMs: 50, steps: 1_000_000 },
      },
    ],
    own: { kek: secrets.kek, epoch: 3 },
    random: createSeededRandom(6),
  }
}

function envelopeSection({ bytes, cid, contentKey }: ReturnType<typeof sealEnvelope>, inner: Inner): Section {
  const envelope = parseEnvelope(bytes)
  const head = encodeHead(envelope)
  return {
    kek: text(secrets.kek),
    contentKey: text(contentKey),
    ownSlot: text((envelope.slots[0] as SlotOf<'own'>).wrapped),
    head: text(head),
    context: text(boxContext(head)),
    inner: text(encodeInner(inner, metadataFields(inner.metadata))),
    sealed: text(envelope.sealed),
    ownerSalt: text(inner.ownerSalt),
    owner,
    ownerCommitment: text(commitOwner(inner.ownerSalt, owner)),
    bytes: text(bytes),
    cid: String(cid),
  }
}

function commitmentsSection({ commitmentSeed }: Inner): Section {
  const fields = metadataFields(metadata)
  return {
    seed: text(commitmentSeed),
    fields: committedFields(fields).map(([field, value]) => {
      const salt = primitives.blake3(fromUtf8('q/v1/salt'), commitmentSeed, fromUtf8(field))
      const opened = encodeCbor([field, value])
      const commitment = primitives.blake3(fromUtf8('q/v1/commitment'), salt, opened)
      return { field, salt: text(salt), opened: text(opened), commitment: text(commitment) }
    }),
    commitments: commitmentsOf(commitmentSeed, fields).map(text),
  }
}

function chunkSection(): Section {
  const { frame, ref, block } = sealStored(fromUtf8('Soup'))
  return {
    secret: text(secrets.chunk),
    frame: text(frame),
    key: text(ref.key),
    block: text(block.bytes),
    cid: String(block.cid),
  }
}

function boxSection(): Section {
  const key = bytesOf(7)
  const plain = fromUtf8('a small thing')
  const sealed = sealBox(key, plain, { context: 'q/v1/example', random: createSeededRandom(8) })
  return { key: text(key), context: 'q/v1/example', plain: text(plain), sealed: text(sealed) }
}

function pingSection(version: Ping['version']): Section {
  const sign = (message: Uint8Array) => secrets.signer.signEd25519(message, pingContext)
  const ping: Ping = {
    id,
    version,
    owner,
    audience,
    where: ['https://anarq.example'],
    grant: cidOf(cborCodec, fromUtf8('a grant')),
    termsHash: hashTerms(terms),
    issuedMs: 1_767_225_600_000,
    expiresMs: 1_767_229_200_000,
  }
  const file = makePing(ping, sign)
  return {
    publicKey: text(secrets.signer.publicKey),
    file: text(file),
    signedBytes: text(parsePing(file).signedBytes),
  }
}

async function fileSection(
  { bytes, cid, contentKey }: ReturnType<typeof sealEnvelope>,
  { body }: Built,
  chunk: Block,
): Promise<Section> {
  const blocks = createMemoryBlocks()
  await blocks.put([{ cid, bytes }, chunk], 'meta')
  const pieces = await Array.fromAsync(writeQntFile(blocks, cid, blocksOf(blocks, { body })))
  return { root: String(cid), contentKey: text(contentKey), bytes: text(concatBytes(...pieces)) }
}

type Sealed = { readonly ref: ChunkRef; readonly frame: Uint8Array; readonly block: Block }
type Built = { readonly body: BodyRef; readonly blocks: readonly Block[] }

function sealStored(plain: Uint8Array): Sealed {
  const frame = storedFrame(plain)
  const { block, digest, key } = sealChunk(secrets.chunk, frame)
  const ref = { digest, key, plainBytes: plain.length, storedBytes: block.length }
  return { ref, frame, block: { cid: cidOf(rawCodec, block), bytes: block } }
}

/** Codec 0, length as a varint of one byte, the bytes themselves. */
function storedFrame(plain: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(0, plain.length), plain)
}

function bodyOf(chunks: readonly Pick<Sealed, 'ref'>[], entriesMax = 4096): Built {
  const blocks: Block[] = []
  const lists = createListBuilder({
    chunkSecret: secrets.chunk,
    emit: (block) => blocks.push(block),
    entriesMax,
  })
  for (const { ref } of chunks) lists.add(ref)
  return { body: lists.finish(), blocks }
}

function bodySection({ body, blocks }: Built): Section {
  return {
    secret: text(secrets.chunk),
    root: String(body.cid),
    key: text(body.key),
    depth: body.depth,
    plain: body.plainBytes,
    stored: body.storedBytes,
    chunks: body.chunks,
    blocks: blocks.map(({ bytes }) => text(bytes)),
  }
}

function entrySection({ ref }: Sealed): Section {
  return { digest: text(ref.digest), key: text(ref.key), plain: ref.plainBytes, stored: ref.storedBytes }
}

function text(bytes: Uint8Array): string {
  return toBase64Url(bytes)
}

function readRecorded(): Record<string, Section> {
  try {
    return JSON.parse(readFileSync(vectorsUrl, 'utf8')).recorded ?? recordedSections()
  } catch {
    return recordedSections()
  }
}

if (process.argv.includes('--write')) {
  const vectors = {
    about: 'Vectors of docs/formats/qnt.md. Bytes are base64url without padding.',
    fixed: await fixedSections(),
    recorded: readRecorded(),
  }
  writeFileSync(vectorsUrl, `${JSON.stringify(vectors, null, 2)}\n`)
}
