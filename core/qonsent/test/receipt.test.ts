import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromUtf8 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { decodeCbor, encodeCbor } from '@anarq/ipld'
import {
  type DecisionRecord,
  parseReceipt,
  type ReceiptInputs,
  readSignedReceipt,
  replayReceipt,
  sealStatus,
  signedReceiptToJson,
  verifyReceipt,
} from '@anarq/qonsent'
import { ask, createRulePolicies, createWorld, give, people, startMs, startSeconds, verify } from './world.ts'

const { alice, bob, carol } = people

/** One decision of each kind, with what the owner kept of it. */
async function decided(): Promise<readonly DecisionRecord[]> {
  const { qonsent, records, states } = createWorld()
  states.set(bob.did, { status: 'active', kind: 'child', child: { mayAct: true, contacts: [alice.did] } })
  const [once, taken] = [give(alice, bob, { meta: { uses: 1 } }), give(alice, bob)]
  const onward = give(bob, carol, { exp: startSeconds + 60 })
  await qonsent.revoke([taken.cid])
  await qonsent.decide(ask(alice, { about: { tags: ['x'], terms: { rights: ['read'] } } }), [])
  await qonsent.decide(ask(bob), [])
  await qonsent.decide(ask(bob), [taken])
  await qonsent.decide(ask(bob, { purpose: 'care', price: 3 }), [once])
  await qonsent.decide(ask(bob), [once])
  await qonsent.decide(ask(carol), [give(alice, bob), onward])
  return records
}

function replay(bytes: Uint8Array, inputs: ReceiptInputs): readonly string[] {
  return replayReceipt(bytes, inputs, { policies: createRulePolicies(), verify }).differs
}

test('a receipt says in hashes what was decided, and nothing in clear of what was asked', async () => {
  const records = await decided()
  assert.deepEqual(
    records.map(({ decision }) => decision.code),
    [
      'allowed.owner',
      'refused.no-grant',
      'refused.revoked',
      'allowed.grant',
      'refused.used-up',
      'allowed.grant',
    ],
  )
  const { decision, inputs } = records[3]!
  const receipt = parseReceipt(decision.receipt.bytes)
  assert.deepEqual(
    {
      by: receipt.by,
      atMs: receipt.atMs,
      verdict: receipt.verdict,
      code: receipt.code,
      reasons: receipt.reasons,
    },
    {
      by: alice.did,
      atMs: startMs,
      verdict: 'allow',
      code: 'allowed.grant',
      reasons: ['ecosystem.base', 'in.permission', 'out.permission'],
    },
  )
  assert.ok(receipt.proofs[0]?.equals(inputs.facts.proofs[0]!.cid))
  assert.deepEqual(receipt.statusSequence, [1])
  assert.equal(receipt.policyHashes.length, 3)
  const text = Buffer.from(decision.receipt.bytes).toString('latin1')
  for (const secret of [bob.did, inputs.facts.request.object, 'care', '/qnt/read'])
    assert.ok(!text.includes(secret), secret)
})

test('the same request decided twice gives two receipts that cannot be linked by its hash', async () => {
  const { qonsent, records } = createWorld()
  await qonsent.decide(ask(alice), [])
  await qonsent.decide(ask(alice), [])
  const [first, second] = records.map(({ decision }) => parseReceipt(decision.receipt.bytes))
  assert.notDeepEqual(first?.requestHash, second?.requestHash)
})

test('every decision replays from what the owner kept', async () => {
  for (const { decision, inputs } of await decided()) {
    assert.deepEqual(replay(decision.receipt.bytes, inputs), [], decision.code)
  }
})

test('a replay finds every change of the facts, the rules, the salt or the receipt', async () => {
  const { decision, inputs } = (await decided())[3]!
  const { bytes } = decision.receipt
  const { facts } = inputs
  const fields = { sequence: 1, atMs: startMs, maxStaleMs: 1000, revoked: [] }
  const rival = sealStatus(fields, { did: alice.did, sign: alice.signer.sign })
  const cases: readonly [string, ReceiptInputs, string][] = [
    [
      'the request',
      { ...inputs, facts: { ...facts, request: { ...facts.request, price: 4 } } },
      'requestHash',
    ],
    ['an identity', { ...inputs, facts: { ...facts, states: new Map() } }, 'factsHash'],
    [
      'the uses',
      { ...inputs, facts: { ...facts, uses: new Map([...facts.uses].map(([key]) => [key, 1])) } },
      'verdict',
    ],
    ['the status', { ...inputs, facts: { ...facts, statuses: new Map() } }, 'statusSequence'],
    [
      'another status of that sequence',
      { ...inputs, facts: { ...facts, statuses: new Map([[alice.did, rival]]) } },
      'factsHash',
    ],
    ['the time', { ...inputs, facts: { ...facts, atMs: startMs + 1 } }, 'atMs'],
    ['the proofs', { ...inputs, facts: { ...facts, proofs: [] } }, 'proofs'],
    ['the rules', { ...inputs, policyTexts: { ...inputs.policyTexts, in: [] } }, 'policyHashes'],
    ['the salt', { ...inputs, salt: new Uint8Array(16) }, 'requestHash'],
  ]
  for (const [title, changed, field] of cases) assert.ok(replay(bytes, changed).includes(field), title)

  const lied = encodeCbor({ ...(decodeCbor(bytes) as object), verdict: 'deny', code: 'refused.no-rule' })
  assert.deepEqual(replay(lied, inputs), ['verdict', 'code'])
})

