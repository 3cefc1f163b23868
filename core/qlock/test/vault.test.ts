import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeCbor, encodeCbor } from '@anarq/ipld'
import { openVault, sealVault, suite, vaultParamsDefault } from '@anarq/qlock'
import { systemRandom as random } from '@anarq/random'
import { flip } from './vectors.ts'

const params = { memoryKiB: 64, passes: 1, lanes: 1 }
const secret = random.bytes(100)

test('AQ-QLOCK-2, AQ-QLOCK-3: a vault opens with its passphrase, however its accents are typed, and with no other', async () => {
  const sealed = await sealVault('caf\u00e9 con leche', secret, { random, params })
  assert.deepEqual(await openVault('cafe\u0301 con leche', sealed), { ok: true, value: secret })
  for (const wrong of ['', 'cafe con leche', 'caf\u00e9 con leche ']) {
    const outcome = await openVault(wrong, sealed)
    assert.ok(!outcome.ok && outcome.fault.code === 'refused.passphrase')
  }
})

test('AQ-QLOCK-7: two vaults of one secret under one passphrase share neither salt nor box', async () => {
  const [one, two] = await Promise.all([1, 2].map(() => sealVault('x', secret, { random, params })))
  const [first, second] = [fieldsOf(one), fieldsOf(two)]
  assert.notDeepEqual(first.salt, second.salt)
  assert.notDeepEqual(first.box, second.box)
})

test('AQ-QLOCK-14, AQ-QLOCK-15: a vault names its version, suite and cost, so one of another cost stays readable', async () => {
  const cheap = await sealVault('x', secret, { random, params })
  const dear = await sealVault('x', secret, { random, params: { memoryKiB: 256, passes: 2, lanes: 2 } })
  assert.deepEqual(
    [fieldsOf(cheap), fieldsOf(dear)].map(({ version, memoryKiB, passes, lanes, ...rest }) => [
      version,
      rest.suite,
      memoryKiB,
      passes,
      lanes,
    ]),
    [
      [1, suite, 64, 1, 1],
      [1, suite, 256, 2, 2],
    ],
  )
  for (const sealed of [cheap, dear])
    assert.deepEqual(await openVault('x', sealed), { ok: true, value: secret })
  assert.deepEqual(vaultParamsDefault, { memoryKiB: 65_536, passes: 3, lanes: 1 })
})

test('bytes that are no vault, or ask for too much work, are damaged before any work is done', async () => {
  const fields = fieldsOf(await sealVault('x', secret, { random, params }))
  const damaged: Record<string, unknown>[] = [
    { ...fields, version: 2 },
    { ...fields, suite: 99 },
    { ...fields, memoryKiB: 2 ** 30 },
    { ...fields, memoryKiB: 7 },
    { ...fields, passes: 0 },
    { ...fields, passes: 1_000_000 },
    { ...fields, lanes: 17 },
    { ...fields, salt: new Uint8Array(8) },
    { ...fields, box: 'text' },
    { ...fields, extra: 1 },
  ]
  const sealed = [new Uint8Array(0), random.bytes(50), ...damaged.map((f) => encodeCbor(f))]
  for (const bytes of sealed) {
    const outcome = await openVault('x', bytes)
    assert.ok(!outcome.ok)
    assert.equal(outcome.fault.code, 'damaged.vault')
  }
})

test('a vault whose cost or salt was changed does not open', async () => {
  const fields = fieldsOf(await sealVault('x', secret, { random, params }))
  const changed = [
    { ...fields, passes: 2 },
    { ...fields, memoryKiB: 65 },
    { ...fields, salt: flip(fields.salt, 0) },
    { ...fields, box: flip(fields.box, 80) },
    { ...fields, box: new Uint8Array(0) },
  ]
  for (const one of changed) {
    const outcome = await openVault('x', encodeCbor(one))
    assert.ok(!outcome.ok && outcome.fault.code === 'refused.passphrase')
  }
})

test('a vault that could not be opened again is not made', async () => {
  for (const wrong of [
    { memoryKiB: 7, passes: 1, lanes: 1 },
    { memoryKiB: 64, passes: 0, lanes: 1 },
    { memoryKiB: 64, passes: 1, lanes: 17 },
  ]) {
    await assert.rejects(sealVault('x', secret, { random, params: wrong }), { code: 'invalid.shape' })
  }
})

type VaultFields = Record<'version' | 'suite' | 'memoryKiB' | 'passes' | 'lanes', number> & {
  salt: Uint8Array
  box: Uint8Array
}

function fieldsOf(sealed: Uint8Array | undefined): VaultFields {
  assert.ok(sealed !== undefined)
  return decodeCbor(sealed) as VaultFields
}
