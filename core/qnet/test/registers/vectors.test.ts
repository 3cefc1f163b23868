import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Fault } from '@anarq/fault'
import { decodeCbor } from '@anarq/ipld'
import { extended, numberOf, parseReference, readChain, referenceOf } from '@anarq/qnet/registers'
import { createSigning } from '@anarq/qnet/swarm'
import { makeVectors, vectorsUrl } from './vectors.ts'

type Case = { readonly why: string; readonly steps?: number; readonly chain: string }
type Vectors = {
  readonly id: string
  readonly reference: string
  readonly holds: Case[]
  readonly refused: Case[]
}

const vectors = JSON.parse(readFileSync(vectorsUrl, 'utf8')) as Vectors
const { verify } = createSigning(new Uint8Array(32))

test('the vectors in docs/formats are what the text says', () => {
  assert.deepEqual(JSON.parse(JSON.stringify(makeVectors())), vectors)
})

test('what the vectors say holds is read, under the reference that they give', () => {
  assert.equal(parseReference(vectors.reference).id.toHex(), vectors.id)
  for (const { why, steps, chain } of vectors.holds) {
    const read = extended(undefined, readChain(decodeCbor(Uint8Array.fromHex(chain))), { verify })
    assert.ok(read !== undefined, why)
    assert.equal(referenceOf(read), vectors.reference)
    assert.equal(numberOf(read), steps)
  }
})

test('what the vectors say is refused is', () => {
  for (const { why, chain } of vectors.refused)
    assert.throws(
      () => extended(undefined, readChain(decodeCbor(Uint8Array.fromHex(chain))), { verify }),
      (error) => error instanceof Fault && error.code === 'refused.register',
      why,
    )
})
