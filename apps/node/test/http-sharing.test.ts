/** Shared folders and hard revocations through the doors of a node. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import type { Fault } from '@anarq/fault'
import type { ResealProgress, TreeEntry } from '@anarq/kernel'
import { bytesOf, file, items, json, jsonOf, openWorld, type World } from './http-world.ts'

let world: World
const big = randomBytes(2_500_000)
before(async () => {
  world = await openWorld()
  await world.node.identities.create({ kind: 'sub', name: 'bob' })
  await world.node.drive.put(
    items(file('team/a.txt', 'a'), file('team/sub/big.bin', big), file('beside.txt', 'beside')),
  )
})
after(() => world.close())

async function asBob<T>(act: () => Promise<T>): Promise<T> {
  await world.node.identities.use('bob')
  try {
    return await act()
  } finally {
    await world.node.identities.use('alice')
  }
}

async function contents(tree: AsyncIterable<TreeEntry>): Promise<unknown[]> {
  const all: unknown[] = []
  for await (const one of tree)
    all.push(
      'content' in one ? [one.entry, one.content.etag, await bytesOf(one.content.stream)] : [one.entry],
    )
  return all
}

test('a shared folder reads the same through the socket as at the node itself: listed, whole, and in part', async () => {
  const { node } = world
  const inside = world.kernel.operations
  const { ping } = await node.sharing.share('team', { with: 'bob', purpose: 'reading' })
  const purpose = 'reading'
  await asBob(async () => {
    for (const only of [undefined, 'sub', 'a.txt', 'sub/big.bin']) {
      const options = only === undefined ? { purpose } : { purpose, only }
      assert.deepEqual(
        await Array.fromAsync(node.sharing.walk(ping, options)),
        await Array.fromAsync(inside.sharing.walk(ping, options)),
      )
      assert.deepEqual(
        await contents(node.sharing.readTree(ping, options)),
        await contents(inside.sharing.readTree(ping, options)),
      )
    }
    const codeOf = (asked: AsyncIterable<unknown>) =>
      Array.fromAsync(asked).then(
        () => 'ok',
        (error: Fault) => error.code,
      )
    for (const [options, code] of [
      [{}, 'refused.condition'],
      [{ purpose, only: '../beside.txt' }, 'invalid.path'],
      [{ purpose, only: 'beside.txt' }, 'missing.object'],
    ] as const) {
      assert.equal(await codeOf(node.sharing.walk(ping, options)), code)
      assert.equal(await codeOf(node.sharing.readTree(ping, options)), code)
    }
  })
})

test('a shared folder leaves as a tar archive, and one that is given up half-way ends well', async () => {
  const { ping } = await world.node.sharing.share('team', { with: 'bob' })
  await asBob(async () => {
    const body = JSON.stringify({ ping: Buffer.from(ping).toString('base64url') })
    const answer = await world.local('POST', '/api/v1/pings/export', { headers: json, body })
    assert.deepEqual([answer.status, answer.headers['content-type']], [200, 'application/x-tar'])
    assert.match(answer.headers['content-disposition'] ?? '', /filename="team\.tar"/)
    assert.ok(answer.body.includes('team/sub/big.bin') && answer.body.includes(big.subarray(0, 1000)))
    for await (const one of world.node.sharing.readTree(ping)) if ('content' in one) break
    assert.equal((await Array.fromAsync(world.node.sharing.walk(ping))).length, 4)
    const wrong = await world.local('POST', '/api/v1/pings/export', { headers: json, body: '{"ping":"x"}' })
    assert.deepEqual([wrong.status, jsonOf(wrong).code], [400, 'invalid.ping'])
  })
})

test('files are put into a shared folder through the socket', async () => {
  const { ping } = await world.node.sharing.share('team', { with: 'bob', rights: ['write'] })
  const report = await asBob(() =>
    world.node.sharing.write(ping, items(file('from bob.txt', 'b'), file('sub/more.txt', 'm'))),
  )
  assert.deepEqual([report.files, report.skipped], [2, []])
  const { stream } = await world.node.drive.get('/team/sub/more.txt')
  assert.equal((await bytesOf(stream)).toString(), 'm')
})

test('a hard revocation tells of its progress through the socket and reports at its end; what fails says why', async () => {
  const { grant, ping } = await world.node.sharing.share('team', { with: 'bob' })
  const before = await world.node.drive.versions('/team/sub/big.bin')
  const seen: ResealProgress[] = []
  const report = await world.node.sharing.revokeHard(grant.id, { onProgress: (one) => seen.push(one) })
  assert.deepEqual([report.grant.state, report.skipped], ['revoked', []])
  assert.ok(report.files >= 2 && report.buriedBlocks > 0)
  assert.ok(seen.length > 0)
  assert.notEqual((await world.node.drive.versions('/team/sub/big.bin'))[0]?.cid, before[0]?.cid)
  const { stream } = await world.node.drive.get('/team/sub/big.bin')
  assert.ok((await bytesOf(stream)).equals(big))
  await asBob(async () => {
    await assert.rejects(Array.fromAsync(world.node.sharing.walk(ping)), { code: 'refused.revoked' })
    await assert.rejects(world.node.sharing.revokeHard(grant.id), { code: 'missing.grant' })
  })
})

test('what a stranger signs opens no shared folder', async () => {
  for (const path of ['/api/v1/pings/list', '/api/v1/pings/export', '/api/v1/grants/x/reseal']) {
    assert.equal((await world.ask('POST', path, { headers: json, body: '{"ping":"x"}' })).status, 401, path)
  }
})
