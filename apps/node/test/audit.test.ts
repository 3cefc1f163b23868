import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex } from '@anarq/bytes'
import { verifyAuditProofFile } from '@anarq/node'
import { readSignedReceipt } from '@anarq/qonsent'
import { addIdentity, createWorld, putFile, textOf } from './world.ts'

/** One home in memory for the tests that look and change nothing below. */
const world = await createWorld()
const { audit, drive, sharing } = world.operations
const bob = await addIdentity(world, 'bob')

test('AQ-QERBEROS-21, AQ-QONSENT-12: each act leaves its entry, newest first, and an object is asked for by its id', async () => {
  const id = await putFile(world, 'life.txt', 'one')
  await textOf(await drive.get(id))
  await drive.tag(id, { add: ['x'] })
  await drive.move(id, { name: 'life2.txt' })
  const { grant, ping } = await sharing.share(id, { with: 'bob' })
  await world.as('bob', async () => textOf(await sharing.open(ping)))
  await sharing.revoke(grant.id)
  await drive.remove(id)
  await drive.restore(id)
  await drive.remove(id, { isForever: true })
  const entries = await audit.tail({ object: id, limit: 100 })
  const actions = entries.map(({ action }) => action).filter((action) => !action.startsWith('decision.'))
  assert.deepEqual(actions, [
    'object.purge',
    'object.restore',
    'object.trash',
    'grant.revoke',
    'object.release',
    'grant.issue',
    'object.move',
    'object.tag',
    'object.get',
    'object.put',
  ])
  for (const entry of entries) assert.deepEqual([entry.object, entry.atMs], [id, world.clock.nowMs()])
  const indexes = entries.map(({ index }) => index)
  assert.deepEqual(
    indexes,
    indexes.toSorted((a, b) => b - a),
  )
  assert.deepEqual(
    (await audit.tail({ action: 'object.trash', object: id })).map(({ object }) => object),
    [id],
  )
})

test('AQ-QERBEROS-22: an entry holds no content and no name', async () => {
  await putFile(world, 'a telling name.txt', 'a telling content')
  assert.doesNotMatch(JSON.stringify(await audit.tail({ limit: 100 })), /telling/)
})

test('the tail gives as many as asked for, and a whole log says so with its size', async () => {
  assert.equal((await audit.tail({ limit: 3 })).length, 3)
  assert.equal((await audit.tail()).length, 20)
  const all = await audit.tail({ limit: 100_000 })
  const report = await audit.verify()
  assert.deepEqual([report.isWhole, report.findings, report.size], [true, [], all.length])
  assert.deepEqual(
    all.map(({ index }) => index),
    Array.from({ length: all.length }, (_, i) => all.length - 1 - i),
  )
})

test('AQ-QERBEROS-20: each identity has a log of its own, and reads no other', async () => {
  const mine = await audit.tail({ limit: 100_000 })
  const theirs = await world.as('bob', async () => {
    assert.equal((await audit.verify()).isWhole, true)
    return audit.tail({ limit: 100_000 })
  })
  assert.ok(mine.every(({ identity }) => identity === world.did))
  assert.ok(theirs.every(({ identity }) => identity === bob.did))
  assert.ok(theirs.length < mine.length)
})

test('AQ-QLOCK-11, AQ-QLOCK-12: a proof shows one entry to anybody, with nothing but what is in it', async () => {
  const id = await putFile(world, 'proved.txt', 'x')
  const [entry] = await audit.tail({ object: id, action: 'object.put' })
  const proof = JSON.stringify(await audit.prove(entry?.index as number))
  const checked = verifyAuditProofFile(proof)
  assert.equal(checked.isValid, true, checked.sentence)
  assert.match(JSON.stringify(checked.entry), new RegExp(id))
  // Older and newer entries do not show in it.
  for (const { object } of await audit.tail({ limit: 100 })) {
    if (object !== undefined && object !== id && !/^0+$/.test(object)) assert.ok(!proof.includes(object))
  }
})