test('one signature covers a batch of receipts, each proved alone and none that was not in it', async () => {
  const { qonsent } = createWorld()
  const receipts = (await decided()).map(({ decision }) => decision.receipt)
  const signed = qonsent.signReceipts(receipts)
  assert.equal(new Set(signed.map(({ proof }) => proof.signature)).size, 1)
  for (const { receipt, proof } of signed) {
    assert.ok(verifyReceipt(alice.signer.publicKey, receipt.bytes, proof))
    assert.ok(!verifyReceipt(bob.signer.publicKey, receipt.bytes, proof))
  }
  assert.ok(!verifyReceipt(alice.signer.publicKey, receipts[1]!.bytes, signed[0]!.proof))
  const changed = new Uint8Array(receipts[0]!.bytes)
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1
  assert.ok(!verifyReceipt(alice.signer.publicKey, changed, signed[0]!.proof))
  assert.deepEqual(qonsent.signReceipts([]), [])
})

test('a signed receipt goes out as a document that anybody checks with the public key; changed anywhere, it does not hold', async () => {
  const { qonsent } = createWorld()
  const receipts = (await decided()).map(({ decision }) => decision.receipt)
  const [, , , signed] = qonsent.signReceipts(receipts)
  const json = signedReceiptToJson(signed!)
  const text = JSON.stringify(json)
  const read = readSignedReceipt(JSON.parse(text), alice.signer.publicKey)
  assert.ok(read.ok)
  assert.deepEqual([read.value.fields.verdict, read.value.fields.code], ['allow', 'allowed.grant'])
  assert.deepEqual(read.value.bytes, receipts[3]!.bytes)
  assert.equal(codeOf(JSON.parse(text), bob.signer.publicKey), 'refused.receipt')

  const other = signedReceiptToJson(qonsent.signReceipts(receipts.slice(0, 2))[0]!)
  const changes: readonly object[] = [
    { ...json, index: json.index + 1 },
    { ...json, size: json.size + 1 },
    { ...json, path: json.path.slice(1) },
    { ...json, path: [...json.path].reverse() },
    { ...json, receipt: other.receipt },
    { ...json, signature: other.signature },
  ]
  for (const changed of changes) {
    assert.equal(
      codeOf(changed, alice.signer.publicKey),
      'refused.receipt',
      JSON.stringify(changed).slice(0, 60),
    )
  }
  const strange: readonly unknown[] = [
    undefined,
    null,
    [],
    'x',
    {},
    { ...json, version: 2 },
    { ...json, receipt: `${json.receipt}=` },
    { ...json, receipt: 'A'.repeat(100_000) },
    { ...json, path: ['AA'] },
    { ...json, signature: 'AA' },
    { ...json, more: 1 },
  ]
  for (const value of strange) {
    assert.equal(
      codeOf(value, alice.signer.publicKey),
      'invalid.receipt',
      JSON.stringify(value)?.slice(0, 60),
    )
  }
})

function codeOf(json: unknown, publicKey: Uint8Array): string {
  const read = readSignedReceipt(json, publicKey)
  return read.ok ? 'ok' : read.fault.code
}

test('bytes that are no receipt are refused', async () => {
  const { bytes } = (await decided())[0]!.decision.receipt
  const fields = decodeCbor(bytes) as object
  for (const [bad, code] of [
    [fromUtf8('x'), 'invalid.cbor'],
    [encodeCbor({ ...fields, v: 2 }), 'invalid.receipt'],
    [encodeCbor({ ...fields, verdict: 'maybe' }), 'invalid.receipt'],
    [encodeCbor({ ...fields, extra: 1 }), 'invalid.shape'],
    [encodeCbor({ ...fields, requestHash: new Uint8Array(31) }), 'invalid.shape'],
    [new Uint8Array(70_000), 'limit.receipt'],
  ] as const) {
    assert.throws(
      () => parseReceipt(bad),
      (error) => error instanceof Fault && error.code === code,
    )
  }
})
