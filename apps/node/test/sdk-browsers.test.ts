import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { toBase64Url } from '@anarq/bytes'
import { systemRandom as random } from '@anarq/random'
import { createSdk, describePermission, type Sdk } from '@anarq/sdk'
import { createPageClient, createPageKey, type PageClient, type PageSession } from '@anarq/sdk/browser'
import { file, items, jsonOf, openWorld, passphrase, send, type World } from './http-world.ts'

let world: World
before(async () => {
  world = await openWorld()
})
after(() => world.close())

type Page = { readonly client: PageClient; readonly sdk: Sdk }

/** A page that unlocked with the passphrase, and calls the SDK with its own key. */
async function openPage(browser: string, clockOffMs = () => 0): Promise<Page> {
  const key = await createPageKey()
  let session: PageSession | undefined
  const client = createPageClient({
    key,
    session: () => session,
    origin: world.door.address,
    nowMs: () => world.clock.nowMs() + clockOffMs(),
  })
  session = await client.open<PageSession>('/api/v1/sessions', {
    json: { passphrase, key: key.publicKey, browser },
  })
  return { client, sdk: createSdk(client.callAs()) }
}

async function ask(browser: string): Promise<{ id: string; digits: string }> {
  const json = JSON.stringify({ key: toBase64Url(random.bytes(32)), browser })
  const answer = await send(world.door.address, 'POST', '/api/v1/sessions/asks', {
    headers: { 'content-type': 'application/json' },
    body: json,
  })
  return jsonOf(answer) as { id: string; digits: string }
}

test('a page sees the browsers that are in, which of them it is, and puts another out at once', async () => {
  const [desk, tablet] = [await openPage('The desk'), await openPage('The tablet')]
  const seen = await desk.sdk.browsers.list({})
  const named = Object.fromEntries(seen.map(({ browser, isCurrent }) => [browser, isCurrent]))
  assert.deepEqual(named, { 'The desk': true, 'The tablet': false })
  const { id = '' } = seen.find(({ browser }) => browser === 'The tablet') ?? {}
  await desk.sdk.browsers.end({ id })
  await assert.rejects(tablet.sdk.identity.current({}))
  assert.deepEqual(
    (await desk.sdk.browsers.list({})).map(({ browser }) => browser),
    ['The desk'],
  )
  await assert.rejects(desk.sdk.browsers.end({ id }), { code: 'missing.session' })
})

test('a browser that asks shows the same digits in the list; it is let in by yes, and stays out by no', async () => {
  const { sdk } = await openPage('Another desk')
  const [phone, stranger] = [await ask('A phone'), await ask('A stranger')]
  assert.deepEqual(
    (await sdk.browsers.asks({})).map(({ browser, digits }) => [browser, digits]),
    [
      ['A phone', phone.digits],
      ['A stranger', stranger.digits],
    ],
  )
  await sdk.browsers.answer({ id: phone.id, isApproved: true })
  await sdk.browsers.answer({ id: stranger.id, isApproved: false })
  const answers = await Promise.all(
    [phone, stranger].map(({ id }) => send(world.door.address, 'GET', `/api/v1/sessions/asks/${id}`)),
  )
  assert.deepEqual(
    answers.map((answer) => jsonOf(answer).state),
    ['approved', 'refused'],
  )
  assert.deepEqual(await sdk.browsers.asks({}), [])
  assert.ok((await sdk.browsers.list({})).some(({ browser }) => browser === 'A phone'))
  await assert.rejects(sdk.browsers.answer({ id: phone.id, isApproved: true }))
})

test('hard revocation by the SDK takes the grant back and says what was sealed anew', async () => {
  const { sdk } = await openPage('A third desk')
  const friend = await sdk.identity.create({ kind: 'sub', name: 'Friend' })
  await world.node.drive.put(items(file('plan.txt', 'what we plan')))
  const { grant } = await sdk.consent.share({ path: '/plan.txt', with: friend.did })
  const report = await sdk.consent.revokeHard({ grant: grant.id })
  assert.deepEqual([report.grant.state, report.files, report.skipped], ['revoked', 1, []])
  await assert.rejects(sdk.consent.revokeHard({ grant: 'none' }))
})

test('the recovery drill is on record, right or wrong, and the words are not', async () => {
  const { sdk } = await openPage('A fourth desk')
  assert.equal(await sdk.identity.drill({ words: 'abandon '.repeat(24).trim() }), false)
  const [entry] = await sdk.guardian.entries({ action: 'recovery.drill', limit: 1 })
  assert.deepEqual([entry?.verdict, entry?.details], ['refused', {}])
})

test('an alert comes with its rule and its evidence, and no content', async () => {
  const { sdk } = await openPage('A fifth desk')
  const { did } = await sdk.identity.current({})
  world.kernel.guardian.observe(did, { kind: 'signature', code: 'refused.signature' } as never)
  const [alert] = await sdk.guardian.alerts({})
  assert.ok(alert !== undefined)
  assert.ok(alert.rule !== '' && Array.isArray(alert.evidence.hashes))
  assert.equal(typeof alert.evidence.counts, 'object')
  assert.deepEqual(await world.node.audit.alerts(), await sdk.guardian.alerts({}))
})

test('a page whose clock is off by hours, or set while it is open, goes by the node’s and is not put out', async () => {
  let offMs = 2 * 3_600_000
  const { sdk } = await openPage('A clock that is fast', () => offMs)
  assert.equal(typeof (await sdk.identity.current({})).did, 'string')
  for (const jumpMs of [-5 * 3_600_000, 0, 90_000]) {
    offMs = jumpMs
    assert.equal(typeof (await sdk.identity.current({})).did, 'string', `${jumpMs} ms`)
  }
})

test('letting browsers in is a permission of its own, in words', () => {
  assert.equal(describePermission('browsers.manage'), 'Let browsers in, and put them out')
})
