/**
 * What canonical DAG-CBOR costs in one thread, beside @ipld/dag-cbor (over cborg) in the same run:
 * `node bench/cbor.bench.ts`. Strict decoding is one call of ours; with the library it is decode, encode again and
 * compare. Figures are the best of several rounds that take turns, so that a busy machine changes them little.
 * The goals are for the head of an envelope: 2.5 µs to encode, 4 µs to decode.
 */
import { equalBytes } from '@anarq/bytes'
import { cborCodec, cidOfDigest, decodeCbor, encodeCbor, rawCodec } from '@anarq/ipld'
import { createSeededRandom } from '@anarq/random/testing'
import { decode, encode } from '@ipld/dag-cbor'

type Row = { readonly ours: number; readonly theirs: number }

const rounds = 25
const roundMs = 8
const encodeGoalUs = 2.5
const decodeGoalUs = 4
const random = createSeededRandom(1)
const cid = cidOfDigest(cborCodec, random.bytes(32))
const things: Readonly<Record<string, unknown>> = {
  'envelope head': {
    qnt: 1,
    suite: 1,
    id: random.bytes(16),
    class: 'private',
    owner: random.bytes(32),
    body: { root: cidOfDigest(rawCodec, random.bytes(32)), bytes: 123_456, locked: false },
    previous: cid,
    name: 'holiday 2026.jpg',
  },
  'envelope, sealed part': {
    owner: 'did:peer:4zQmTwelveWordsForAnIdentityOfMiddlingLength',
    salt: random.bytes(16),
    sequence: 0,
    body: { cid, key: random.bytes(32), depth: 0, plain: 4096, stored: 4200, chunks: 1 },
    metadata: {
      name: 'Año nuevo — el faro.jpg',
      type: 'image/jpeg',
      created: 1_760_000_000_000,
      modified: 1_760_000_000_000,
      tags: ['trip', '2026'],
    },
    seed: random.bytes(32),
  },
  'index record': [
    random.bytes(16),
    'file',
    [
      [
        1_760_000_000_000,
        0,
        random.bytes(8),
        0,
        'IMG_0001.jpg',
        1,
        random.bytes(16),
        2,
        'image/jpeg',
        3,
        123_456,
      ],
      [
        1_760_000_000_001,
        3,
        random.bytes(8),
        255,
        [1, random.bytes(64), 123_456, 120_000, 1_760_000_000_000, 1_760_000_000_001, 'image/jpeg'],
      ],
    ],
  ],
  'audit entry': {
    v: 1,
    atMs: 1_760_000_000_000,
    action: 'flow.in',
    identity: 'did:peer:4zQmTwelveWords',
    object: '00112233445566778899aabbccddeeff',
    verdict: 'allowed',
    flow: 'a1b2c3',
    hashes: [random.bytes(32), random.bytes(32)],
    details: { files: 3, bytes: 123_456, isLocked: false },
  },
  'two fields': { a: 1, b: 'x' },
  'list of 1,024 chunks': Array.from({ length: 1024 }, (_, i) => ({
    digest: random.bytes(32),
    key: random.bytes(32),
    plain: 1_000_000 + i,
    stored: 999_000 + i,
  })),
}

const encoding = new Map<string, Row>()
const decoding = new Map<string, Row>()
// Twice, because the first turn meets only the shapes that came before: what counts is the mixed diet of a put.
for (let turn = 0; turn < 2; turn += 1) {
  for (const [name, value] of Object.entries(things)) {
    const bytes = encodeCbor(value)
    if (!equalBytes(bytes, encode(value))) throw new Error(`${name}: the two encoders differ`)
    encoding.set(
      name,
      compare(
        () => encodeCbor(value),
        () => encode(value),
      ),
    )
    decoding.set(
      name,
      compare(
        () => decodeCbor(bytes),
        () => equalBytes(encode(decode(bytes)), bytes),
      ),
    )
  }
}
print('encode', encoding)
print('decode, strict', decoding)
const head = 'envelope head'
const encodeUs = encoding.get(head)?.ours ?? Number.POSITIVE_INFINITY
const decodeUs = decoding.get(head)?.ours ?? Number.POSITIVE_INFINITY
console.log(
  `${head}: ${encodeUs.toFixed(2)} µs to encode (goal ${encodeGoalUs}), ${decodeUs.toFixed(2)} µs to decode (goal ${decodeGoalUs}).`,
)

function compare(ours: () => unknown, theirs: () => unknown): Row {
  const runs = [runsOf(ours), runsOf(theirs)] as const
  const best = { ours: Number.POSITIVE_INFINITY, theirs: Number.POSITIVE_INFINITY }
  for (let round = 0; round < rounds; round += 1) {
    best.ours = Math.min(best.ours, costUs(ours, runs[0]))
    best.theirs = Math.min(best.theirs, costUs(theirs, runs[1]))
  }
  return best
}

/** So many that a round takes its time; warms up on the way. */
function runsOf(work: () => unknown): number {
  let runs = 1
  while (costUs(work, runs) * runs < roundMs * 1000) runs *= 2
  return runs
}

function costUs(work: () => unknown, runs: number): number {
  const start = performance.now()
  for (let run = 0; run < runs; run += 1) work()
  return ((performance.now() - start) * 1000) / runs
}

function print(title: string, rows: ReadonlyMap<string, Row>): void {
  console.log(title)
  console.table(
    [...rows].map(([thing, { ours, theirs }]) => ({
      thing,
      bytes: encodeCbor(things[thing]).length,
      'ours, µs': Number(ours.toFixed(2)),
      'library, µs': Number(theirs.toFixed(2)),
      ratio: `${(theirs / ours).toFixed(1)}×`,
    })),
  )
}
