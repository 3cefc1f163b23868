import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { toBase64Url } from '@anarq/bytes'
import { primitives } from '@anarq/qlock'
import { systemRandom as random } from '@anarq/random'
import type { RequestKey } from '@anarq/squid'
import { type Answer, jsonOf, openEmptyWorld, openWorld, passphrase, type World } from './http-world.ts'

let world: World
before(async () => {
  world = await openWorld()
})
after(() => world.close())

type SessionJson = { did: string; keyid: string; certificate: string; expiresMs: number }

function browserKey() {
  const key = primitives.ed25519Key(random.bytes(32))
  return {
    text: toBase64Url(key.publicKey),
    of: ({ keyid, certificate }: SessionJson): RequestKey => ({
      keyid,
      certificate,
      alg: 'ed25519',
      sign: (message) => key.sign(message),
    }),
  }
}

const post = (path: string, body: object, headers: Record<string, string> = {}): Promise<Answer> =>
  world.ask('POST', path, {
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })

async function begin(key = browserKey()) {
  const answer = await post('/api/v1/sessions', { passphrase, key: key.text, browser: 'Test browser' })
  assert.equal(answer.status, 200)
  const session = jsonOf(answer) as SessionJson
  return { key, session, signer: key.of(session) }
}

const put = (path: string, body: object, key: RequestKey): Promise<Answer> =>
  world.signed(
    'POST',
    path,
    { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
    key,
  )

test('a browser that knows the passphrase gets a session for its own key, and acts with it', async () => {
  const { session, signer } = await begin()
  assert.equal(session.did, world.alice.did)
  assert.equal((await world.signed('GET', '/api/v1/folders', {}, signer)).status, 200)
  const sessions = JSON.parse((await world.signed('GET', '/api/v1/browsers', {}, signer)).body.toString())
  assert.equal(sessions.filter((one: { isCurrent: boolean }) => one.isCurrent).length, 1)
})

test('a certificate is of no use with another key than the one it names', async () => {
  const { session } = await begin()
  const thief = browserKey()
  assert.equal((await world.signed('GET', '/api/v1/folders', {}, thief.of(session))).status, 401)
})

test('a wrong passphrase begins nothing, also while the node is unlocked, and guesses become slow', async () => {
  const key = browserKey().text
  for (let i = 0; i < 5; i += 1)
    assert.equal((await post('/api/v1/sessions', { passphrase: 'wrong wrong wrong', key })).status, 403)
  const blocked = await post('/api/v1/sessions', { passphrase, key })
  assert.equal(blocked.status, 429)
  assert.ok(Number(blocked.headers['retry-after']) >= 1)
  world.clock.advance(61_000)
  assert.equal((await post('/api/v1/sessions', { passphrase, key })).status, 200)
})

test("another site's page cannot begin a session, nor guess", async () => {
  const body = { passphrase, key: browserKey().text }
  for (const headers of [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
  ] as Record<string, string>[]) {
    const answer = await post('/api/v1/sessions', body, headers)
    assert.equal(jsonOf(answer).code, 'refused.origin', JSON.stringify(headers))
  }
  assert.equal((await post('/api/v1/sessions', body, { origin: world.door.address })).status, 200)
})

test('a session that was ended does nothing more; locking ends them all', async () => {
  const first = await begin()
  const second = await begin()
  assert.equal((await world.signed('DELETE', '/api/v1/browsers/own', {}, first.signer)).status, 204)
  assert.equal(jsonOf(await world.signed('GET', '/api/v1/folders', {}, first.signer)).code, 'refused.session')
  assert.equal((await world.signed('POST', '/api/v1/lock', {}, second.signer)).status, 204)
  assert.equal((await world.signed('GET', '/api/v1/folders', {}, second.signer)).status, 423)
  const third = await begin()
  assert.equal((await world.signed('GET', '/api/v1/folders', {}, second.signer)).status, 401)
  assert.equal((await world.signed('GET', '/api/v1/folders', {}, third.signer)).status, 200)
})

test('a page that was locked out begins again with the key that it has', async () => {
  const { key, signer } = await begin()
  await world.signed('POST', '/api/v1/lock', {}, signer)
  const again = await begin(key)
  assert.equal((await world.signed('GET', '/api/v1/folders', {}, again.signer)).status, 200)
})

test('[AQ-UI-2] when another identity comes into use, the browser renews its session and acts for that one', async () => {
  const { key, signer } = await begin()
  await world.node.identities.create({ kind: 'sub', name: 'Work' })
  await world.node.identities.use('Work')
  assert.equal(jsonOf(await world.signed('GET', '/api/v1/folders', {}, signer)).code, 'conflict.identity')
  const renewed = jsonOf(await put('/api/v1/sessions/renew', {}, signer)) as SessionJson
  assert.notEqual(renewed.did, world.alice.did)
  assert.equal((await world.signed('GET', '/api/v1/folders', {}, key.of(renewed))).status, 200)
  await world.node.identities.use('alice')
})

test('a second browser is let in by the first, which sees the same digits; a refusal gives nothing', async () => {
  const { signer } = await begin()
  const phone = browserKey()
  const ask = jsonOf(await post('/api/v1/sessions/asks', { key: phone.text, browser: 'Phone' }))
  const asks = JSON.parse((await world.signed('GET', '/api/v1/sessions/asks', {}, signer)).body.toString())
  assert.deepEqual(asks, [ask])
  const path = `/api/v1/sessions/asks/${ask.id}`
  assert.deepEqual(jsonOf(await world.ask('GET', path)), { state: 'waiting' })
  assert.equal((await put(path, { isApproved: true }, signer)).status, 204)
  const { state, session } = jsonOf(await world.ask('GET', path)) as { state: string; session: SessionJson }
  assert.equal(state, 'approved')
  assert.equal((await world.signed('GET', '/api/v1/folders', {}, phone.of(session))).status, 200)
  assert.equal((await world.ask('GET', path)).status, 404, 'a session is given once')

  const other = jsonOf(await post('/api/v1/sessions/asks', { key: browserKey().text }))
  await put(`/api/v1/sessions/asks/${other.id}`, { isApproved: false }, signer)
  assert.deepEqual(jsonOf(await world.ask('GET', `/api/v1/sessions/asks/${other.id}`)), { state: 'refused' })
})

test('an empty home is taken into use by the page alone, and its words bring it back', async () => {
  await using empty = await emptyWorld()
  const key = browserKey()
  const made = await empty.post('/api/v1/sessions/first', { name: 'Bea', passphrase, key: key.text })
  assert.equal(made.status, 200)
  const { words, session } = jsonOf(made) as { words: string; session: SessionJson }
  assert.equal(words.split(' ').length, 24)
  const again = await empty.post('/api/v1/sessions/first', { name: 'Eve', passphrase, key: key.text })
  assert.equal(again.status, 409)
  await using other = await emptyWorld()
  const back = await other.post('/api/v1/sessions/recover', { words, name: 'Bea', passphrase, key: key.text })
  assert.equal((jsonOf(back) as { session: SessionJson }).session.did, session.did)
})

async function emptyWorld() {
  const one = await openEmptyWorld()
  return {
    post: (path: string, body: object): Promise<Answer> =>
      one.ask('POST', path, { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    [Symbol.asyncDispose]: () => one.close(),
  }
}
