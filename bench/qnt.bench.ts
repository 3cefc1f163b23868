/**
 * What an envelope costs in one thread: `node bench/qnt.bench.ts`. Figures are CPU time of this process, the best of
 * several rounds, so that a busy machine changes them little. The goal is 60 µs for the envelope of a small file.
 */
import { cidOfDigest, rawCodec } from '@anarq/ipld'
import { createKemKey, createSigner, hashBlake3, primitives, sealChunk } from '@anarq/qlock'
import {
  addReader,
  asObjectId,
  type ChunkRef,
  createListBuilder,
  createMemoryBlocks,
  createObjectId,
  disclose,
  encodeCarBlock,
  encodeCarHeader,
  hashTerms,
  makePing,
  openEnvelope,
  openSlot,
  parseEnvelope,
  parsePing,
  pingContext,
  readCar,
  readChunks,
  type SealOptions,
  sealEnvelope,
  verifyDisclosure,
  wrapForReader,
} from '@anarq/qnt'
import { systemRandom as random } from '@anarq/random'

const rounds = 7
const goalUs = 60
const chunkSecret = random.bytes(32)
const kek = random.bytes(32)
const reader = createKemKey(random.bytes(32))
const signer = createSigner(random.bytes(32))
const frame = random.bytes(4096)

await primitives.warmUp()
const options = smallFile()
const { bytes, cid, contentKey } = sealEnvelope(options)
const envelope = parseEnvelope(bytes)
const inner = openEnvelope(envelope, contentKey)
const shown = disclose(inner, ['name', 'created'])
const sign = (message: Uint8Array) => signer.signEd25519(message, pingContext)
const ping = {
  id: envelope.id,
  version: cid,
  owner: options.owner,
  audience: options.owner,
  where: ['https://anarq.example'],
  grant: cid,
  termsHash: hashTerms(undefined),
  issuedMs: 0,
}
const pingFile = makePing(ping, sign)

const rows: [string, number][] = [
  ['seal a chunk of 4 KiB', costUs(() => sealChunk(chunkSecret, frame))],
  ['seal an envelope', costUs(() => sealEnvelope(options))],
  ['parse an envelope', costUs(() => parseEnvelope(bytes))],
  ['open the owner’s slot', costUs(() => openSlot(envelope, { kek: () => kek }))],
  ['open an envelope', costUs(() => openEnvelope(envelope, contentKey))],
  ['verify two disclosed fields', costUs(() => verifyDisclosure(envelope, shown))],
  ['add a standing reader', costUs(() => addReader(bytes, contentKey, reader.publicKey, random), 200)],
  [
    'release a key to a reader',
    costUs(
      () => wrapForReader(contentKey, reader.publicKey, { id: envelope.id, envelope: cid }, random),
      200,
    ),
  ],
  ['make a ping', costUs(() => makePing(ping, sign), 500)],
  ['parse a ping', costUs(() => parsePing(pingFile))],
  ['BLAKE3, keyed anew, 40 bytes', costUs(keyedAnew)],
]
console.log(`An envelope of a small file has ${bytes.length} bytes, a ping ${pingFile.length}.`)
console.table(rows.map(([step, us]) => ({ step, 'µs of CPU': Number(us.toFixed(1)) })))

const envelopeUs = (rows[1] as [string, number])[1]
console.log(
  `Goal of ${goalUs} µs an envelope: ${envelopeUs <= goalUs ? 'met' : 'missed'} (${envelopeUs.toFixed(1)} µs).`,
)
putFiles(10_000)
await walkList(100_000)
await readCarOf(64, 1024 * 1024)

/** Chunk and envelope of so many files of 4 KiB. */
function putFiles(count: number): void {
  const start = process.cpuUsage()
  for (let at = 0; at < count; at += 1) sealEnvelope({ ...smallFile(), id: createObjectId(random) })
  console.log(
    `${count} files of 4 KiB, chunk and envelope: ${(cpuUsSince(start) / 1000).toFixed(0)} ms of CPU.`,
  )
}

async function walkList(count: number): Promise<void> {
  const ref = refOf(frame)
  const blocks = createMemoryBlocks()
  const lists: Parameters<typeof blocks.put>[0][number][] = []
  const start = process.cpuUsage()
  const builder = createListBuilder({ chunkSecret, emit: (block) => lists.push(block) })
  for (let at = 0; at < count; at += 1) builder.add(ref)
  const body = builder.finish()
  const builtMs = cpuUsSince(start) / 1000
  await blocks.put(lists, 'meta')
  const from = process.cpuUsage()
  let chunks = 0
  for await (const _ of readChunks(blocks, body)) chunks += 1
  const readMs = cpuUsSince(from) / 1000
  console.log(
    `${chunks} chunks (100 GB of file): lists built in ${builtMs.toFixed(0)} ms, walked in ${readMs.toFixed(0)} ms.`,
  )
}

async function readCarOf(count: number, blockBytes: number): Promise<void> {
  const content = new Uint8Array(blockBytes)
  const block = { cid: cidOfDigest(rawCodec, hashBlake3(content)), bytes: content }
  async function* source(): AsyncGenerator<Uint8Array> {
    yield encodeCarHeader([block.cid])
    for (let at = 0; at < count; at += 1) yield encodeCarBlock(block)
  }
  const start = process.cpuUsage()
  for await (const _ of (await readCar(source())).blocks);
  const mbPerS = (count * blockBytes) / cpuUsSince(start)
  console.log(`CAR written, read and verified: ${mbPerS.toFixed(0)} MB/s.`)
}

function smallFile(): SealOptions {
  const lists = createListBuilder({ chunkSecret, emit: () => {} })
  lists.add(refOf(frame))
  return {
    id: asObjectId(random.bytes(16)),
    objectClass: 'private',
    owner: 'did:squid:zQmWvQxTqbG2Z9HPJgG57jjwR154cKhbtJenbyYTWkjgF3e',
    sequence: 0,
    body: lists.finish(),
    metadata: {
      name: 'holiday 2026 in the mountains.txt',
      type: 'text/plain',
      createdMs: 1_767_225_600_000,
      modifiedMs: 1_767_225_601_000,
      tags: [],
      transforms: [],
    },
    own: { kek, epoch: 0 },
    random,
  }
}

function refOf(plain: Uint8Array): ChunkRef {
  const { block, digest, key } = sealChunk(chunkSecret, plain)
  return { digest, key, plainBytes: plain.length, storedBytes: block.length }
}

function keyedAnew(): void {
  primitives.blake3Keyed(random.bytes(32), kek)
}

function costUs(act: () => unknown, times = 4000): number {
  for (let at = 0; at < times / 2; at += 1) act()
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round += 1) {
    const start = process.cpuUsage()
    for (let at = 0; at < times; at += 1) act()
    best = Math.min(best, cpuUsSince(start) / times)
  }
  return best
}

function cpuUsSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start)
  return user + system
}
