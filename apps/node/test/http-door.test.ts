/** Who may come in by the HTTP door, and what happens to what is not a good request. */
import assert from 'node:assert/strict'
import { stat, writeFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { openHttpDoor, socketOf } from '@anarq/http'
import { reachNode } from '@anarq/http/client'
import { createEntropy } from '@anarq/qlock'
import { systemRandom as random } from '@anarq/random'
import { createDevice, createKeyring, identityKey } from '@anarq/squid'
import {
  file,
  items,
  json,
  jsonOf,
  openWorld,
  passphrase,
  send,
  sessionOf,
  type World,
} from './http-world.ts'

let world: World
before(async () => {
  world = await openWorld()
  await world.node.drive.put(items(file('a.txt', 'hello')))
})
after(() => world.close())

test('AQ-FID-1: a request that the identity in use signed is answered', async () => {
  for (const key of [identityKey(world.alice), sessionOf(world.alice, world.clock)]) {
    const got = await world.signed('GET', '/api/v1/files/a.txt', {}, key)
    assert.equal(got.status, 200)
    assert.equal(got.body.toString(), 'hello')
    const made = await world.signed(
      'POST',
      '/api/v1/objects/a.txt/tag',
      { headers: json, body: '{"add":["x"]}' },
      key,
    )
    assert.equal(made.status, 200)
  }
})

test('AQ-FID-1: without a signature nothing but the status answers, and that names nobody', async () => {
  for (const path of [
    '/api/v1/files/a.txt',
    '/api/v1/identities',
    '/api/v1/objects/a.txt',
    '/api/v1/audit',
    '/api/v1/health/backup',
  ]) {
    const refused = await world.ask('GET', path)
    assert.equal(refused.status, 401, path)
    assert.equal(jsonOf(refused).code, 'refused.unsigned')
    assert.match(refused.headers['www-authenticate'] ?? '', /^HTTP-Signature/)
    assert.match(refused.headers['content-type'] ?? '', /^application\/problem\+json/)
  }
  assert.deepEqual(jsonOf(await world.ask('GET', '/api/v1/status')), { state: 'open', version: '1.2.3' })
  const own = jsonOf(await world.signed('GET', '/api/v1/status'))
  assert.deepEqual(own.current, { did: world.alice.did, name: 'alice', kind: 'root' })
})

test('AQ-FID-2: a request that came before is refused', async () => {
  const headers = world.sign('GET', '/api/v1/identities')
  assert.equal((await world.ask('GET', '/api/v1/identities', { headers })).status, 200)
  const again = await world.ask('GET', '/api/v1/identities', { headers })
  assert.deepEqual([again.status, jsonOf(again).code], [401, 'refused.replay'])
})

test('AQ-FID-2: a request that is too old is refused', async () => {
  const headers = world.sign('GET', '/api/v1/identities')
  world.clock.advance(10 * 60_000)
  const late = await world.ask('GET', '/api/v1/identities', { headers })
  assert.deepEqual([late.status, jsonOf(late).code], [401, 'refused.expired'])
})

test('AQ-FID-2: a request from before a restart is refused: nothing remembers whether it came', async () => {
  const headers = world.sign('GET', '/api/v1/identities')
  world.clock.advance(2000)
  const stats = { blocks: 0, liveBytes: 0, fileBytes: 0, damaged: 0 }
  const { kernel, clock, ports } = world
  const door = await openHttpDoor({
    kernel,
    clock,
    blocks: ports.blocks,
    stats: async () => stats,
    port: 0,
    socket: `${world.home}/again`,
  })
  try {
    const { host } = new URL(world.door.address)
    const late = await send(door.address, 'GET', '/api/v1/identities', { headers: { ...headers, host } })
    assert.deepEqual([late.status, jsonOf(late).code], [401, 'refused.expired'])
  } finally {
    await door.close()
  }
})

test('AQ-FID-2: a request that was changed on its way is refused, and does nothing', async () => {
  const path = '/api/v1/objects/a.txt/tag'
  const body = '{"add":["y"]}'
  const headers: Record<string, string> = { ...json, ...world.sign('POST', path, { headers: json, body }) }
  for (const [what, asked] of [
    ['another body', () => world.ask('POST', path, { headers, body: '{"add":["z"]}' })],
    ['another path', () => world.ask('POST', '/api/v1/objects/b.txt/tag', { headers, body })],
    ['a query', () => world.ask('POST', `${path}?x=1`, { headers, body })],
    ['another method', () => world.ask('DELETE', path, { headers, body })],
    ['no digest', () => world.ask('POST', path, { headers: { ...headers, 'content-digest': '' }, body })],
    [
      'half a signature',
      () => world.ask('POST', path, { headers: { ...headers, signature: 'anarq=:AAAA:' }, body }),
    ],
    [
      'no signature',
      () =>
        world.ask('POST', path, {
          headers: { ...headers, signature: '' },
          body,
        }),
    ],
  ] as const) {
    const { status } = await asked()
    assert.ok(status === 401 || status === 405, `${what}: ${status}`)
  }
  assert.deepEqual((await world.node.drive.entry('a.txt')).tags, ['x'])
})

test('AQ-FID-2: an upload whose bytes are not the signed ones leaves nothing', async () => {
  const headers = world.sign('PUT', '/api/v1/files/forged.txt', { body: 'what was signed' })
  const forged = await world.ask('PUT', '/api/v1/files/forged.txt', { headers, body: 'what came here!' })
  assert.deepEqual([forged.status, jsonOf(forged).code], [401, 'refused.digest'])
  assert.equal((await world.local('GET', '/api/v1/files/forged.txt')).status, 404)
})

test('AQ-FID-2: who signs and is no identity of this home is refused', async () => {
  const entropy = createEntropy(random)
  const keyring = createKeyring({
    entropy,
    name: 'mallory',
    device: createDevice('x', random),
    clock: world.clock,
    random,
  })
  using mallory = keyring.open(keyring.current())
  const unknown = await world.signed('GET', '/api/v1/identities', {}, identityKey(mallory))
  assert.deepEqual([unknown.status, jsonOf(unknown).code], [403, 'refused.unknown'])
  keyring.dispose()
})

test('an identity that is known here and lives elsewhere is refused; one of this home that is not in use is told so', async () => {
  const other = await openWorld()
  try {
    other.clock.set(world.clock.nowMs())
    const { card } = await world.node.identities.show('')
    await other.node.identities.learn(card)
    const { host } = new URL(world.door.address)
    const headers = { ...world.sign('GET', '/api/v1/identities'), host }
    const stranger = await other.ask('GET', '/api/v1/identities', { headers })
    assert.deepEqual([stranger.status, jsonOf(stranger).code], [403, 'refused.identity'])

    const { did } = await other.node.identities.create({ kind: 'sub', name: 'work' })
    await other.node.identities.use(did)
    const unused = await other.signed('GET', '/api/v1/identities')
    assert.deepEqual([unused.status, jsonOf(unused).code], [409, 'conflict.identity'])
  } finally {
    await other.close()
  }
})

test('a forged signature is noted by the guardian, under a pseudonym of where it came from', async () => {
  const headers = {
    ...world.sign('GET', '/api/v1/identities'),
    signature: `anarq=:${Buffer.alloc(3373).toString('base64')}:`,
  }
  for (let i = 0; i < 8; i += 1) await world.ask('GET', '/api/v1/identities', { headers })
  const alerts = await world.node.audit.alerts()
  assert.ok(alerts.some(({ kind, identity }) => kind === 'signature' && /^http:[0-9a-f]{16}$/.test(identity)))
})

test('secrets go over the socket only', async () => {
  for (const [path, body] of [
    ['/api/v1/account/unlock', { passphrase }],
    ['/api/v1/account/init', { name: 'x', passphrase }],
    ['/api/v1/account/recover', { words: 'x', name: 'x', passphrase }],
    ['/api/v1/account/lock', undefined],
    ['/api/v1/account/passphrase', { from: passphrase, to: passphrase }],
    ['/api/v1/account/drill', { words: 'x' }],
    ['/api/v1/account/enrol', { name: 'x', passphrase }],
    ['/api/v1/account/join', { file: 'x' }],
    ['/api/v1/children', { name: 'x', birthMs: 1, device: 'x' }],
    ['/api/v1/identities/x/recover', { device: 'x', guardianShare: 'x' }],
    ['/api/v1/shares/lend', { guardianShare: 'x' }],
    ['/api/v1/shares/release', { guardianShare: 'x' }],
    ['/api/v1/apps/sign', { manifest: {} }],
    ['/api/v1/health/restore-backup', {}],
  ] as const) {
    const refused = await world.signed(
      'POST',
      path,
      body === undefined ? {} : { headers: json, body: JSON.stringify(body) },
    )
    assert.deepEqual([refused.status, jsonOf(refused).code], [403, 'refused.door'], path)
  }
})

test('a locked node says so to whom it knows nothing of', async () => {
  await world.node.account.lock()
  try {
    const locked = await world.signed('GET', '/api/v1/identities')
    assert.deepEqual([locked.status, jsonOf(locked).code], [423, 'refused.locked'])
    assert.equal((await world.local('GET', '/api/v1/identities')).status, 423)
    assert.deepEqual(jsonOf(await world.ask('GET', '/health')), { status: 'ok', state: 'locked' })
  } finally {
    await world.node.account.unlock({ passphrase })
  }
})

for (const [host, isGood] of [
  ['127.0.0.1', true],
  ['localhost:4600', true],
  ['LOCALHOST', true],
  ['[::1]:9', true],
  ['node.example', true],
  ['evil.example', false],
  ['127.0.0.1.evil.example', false],
  ['evil.example:4600', false],
  ['192.168.1.5', false],
  ['user@127.0.0.1', false],
  ['127.0.0.1/x', false],
] as const) {
  test(`a page that calls this node "${host}" is ${isGood ? 'answered' : 'turned away'}`, async () => {
    const answer = await world.ask('GET', '/api/v1/status', { headers: { host } })
    if (isGood) assert.equal(answer.status, 200)
    else assert.ok(answer.status === 421 || answer.status === 400, String(answer.status))
  })
}

test('no page of another origin may read what is answered, and none is told how', async () => {
  for (const path of ['/', '/health', '/api/v1/status', '/ipfs/x', '/nowhere']) {
    const { headers } = await world.ask('GET', path, { headers: { origin: 'https://evil.example' } })
    assert.equal(headers['cross-origin-resource-policy'], 'same-origin')
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.equal(headers['access-control-allow-origin'], undefined)
    assert.equal(headers['set-cookie'], undefined)
  }
  assert.equal(
    (
      await world.ask('OPTIONS', '/api/v1/status', {
        headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
      })
    ).headers['access-control-allow-methods'],
    undefined,
  )
})

test('the socket is this user’s alone, and a second node finds it taken', {
  skip: process.platform === 'win32',
}, async () => {
  const path = socketOf(world.home)
  assert.equal((await stat(path)).mode & 0o777, 0o600)
  const options = {
    kernel: world.kernel,
    blocks: world.ports.blocks,
    stats: async () => ({ blocks: 0, liveBytes: 0, fileBytes: 0, damaged: 0 }),
    port: 0,
  }
  await assert.rejects(openHttpDoor({ ...options, socket: path }), { code: 'busy.socket' })
  await assert.rejects(openHttpDoor({ ...options, socket: `/tmp/${'x'.repeat(200)}` }), {
    code: 'invalid.home',
  })
  const port = Number(new URL(world.door.address).port)
  await assert.rejects(openHttpDoor({ ...options, port, socket: `${path}2` }), { code: 'busy.address' })
})

test('where no node runs, none is reached; what a dead one left is replaced', async () => {
  assert.equal(await reachNode(`${world.home}/nowhere`), undefined)
  const left = `${world.home}/left`
  await writeFile(left, '')
  const door = await openHttpDoor({
    kernel: world.kernel,
    blocks: world.ports.blocks,
    stats: async () => ({ blocks: 0, liveBytes: 0, fileBytes: 0, damaged: 0 }),
    port: 0,
    socket: left,
  })
  await door.close()
})