test('AQ-QLOCK-10: a proof of which anything was changed does not hold', async () => {
  const [entry] = await audit.tail({ limit: 1 })
  const whole = JSON.stringify(await audit.prove(entry?.index as number))
  let tried = 0
  // Every text and number of the document in turn, whatever it is called.
  for (const match of whole.matchAll(/:("[^"]+"|\d+)/g)) {
    const value = match[1] as string
    const changed = value.startsWith('"') ? changeText(value) : String(Number(value) + 1)
    const at = match.index + 1
    const text = whole.slice(0, at) + changed + whole.slice(at + value.length)
    tried += 1
    assert.equal(verifyAuditProofFile(text).isValid, false, `${match[0].slice(0, 60)} at ${at}`)
  }
  assert.ok(tried > 5, `${tried} fields`)
  for (const text of [
    '',
    'null',
    '[]',
    '{}',
    '{"publicKey":1}',
    '{"publicKey":"zz"}',
    'x'.repeat(2_000_000),
  ]) {
    const { isValid, sentence } = verifyAuditProofFile(text)
    assert.equal(isValid, false)
    assert.match(sentence, /\S \S/)
  }
})

/** Another character in the middle of a quoted text. */
function changeText(quoted: string): string {
  const at = Math.floor(quoted.length / 2)
  const other = quoted[at] === '1' ? '2' : '1'
  return quoted.slice(0, at) + other + quoted.slice(at + 1)
}

/** An entry of a decision on what bob asked for, proved as the command line does it. */
async function provedDecision(
  code: string,
  name: string,
): Promise<{ proof: Proof; text: string; index: number }> {
  const id = await putFile(world, name, 'x')
  const { ping } = await sharing.share(id, { with: 'bob', uses: 1 })
  const open = () => world.as('bob', async () => textOf(await sharing.open(ping)))
  await open()
  await open().catch(() => {})
  const entry = (await audit.tail({ object: id, limit: 100 })).find((one) => one.code === code)
  const text = JSON.stringify(await audit.prove(entry?.index as number))
  return { proof: JSON.parse(text) as Proof, text, index: entry?.index as number }
}

type Proof = Readonly<Record<string, unknown>> & {
  readonly publicKey: string
  readonly receipt: Readonly<Record<string, unknown>> & { readonly path: readonly string[] }
}

test('AQ-QONSENT-12: the proof of a decision comes with its signed receipt, which anybody checks with public data alone', async () => {
  for (const [code, verdict] of [
    ['allowed.grant', 'allow'],
    ['refused.used-up', 'deny'],
  ] as const) {
    const { proof, text } = await provedDecision(code, `${verdict}.txt`)
    const { isValid, sentence, receipt } = verifyAuditProofFile(text)
    assert.deepEqual(
      [isValid, receipt?.verdict, receipt?.code, receipt?.by],
      [true, verdict, code, world.did],
    )
    assert.match(sentence, new RegExp(`${verdict} \\(${code}\\)`))
    // Without the log around it, the receipt holds as well.
    const alone = readSignedReceipt(proof.receipt, fromHex(proof.publicKey))
    assert.deepEqual(alone.ok && [alone.value.fields.verdict, alone.value.fields.atMs], [
      verdict,
      world.clock.nowMs(),
    ])
    assert.doesNotMatch(
      Buffer.from(alone.ok ? alone.value.bytes : []).toString('latin1'),
      /allow\.txt|deny\.txt/,
    )
  }
})

test('AQ-QONSENT-12, AQ-QLOCK-10: a receipt that was changed, or is that of another decision, does not hold', async () => {
  const one = await provedDecision('allowed.grant', 'one.txt')
  const other = await provedDecision('allowed.grant', 'other.txt')
  assert.equal(verifyAuditProofFile(one.text).isValid, true)
  const { receipt } = one.proof
  const changes: readonly (readonly [string, unknown])[] = [
    ...Object.entries(receipt).map(([field, value]): [string, unknown] => [
      `another ${field}`,
      { ...receipt, [field]: typeof value === 'string' ? changeText(`"${value}"`).slice(1, -1) : 7 },
    ]),
    ['the receipt of another decision', other.proof.receipt],
    ['nothing', null],
    ['text', 'allow'],
  ]
  for (const [what, changed] of changes) {
    const { isValid, sentence } = verifyAuditProofFile(JSON.stringify({ ...one.proof, receipt: changed }))
    assert.equal(isValid, false, what)
    assert.match(sentence, /^The proof (does not hold|cannot be read): \S/)
  }
  // A proof without its receipt is a proof of the entry still.
  const { receipt: _, ...without } = one.proof
  const checked = verifyAuditProofFile(JSON.stringify(without))
  assert.deepEqual([checked.isValid, checked.receipt], [true, undefined])
})

test('the proof of an entry that speaks of no decision has no receipt', async () => {
  const id = await putFile(world, 'no decision.txt', 'x')
  const [entry] = await audit.tail({ object: id, action: 'object.put' })
  const proof = await audit.prove(entry?.index as number)
  assert.equal('receipt' in proof, false)
  assert.equal(verifyAuditProofFile(JSON.stringify(proof)).isValid, true)
})

test('a number that no entry has cannot be proved', async () => {
  const { size } = await audit.verify()
  for (const index of [size + 10, -1, 0.5]) {
    await assert.rejects(audit.prove(index), { code: 'missing.entry' })
  }
})

for (const [who, seed] of [
  ['alice', 5],
  ['work', 6],
] as const) {
  test(`AQ-QERBEROS-20: after rotations of the keys of ${who} the log is whole, nothing is noted as trouble, and old entries are still proved`, async () => {
    const other = await createWorld({ seed })
    await addIdentity(other, 'work')
    const { identities, audit: theirs } = other.operations
    await identities.use(who)
    const id = await putFile(other, 'old.txt', 'x')
    const [entry] = await theirs.tail({ object: id })
    await textOf(await other.operations.drive.get(id))
    const decided = (await theirs.tail({ object: id })).find(({ action }) => action.startsWith('decision.'))
    for (let round = 0; round < 2; round += 1) {
      await identities.rotate(who)
      const { isWhole, findings } = await theirs.verify()
      assert.deepEqual([isWhole, findings], [true, []])
      const proof = JSON.stringify(await theirs.prove(entry?.index as number))
      assert.equal(verifyAuditProofFile(proof).isValid, true)
      const receipt = verifyAuditProofFile(JSON.stringify(await theirs.prove(decided?.index as number)))
      assert.deepEqual([receipt.isValid, receipt.receipt?.code], [true, 'allowed.owner'])
    }
    const noted = (await theirs.tail({ limit: 1000 })).find(({ action }) => action === 'audit.opened')
    assert.equal(noted, undefined, `found as it was left, not: ${JSON.stringify(noted?.details)}`)
  })
}
