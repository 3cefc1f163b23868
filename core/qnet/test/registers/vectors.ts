/**
 * The vectors of docs/formats/registers-vectors.json, all from fixed seeds. To write them again after a change of the format:
 * `node core/qnet/test/registers/vectors.ts --write`, from the root of the repository.
 */
import { writeFileSync } from 'node:fs'
import { concatBytes, fromBase32, fromUtf8 } from '@anarq/bytes'
import { encodeCbor } from '@anarq/ipld'
import { hashBlake3, primitives, type SigningKey } from '@anarq/qlock'
import { nodeIdOf } from '@anarq/qnet'
import { encodeEntry, hashOfEntry, parseReference, topicOf, writeEntry } from '@anarq/qnet/registers'

export const vectorsUrl: URL = new URL('../../../../docs/formats/registers-vectors.json', import.meta.url)

const keyOf = (name: string): SigningKey => primitives.ed25519Key(hashBlake3(fromUtf8(name)))
const hex = (bytes: Uint8Array): string => bytes.toHex()
const atMs = 1_767_225_600_000

/** Written from the text of docs/formats/registers.md, without the code that reads registers. */
export function makeVectors(): object {
  const owner = keyOf('owner')
  const nodes = ['node 1', 'node 2', 'node 3', 'node 4', 'node 5']
    .map(keyOf)
    .map((key) => ({ key, id: fromBase32(nodeIdOf(key.publicKey)) }))
  const sorted = (some: typeof nodes) => some.toSorted((a, b) => (hex(a.id) < hex(b.id) ? -1 : 1))
  const founders = sorted(nodes.slice(0, 4))
  const next = sorted(nodes)
  const foundersHash = hashBlake3(
    fromUtf8('anarq register electors v1\n'),
    ...founders.map(({ key }) => key.publicKey),
  )
  const home = hashBlake3(fromUtf8('home'))
  const name = fromUtf8('rules')
  let work = 0
  let descriptor: unknown[] = []
  let id = new Uint8Array(32).fill(255)
  for (; id[0] !== 0; work += 1) {
    const bytes = new Uint8Array(8)
    new DataView(bytes.buffer).setUint32(4, work)
    descriptor = [1, 'protected', owner.publicKey, name, [], home, foundersHash, bytes]
    id = Uint8Array.from(hashBlake3(fromUtf8('anarq register id v1\n'), encodeCbor(descriptor)))
  }
  const topic = concatBytes(fromUtf8('anarq register step v1\n'), id)
  const certified = (step: Uint8Array, number: number, by: typeof nodes, count: number): unknown[] => {
    const hash = hashBlake3(step)
    const said = concatBytes(
      fromUtf8('anarq swarm vote v1\n'),
      encodeCbor([topic, number, 'commit', 0, hash]),
    )
    return ['commit', 0, hash, by.slice(0, count).map(({ key }, index) => [index, key.sign(said)])]
  }
  const first = writeEntry({ id }, { version: 1, previous: id, value: fromUtf8('be kind'), atMs }, owner)
  const second = writeEntry(
    { id },
    { version: 2, previous: hashOfEntry(first), value: fromUtf8('be brief'), atMs: atMs + 1 },
    owner,
  )
  const theirs = writeEntry(
    { id },
    { version: 2, previous: hashOfEntry(first), value: fromUtf8('be mine'), atMs: atMs + 1 },
    keyOf('thief'),
  )
  const set = (number: number, entry: typeof first): Uint8Array =>
    encodeCbor([1, id, number, 'set', encodeEntry(entry)])
  const keys = (some: typeof nodes): Uint8Array[] => some.map(({ key }) => key.publicKey)
  const move = encodeCbor([1, id, 2, 'move', keys(next)])
  const chain = (links: unknown[], versions: unknown[]): string =>
    hex(encodeCbor([descriptor, keys(founders), links, versions]))
  const link = [2, keys(next), certified(move, 2, founders, 3)]
  const versionOne = [encodeEntry(first), certified(set(1, first), 1, founders, 3)]
  const versionTwo = [encodeEntry(second), certified(set(3, second), 3, next, 4)]
  const reference = `anarq-register:${referenceLetters(concatBytes(Uint8Array.of(1), home.subarray(0, 5), id))}`
  parseReference(reference)
  return {
    about: 'Vectors of docs/formats/registers.md. Bytes are in hexadecimal.',
    owner: hex(owner.publicKey),
    electors: keys(founders).map(hex),
    foundersHash: hex(foundersHash),
    descriptor: hex(encodeCbor(descriptor)),
    id: hex(id),
    reference,
    drawTopic: hex(topicOf({ class: 'protected', owner: owner.publicKey, name })),
    entry: hex(encodeCbor(encodeEntry(first))),
    entryHash: hex(hashOfEntry(first)),
    step: hex(set(1, first)),
    stepHash: hex(hashBlake3(set(1, first))),
    move: hex(move),
    holds: [
      { why: 'one version', steps: 1, chain: chain([], [versionOne]) },
      {
        why: 'two versions, and other electors between them',
        steps: 3,
        chain: chain([link], [versionOne, versionTwo]),
      },
    ],
    refused: [
      {
        why: 'two of four signed',
        chain: chain([], [[versionOne[0], certified(set(1, first), 1, founders, 2)]]),
      },
      {
        why: 'those signed who do not decide yet',
        chain: chain([], [versionOne, [encodeEntry(second), certified(set(2, second), 2, next, 4)]]),
      },
      {
        why: 'the link was not decided by those before it',
        chain: chain([[2, keys(next), certified(move, 2, next, 5)]], [versionOne, versionTwo]),
      },
      {
        why: 'somebody else wrote it',
        chain: chain([link], [versionOne, [encodeEntry(theirs), certified(set(3, theirs), 3, next, 4)]]),
      },
      { why: 'a version is missing before it', chain: chain([], [versionTwo]) },
    ],
  }
}

function referenceLetters(bytes: Uint8Array): string {
  const letters = 'abcdefghijklmnopqrstuvwxyz234567'
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  return (bits.match(/.{1,5}/g) ?? [])
    .map((five) => letters[Number.parseInt(five.padEnd(5, '0'), 2)])
    .join('')
}

if (process.argv[2] === '--write')
  writeFileSync(vectorsUrl, `${JSON.stringify(makeVectors(), undefined, 2)}\n`)
