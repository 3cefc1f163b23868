/** Ways in beside the passphrase. What an authenticator does is the desktop's test; here its answer is 32 bytes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromUtf8, toBase64Url } from '@anarq/bytes'
import { createCedar } from '@anarq/cedar'
import { createManualClock } from '@anarq/clock/testing'
import { decodeCbor, encodeCbor } from '@anarq/ipld'
import { createKernel, type KernelPorts } from '@anarq/kernel'
import { createMemoryPorts } from '@anarq/kernel/testing'
import { primitives, sealBox, sealVault } from '@anarq/qlock'
import { systemRandom as random } from '@anarq/random'
import { createDevice, createKeyring } from '@anarq/squid'
import { jsonOf, openWorld, passphrase as port } from './http-world.ts'
import { createWorld, passphrase, someDay } from './world.ts'

const text = (of: string | number, length = 32): string =>
  toBase64Url(typeof of === 'string' ? fromUtf8(of) : new Uint8Array(length).fill(of))
const passkey = (seed: number, name = `key ${seed}`) => ({
  credential: text(`credential ${seed}`),
  host: 'localhost',
  salt: text(seed),
  secret: text(seed + 100),
  name,
})

test('a passkey opens what the passphrase opens, and goes on doing so when the passphrase is changed', async () => {
  const world = await createWorld({ seed: 401 })
  const { account } = world.operations
  await account.addPasskey({ ...passkey(1, 'Laptop'), passphrase })
  await account.addPasskey({ ...passkey(2), passphrase })
  await account.changePassphrase({ from: passphrase, to: 'another passphrase' })
  assert.deepEqual(
    (await account.listPasskeys()).map(({ name, addedMs }) => [name, addedMs]),
    [
      ['Laptop', someDay],
      ['key 2', someDay],
    ],
  )
  await world.kernel.close()

  const again = (await world.reopen()).operations
  const [slot] = await again.account.passkeys()
  const { credential, host, salt, secret } = passkey(1)
  assert.deepEqual(slot, { credential, host, salt }, 'what a browser has to ask for is said while locked')
  await assert.rejects(again.account.listPasskeys(), { code: 'refused.locked' })
  await again.account.unlockByPasskey({ credential, secret })
  assert.equal((await again.account.status()).current?.did, world.did)
  await again.drive.list('/')
  await again.account.lock()
  await again.account.unlock({ passphrase: 'another passphrase' })
})

test('who forgot the passphrase comes in with the words, under a new one; passkeys, files and keys are as they were', async () => {
  const world = await createWorld({ seed: 410 })
  const { account, identities } = world.operations
  const { words } = await account.showWords({ passphrase })
  await account.addPasskey({ ...passkey(1), passphrase })
  const sub = await identities.create({ kind: 'sub', name: 'Work' })
  await world.kernel.close()

  const again = (await world.reopen()).operations.account
  const other =
    'legal winner thank year wave sausage worth useful legal winner thank year wave sausage worth useful legal winner thank year wave sausage worth title'
  const before = await world.ports.vault.read()
  for (const [given, chosen, code] of [
    [other, 'another passphrase', 'refused.words'],
    [words.split(' ').reverse().join(' '), 'another passphrase', /^invalid/],
    [words, 'short', 'invalid.passphrase'],
  ] as const)
    await assert.rejects(again.unlockByWords({ words: given, passphrase: chosen }), { code })
  assert.deepEqual(await world.ports.vault.read(), before, 'what was refused changes nothing')
  assert.equal((await again.status()).state, 'locked')

  await again.unlockByWords({ words, passphrase: 'another passphrase' })
  assert.equal((await again.status()).current?.did, world.did)
  await again.lock()
  await assert.rejects(again.unlock({ passphrase }), { code: 'refused.passphrase' })
  const { credential, secret } = passkey(1)
  await again.unlockByPasskey({ credential, secret })
  await again.lock()
  await again.unlock({ passphrase: 'another passphrase' })
  // Open already: the passphrase is another all the same, and what is in use stays in use.
  await again.unlockByWords({ words, passphrase: 'a third passphrase' })
  const last = (await world.reopen()).operations
  await last.account.unlock({ passphrase: 'a third passphrase' })
  assert.ok((await last.identities.list()).some(({ did }) => did === sub.did))
  const noted = await last.audit.tail({ action: 'passphrase.reset', limit: 5 })
  assert.equal(noted.length, 2)
})

test('a vault from before the words were a way in has it once it was unlocked', async () => {
  const world = await createWorld({ seed: 411 })
  const { words } = await world.operations.account.showWords({ passphrase })
  await world.kernel.close()
  const { words: _, ...older } = decodeCbor(
    (await world.ports.vault.read()) as Uint8Array,
    'The vault',
  ) as Record<string, never>
  await world.ports.vault.write(encodeCbor(older))
  const { account } = (await world.reopen()).operations
  const given = { words, passphrase: 'another passphrase' }
  await assert.rejects(account.unlockByWords(given), { code: 'refused.words' })
  await account.unlock({ passphrase })
  await account.lock()
  await account.unlockByWords(given)
})

test('a removed passkey opens nothing, even where its slot is put back into the file', async () => {
  const world = await createWorld({ seed: 402 })
  const { account } = world.operations
  await account.addPasskey({ ...passkey(1), passphrase })
  const before = (await world.ports.vault.read()) as Uint8Array
  const { credential, secret } = passkey(1)
  await account.removePasskey({ credential })
  await account.lock()
  const refused = { code: 'refused.passkey' }
  await assert.rejects(account.unlockByPasskey({ credential, secret }), refused)

  const now = decodeCbor((await world.ports.vault.read()) as Uint8Array) as object
  const { passkeys } = decodeCbor(before) as { passkeys: unknown }
  await world.ports.vault.write(encodeCbor({ ...now, passkeys }))
  await assert.rejects(
    (await world.reopen()).operations.account.unlockByPasskey({ credential, secret }),
    refused,
  )
})

test('a passkey is added only by who knows the passphrase, once, for a site, with a secret of the right size', async () => {
  const { operations, ports } = await createWorld({ seed: 403 })
  const { account } = operations
  const add = (change: object) => account.addPasskey({ ...passkey(1), passphrase, ...change })
  const before = await ports.vault.read()
  await assert.rejects(add({ passphrase: 'not the passphrase' }), { code: 'refused.passphrase' })
  await assert.rejects(add({ host: '' }), { code: 'invalid.passkey' })
  await assert.rejects(add({ salt: text(1, 31) }), { code: 'invalid.passkey' })
  await assert.rejects(add({ secret: text(1, 31) }), { code: 'invalid.shape' })
  await assert.rejects(add({ credential: text(1, 1024) }), { code: 'invalid.shape' })
  await assert.rejects(add({ secret: '?' }), { code: 'invalid.passkey' })
  assert.deepEqual(await ports.vault.read(), before, 'what was refused left no trace in the vault')
  await add({})
  await assert.rejects(add({ secret: text(9) }), { code: 'conflict.passkey' })
  for (let seed = 2; seed <= 16; seed += 1) await account.addPasskey({ ...passkey(seed), passphrase })
  await assert.rejects(account.addPasskey({ ...passkey(17), passphrase }), { code: 'limit.passkeys' })
})

test('a secret that is nearly right, or that of another slot, opens nothing', async () => {
  const { operations } = await createWorld({ seed: 404 })
  const { account } = operations
  await account.addPasskey({ ...passkey(1), passphrase })
  await account.addPasskey({ ...passkey(2), passphrase })
  await account.lock()
  const nearly = new Uint8Array(32).fill(101)
  nearly[31] = 100
  for (const secret of [toBase64Url(nearly), passkey(2).secret])
    await assert.rejects(account.unlockByPasskey({ credential: passkey(1).credential, secret }), {
      code: 'refused.passkey',
    })
  await assert.rejects(account.unlockByPasskey(passkey(3)), { code: 'refused.passkey' })
})

test('a passkey that could not be written is not there, and the vault is the one that was', async () => {
  let isFull = false
  const world = await createWorld({
    seed: 405,
    ports: (ports) => ({
      ...ports,
      vault: {
        read: ports.vault.read,
        async write(bytes) {
          if (isFull) throw new Error('no space left')
          await ports.vault.write(bytes)
        },
      },
    }),
  })
  const { account } = world.operations
  isFull = true
  await assert.rejects(account.addPasskey({ ...passkey(1), passphrase }), /no space left/)
  assert.deepEqual([await account.passkeys(), await account.listPasskeys()], [[], []])
  isFull = false
  await account.addPasskey({ ...passkey(1), passphrase })
})

test('locking while a passphrase is checked leaves the home locked, and no passkey behind', async () => {
  const { operations } = await createWorld({ seed: 406 })
  const { account } = operations
  const adding = account.addPasskey({ ...passkey(1), passphrase })
  const locking = account.lock()
  await assert.rejects(adding, { code: 'busy.vault' })
  await locking
  assert.deepEqual([(await account.status()).state, await account.passkeys()], ['locked', []])
})

test('the words bring back an identity, and none of the passkeys of the home that is gone', async () => {
  const { operations, words } = await createWorld({ seed: 407 })
  await operations.account.addPasskey({ ...passkey(1), passphrase })
  const other = await emptyKernel()
  await other.operations.account.recover({ words, name: 'alice', passphrase })
  assert.deepEqual(await other.operations.account.passkeys(), [])
})

test('words count as confirmed once somebody showed that they have them, and the home remembers it', async () => {
  const world = await createWorld({ seed: 408 })
  const { identities } = world.operations
  const { account } = world.operations
  assert.deepEqual(await account.showWords({ passphrase }), { words: world.words })
  await assert.rejects(account.showWords({ passphrase: 'not this one' }), { code: 'refused.passphrase' })
  const unconfirmed = { hasWords: true, areWordsConfirmed: false }
  assert.deepEqual(await identities.recovery(), unconfirmed)
  assert.equal(await identities.drill(world.words.split(' ').reverse().join(' ')), false)
  assert.deepEqual(await identities.recovery(), unconfirmed)
  assert.equal(await identities.drill(world.words), true)
  await assert.rejects(account.showWords({ passphrase }), { code: 'refused.words' })
  await world.kernel.close()
  const again = (await world.reopen()).operations
  await again.account.unlock({ passphrase })
  assert.equal((await again.identities.recovery()).areWordsConfirmed, true)

  const other = await createWorld({ seed: 409 })
  await other.operations.account.confirmWords()
  assert.equal((await other.operations.identities.recovery()).areWordsConfirmed, true)
  const back = await emptyKernel()
  await back.operations.account.recover({ words: other.words, name: 'alice', passphrase })
  assert.equal(
    (await back.operations.identities.recovery()).areWordsConfirmed,
    true,
    'who typed them has them',
  )
})

test('a vault of the first version, without passkeys, opens and takes one', async () => {
  const clock = createManualClock(someDay)
  const ports = emptyPorts(clock)
  const master = random.bytes(32)
  const entropy = random.bytes(32)
  const device = createDevice('this device', random)
  const keyring = createKeyring({ entropy, name: 'alice', device, clock, random })
  const inner = encodeCbor({ replica: random.bytes(32), entropy, keyring: keyring.export() })
  const params = { memoryKiB: 8, passes: 1, lanes: 1 }
  await ports.vault.write(
    encodeCbor({
      v: 1,
      master: await sealVault(passphrase, master, { random, params }),
      box: sealBox(master, inner, { context: 'q/v1/vault/keyring', random }),
    }),
  )
  const { operations } = await createKernel({ ports, version: '0.0.0' })
  await operations.account.unlock({ passphrase })
  assert.deepEqual(await operations.identities.recovery(), { hasWords: true, areWordsConfirmed: false })
  await operations.account.addPasskey({ ...passkey(1), passphrase })
  await operations.account.lock()
  await operations.account.unlockByPasskey(passkey(1))
})

test('at the door a passkey begins a session, and wrong secrets are guesses like wrong passphrases', async () => {
  const world = await openWorld()
  try {
    const headers = { 'content-type': 'application/json' }
    const { credential, host, salt, secret, name } = passkey(1)
    const body = JSON.stringify({ credential, host, salt, secret, name, passphrase: port })
    const add = '/api/v1/account/passkeys'
    assert.equal((await world.ask('POST', add, { headers, body })).status, 401, 'unsigned')
    const foreign = { ...headers, origin: 'https://evil.example' }
    const refused = await world.signed('POST', add, { headers: foreign, body })
    assert.equal(jsonOf(refused).code, 'refused.origin')
    assert.equal((await world.signed('POST', add, { headers, body })).status, 204)
    const listed = JSON.parse((await world.ask('GET', '/api/v1/sessions/passkeys')).body.toString())
    assert.deepEqual(listed, [{ credential, host, salt }])
    await world.node.account.lock()

    const key = toBase64Url(primitives.ed25519Key(random.bytes(32)).publicKey)
    const begin = (told: string) =>
      world.ask('POST', '/api/v1/sessions/passkey', {
        headers,
        body: JSON.stringify({ credential, secret: told, key, browser: 'Test' }),
      })
    for (let turn = 0; turn < 5; turn += 1)
      assert.equal(jsonOf(await begin(text(turn))).code, 'refused.passkey')
    assert.equal((await begin(secret)).status, 429)
    world.clock.advance(61_000)
    const session = jsonOf(await begin(secret)) as { did?: string }
    assert.equal(session.did, world.alice.did)
    await world.node.account.removePasskey({ credential })
    assert.equal(jsonOf(await begin(secret)).code, 'refused.passkey')
    await assert.rejects(world.node.account.unlockByPasskey({ credential, secret }), {
      code: 'refused.passkey',
    })
  } finally {
    await world.close()
  }
})

function emptyPorts(clock = createManualClock(someDay)): KernelPorts {
  return createMemoryPorts({ clock, random, createPolicies: createCedar })
}

function emptyKernel() {
  return createKernel({ ports: emptyPorts(), version: '0.0.0' })
}
