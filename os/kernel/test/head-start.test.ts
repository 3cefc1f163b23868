import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeCbor } from '@anarq/ipld'
import { beginStretch } from '@anarq/kernel/head-start'
import { openVault, sealVault, stretchPassphrase, vaultCost } from '@anarq/qlock'
import { systemRandom as random } from '@anarq/random'

const params = { memoryKiB: 64, passes: 1, lanes: 1 }
const secret = random.bytes(32)

async function vaultOf(passphrase: string): Promise<{ master: Uint8Array; vault: Uint8Array }> {
  const master = await sealVault(passphrase, secret, { random, params })
  return { master, vault: encodeCbor({ v: 1, master, box: random.bytes(64) }) }
}

test('a key that was begun early opens its vault, once and again', async () => {
  const { master, vault } = await vaultOf('right')
  const { stretch } = beginStretch(vault, 'right')
  for (let time = 0; time < 2; time += 1)
    assert.deepEqual(await openVault('right', master, { stretch }), { ok: true, value: secret })
})

test('a passphrase that was begun early opens nothing where another is asked for, or another vault', async () => {
  const [one, other] = [await vaultOf('right'), await vaultOf('right')]
  const { stretch } = beginStretch(one.vault, 'right')
  const wrong = await openVault('wrong', one.master, { stretch })
  assert.ok(!wrong.ok && wrong.fault.code === 'refused.passphrase')
  const cost = vaultCost(other.master)
  assert.deepEqual(await stretch('right', cost), await stretchPassphrase('right', cost))
  assert.deepEqual(await openVault('right', other.master, { stretch }), { ok: true, value: secret })
})

test('what is no vault is refused before any work is done', () => {
  assert.throws(() => beginStretch(random.bytes(40), 'right'))
})
