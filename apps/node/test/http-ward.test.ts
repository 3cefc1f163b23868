/** A child's own device in a browser: before anybody could sign anything, and when its time is over. */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { after, before, test } from 'node:test'
import {
  type Answer,
  type EmptyWorld,
  jsonOf,
  openEmptyWorld,
  openWorld,
  passphrase,
  type World,
} from './http-world.ts'

const birthMs = Date.UTC(2015, 1, 10)
const dayMs = 86_400_000
let guardian: World
let device: EmptyWorld
const key = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }).x

before(async () => {
  guardian = await openWorld()
  await guardian.node.identities.create({ kind: 'sub', name: 'second' })
  device = await openEmptyWorld()
})
after(async () => {
  await device?.close()
  await guardian?.close()
})

const post = (path: string, body: object): Promise<Answer> =>
  device.ask('POST', `/api/v1/sessions${path}`, {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
const unlock = (): Promise<Answer> => post('', { passphrase, key })

test('[AQ-SQUID-10] a child’s device is enrolled, joins and is renewed at its page, each time with its own passphrase', async () => {
  const enrolled = jsonOf(await post('/enrol', { name: 'Tablet', passphrase }))
  assert.equal(enrolled.name, 'Tablet')
  assert.equal(jsonOf(await post('/enrol', { name: 'Again', passphrase })).code, 'conflict.identity')
  assert.equal(
    jsonOf(await post('/enrolment', { passphrase: 'some other words' })).code,
    'refused.passphrase',
  )
  assert.equal(jsonOf(await post('/enrolment', { passphrase })).device, enrolled.device)
  // Whoever unlocks it is told that it waits, and comes in when the guardian has answered.
  assert.equal(jsonOf(await unlock()).code, 'missing.invitation')

  const { invitation, ...child } = await guardian.node.identities.createChild({
    name: 'Ada',
    birthMs,
    device: String(enrolled.device),
    second: 'second',
  })
  const stranger = { file: invitation, passphrase: 'some other words', key }
  assert.equal(jsonOf(await post('/join', stranger)).code, 'refused.passphrase')
  assert.equal((await device.node.account.status()).state, 'waiting')
  const joined = jsonOf(await post('/join', { file: invitation, passphrase, key }))
  assert.equal(joined.did, child.did)
  assert.equal(typeof joined.certificate, 'string')
  assert.equal(jsonOf(await post('/enrolment', { passphrase })).code, 'missing.device')

  device.clock.advance(8 * dayMs)
  guardian.clock.advance(8 * dayMs)
  assert.equal(jsonOf(await unlock()).code, 'refused.expired')
  const { delegation } = await guardian.node.identities.renew('Ada')
  assert.equal(jsonOf(await post('/join', { file: delegation, passphrase, key })).did, child.did)

  const toMajorityMs = Date.UTC(2033, 1, 10) + dayMs - device.clock.nowMs()
  device.clock.advance(toMajorityMs)
  guardian.clock.advance(toMajorityMs)
  assert.equal(jsonOf(await unlock()).code, 'refused.majority')
  const { release } = await guardian.node.identities.release('Ada')
  const grown = jsonOf(await post('/join', { file: release, passphrase, key }))
  assert.equal(grown.did, child.did)
  assert.equal(typeof grown.certificate, 'string')
  assert.equal((await device.node.identities.list())[0]?.child?.stage, 'adult')
})

test('a home that somebody lives in is no child’s device', async () => {
  const answer = await guardian.ask('POST', '/api/v1/sessions/enrol', {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'x', passphrase }),
  })
  assert.equal(jsonOf(answer).code, 'conflict.identity')
})
