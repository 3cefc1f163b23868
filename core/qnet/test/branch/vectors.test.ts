/** docs/formats/branch-vectors.json: what is written there is what is made and read here. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { toHex } from '@anarq/bytes'
import { nodeIdOf } from '@anarq/qnet'
import {
  custodyAnswer,
  encodeDocuments,
  encodeRevocation,
  nameOf,
  signCustody,
  signMeeting,
} from '@anarq/qnet/branch'
import {
  ada,
  documentsOf,
  firstCharter,
  idOf,
  meetingKey,
  membership,
  nodes,
  nowMs,
  provedBy,
  signedBy,
} from './branch-world.ts'

const file = new URL('../../../../docs/formats/branch-vectors.json', import.meta.url)

function made(): Readonly<Record<string, string>> {
  const charter = firstCharter()
  const branch = idOf(charter)
  const [node] = nodes as [(typeof nodes)[number]]
  const certificate = membership(branch, 0, ada)
  const revocation = encodeRevocation({ branch, certificate: nameOf({ body: certificate }) })
  const nonce = new Uint8Array(16).fill(7)
  const block = new Uint8Array([1, 2, 3])
  const custody = signCustody(
    { branch, nodeKey: node.publicKey, atMs: nowMs, nonce, digests: [new Uint8Array(32).fill(1)] },
    (message) => node.sign(message),
  )
  const meeting = signMeeting(
    { branch, firstName: nameOf({ body: charter }), key: meetingKey },
    { nodes: [nodeIdOf(node.publicKey)], sequence: 7, expiresMs: nowMs },
  )
  const documents = documentsOf({
    charters: [signedBy(charter, ada)],
    certificates: [signedBy(certificate, ada)],
  })
  const hex = { charter, certificate, revocation, custody: custody.body, custodySignature: custody.signature }
  return {
    about:
      'docs/formats/branch.md. Hexadecimal. The meeting secret is 32 bytes of 63, the node seed 32 bytes of 0a. In documents and proof the identity did:x:ada signs with Ed25519 alone, seed 32 bytes of 01, over the body without a context, so that they can be made again.',
    ...Object.fromEntries(Object.entries(hex).map(([name, bytes]) => [name, toHex(bytes)])),
    charterName: toHex(nameOf({ body: charter })),
    branch,
    nonce: toHex(nonce),
    block: toHex(block),
    answer: toHex(custodyAnswer(nonce, block)),
    meeting: toHex(meeting.bytes),
    documents: toHex(encodeDocuments(documents)),
    proof: toHex(provedBy([0, 1])),
  }
}

test('the bytes of docs/formats/branch.md are those that are made', () => {
  if (process.env.ANARQ_UPDATE_VECTORS === '1') writeFileSync(file, `${JSON.stringify(made(), null, 2)}\n`)
  assert.deepEqual(made(), JSON.parse(readFileSync(file, 'utf8')))
})
