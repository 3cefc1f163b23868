import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultSentence } from '../src/fault-sentence.ts'

const texts = {
  'limit.rate': 'Espera {seconds} s.',
  'limit.quota': 'Tu cuota de {mebibytes} MiB está llena.',
  'invalid.params': 'No tiene la forma debida. {detail}',
}

test('a fault is told in the reader’s language, with its figures', () => {
  const rate = { sentence: 'Wait 3 s.', code: 'limit.rate', data: { waitMs: 2100 } }
  assert.equal(faultSentence(rate, texts), 'Espera 3 s.')
  const quota = { sentence: 'Full.', code: 'limit.quota', data: { quotaBytes: 5 * 1024 * 1024 } }
  assert.equal(faultSentence(quota, texts), 'Tu cuota de 5 MiB está llena.')
  const params = { sentence: 'path is no text.', code: 'invalid.params' }
  assert.equal(faultSentence(params, texts), 'No tiene la forma debida. path is no text.')
})

test('what has no words, or not the figures that its words need, keeps the node’s own sentence', () => {
  assert.equal(faultSentence({ sentence: 'Wait.', code: 'limit.rate' }, texts), 'Wait.')
  assert.equal(faultSentence({ sentence: 'Oh.', code: 'constructor' }, texts), 'Oh.')
  assert.equal(faultSentence({ sentence: 'Oh.', code: undefined }, texts), 'Oh.')
  assert.equal(
    faultSentence({ sentence: 'Wait.', code: 'limit.rate', data: { waitMs: 1 } }, undefined),
    'Wait.',
  )
})
