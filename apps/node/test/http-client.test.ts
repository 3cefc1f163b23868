/** Every operation through the socket's client. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { asFault, Fault } from '@anarq/fault'
import { type PutItem, streamContent } from '@anarq/flows'
import { socketOf } from '@anarq/http'
import type { TreeEntry } from '@anarq/kernel'
import { bytesOf, file, items, json, jsonOf, openWorld, passphrase, send, type World } from './http-world.ts'

let world: World
before(async () => {
  world = await openWorld()
})
after(() => world.close())

const big = randomBytes(3_000_000)

test('a node through its socket says the same as the node itself', async () => {
  const { node } = world
  const inside = world.kernel.operations
  await node.drive.put(
    items(
      { kind: 'folder', path: 'same', modifiedMs: 1 },
      file('same/a.txt', 'hello'),
      file('same/ü.bin', big),
    ),
    { tags: ['t'] },
  )
  const id = (await node.drive.entry('/same/a.txt')).id
  const { did } = await node.identities.create({ kind: 'sub', name: 'bob' })
  await node.sharing.share(id, {
    with: did,
    rights: ['read', 'write'],
    uses: 5,
    purpose: 'reading',
    untilMs: world.clock.nowMs() + 3_600_000,
  })
  for (const [what, ask] of [
    ['status', (o) => o.account.status()],
    ['identities', (o) => o.identities.list()],
    ['an identity', (o) => o.identities.show('bob')],
    ['the identity in use', (o) => o.identities.show('')],
    ['the root folder', (o) => o.drive.list('/')],
    ['a folder', (o) => o.drive.list('/same', { limit: 1, offset: 1 })],
    ['an entry by path', (o) => o.drive.entry('/same/ü.bin')],
    ['an entry by id', (o) => o.drive.entry(id)],
    ['the root', (o) => o.drive.entry('/')],
    ['a search', (o) => o.drive.find({ text: 'a', tag: 't', isTrashed: false, limit: 5 })],
    ['a walk', (o) => all(o.drive.walk('/same'))],
    [
      'a tree',
      async (o) => (await trees(o.drive.readTree('/same'))).map(([entry, content]) => [entry, content]),
    ],
    ['versions', (o) => o.drive.versions('/same/a.txt')],
    ['history', (o) => o.drive.history({ limit: 3 })],
    ['grants', (o) => o.sharing.grants('out')],
    ['the audit log', async (o) => (await o.audit.tail({ action: 'object.put' })).slice(0, 5)],
    ['its verdict', (o) => o.audit.verify()],
    ['a proof', async (o) => Object.keys(await o.audit.prove(1))],
    ['alerts', (o) => o.audit.alerts()],
    ['verification', (o) => o.health.verify('/same')],
    ['the doctor', (o) => o.health.doctor()],
    ['a missing thing', (o) => o.drive.entry('/nothing').catch(plain)],
    ['a bad name', (o) => o.drive.makeFolder('/a/../b').catch(plain)],
    ['a folder read as a file', (o) => o.drive.get('/same').catch(plain)],
    ['an unknown identity', (o) => o.identities.use('nobody').catch(plain)],
  ] as [string, (operations: typeof node) => Promise<unknown>][]) {
    assert.deepEqual(plainly(await ask(node)), plainly(await ask(inside)), what)
  }
})

test('names, places, tags and versions change through the socket', async () => {
  const { drive } = world.node
  await drive.put(items(file('change.txt', 'one', 1)))
  await drive.put(items(file('change.txt', 'two', 2)))
  assert.equal((await drive.makeFolder('/new/deeper')).path, '/new/deeper')
  assert.equal(
    (await drive.move('change.txt', { folder: '/new/deeper', name: 'ch%2Fnge?.txt' })).path,
    '/new/deeper/ch%2Fnge?.txt',
  )
  assert.deepEqual((await drive.tag('/new/deeper/ch%2Fnge?.txt', { add: ['x', 'y'] })).tags, ['x', 'y'])
  const copy = await drive.copy('/new/deeper/ch%2Fnge?.txt', { folder: '/new', name: 'copy.txt' })
  assert.deepEqual([copy.path, copy.versions], ['/new/copy.txt', 1])
  const other = await drive.copy(copy.id, { name: 'other.txt' })
  assert.equal((await drive.move(copy.id, { name: 'other.txt', isReplacing: true })).path, '/new/other.txt')
  assert.equal((await drive.entry(other.id)).isTrashed, true)
  assert.deepEqual(
    (await drive.find({ text: 'other', below: '/new' })).map(({ path }) => path),
    ['/new/other.txt'],
  )
  assert.equal((await drive.copy('/new', { name: 'shallow', isShallow: true })).kind, 'folder')
  assert.deepEqual(await drive.list('/shallow'), [])
  assert.equal((await drive.restore('ch%2Fnge?.txt', { version: 1 })).versions, 3)
  assert.equal((await bytesOf((await drive.get('ch%2Fnge?.txt')).stream)).toString(), 'one')
  assert.equal((await drive.remove('ch%2Fnge?.txt')).isTrashed, true)
  assert.equal((await drive.restore('ch%2Fnge?.txt')).isTrashed, false)
  await drive.remove('/new', { isForever: true })
  await assert.rejects(drive.entry('/new'), { code: 'missing.object' })
})

test('what is shared is opened and written through the socket, and taken back', async () => {
  const { drive, sharing, identities } = world.node
  await drive.put(items(file('letter.txt', 'dear bob')))
  const { grant, ping } = await sharing.share('letter.txt', { with: 'bob', rights: ['read', 'write'] })
  await identities.use('bob')
  try {
    const content = await sharing.open(ping)
    assert.equal((await bytesOf(content.stream)).toString(), 'dear bob')
    assert.equal(content.entry.owner, world.alice.did)
    assert.equal((await sharing.write(ping, items(file('letter.txt', 'dear alice')))).files, 1)
    await identities.use('alice')
    assert.equal((await bytesOf((await drive.get('letter.txt')).stream)).toString(), 'dear alice')
    assert.equal((await sharing.revoke(grant.id)).state, 'revoked')
    await identities.use('bob')
    await assert.rejects(
      sharing.open(ping),
      (error) => error instanceof Fault && error.code.startsWith('refused.'),
    )
  } finally {
    await identities.use('alice')
  }
})

test('whoever asks again and again for what was refused is told when to come back', async () => {
  const { drive, sharing, identities } = world.node
  await drive.put(items(file('once.txt', 'x')))
  const { grant, ping } = await sharing.share('once.txt', { with: 'bob' })
  await sharing.revoke(grant.id)
  await identities.use('bob')
  try {
    const body = JSON.stringify({ ping: Buffer.from(ping).toString('base64url') })
    let answer = await world.local('POST', '/api/v1/pings/open', { headers: json, body })
    assert.equal(answer.status, 403)
    for (let i = 0; i < 10 && answer.status === 403; i += 1) {
      answer = await world.local('POST', '/api/v1/pings/open', { headers: json, body })
    }
    assert.deepEqual([answer.status, jsonOf(answer).code], [429, 'limit.loop'])
    assert.match(answer.headers['retry-after'] ?? '', /^[1-9]\d*$/)
  } finally {
    await identities.use('alice')
  }
})

test('a second lock opens with its passphrase only; it never stands in an address', async () => {
  const { drive } = world.node
  await drive.put(
    items(
      file('locked.txt', 'secret'),
      { kind: 'folder', path: 'lf', modifiedMs: 0 },
      file('lf/x', 'secret too'),
    ),
    { lock: 'second passphrase' },
  )
  await assert.rejects(drive.get('locked.txt'), { code: 'refused.lock' })
  assert.equal(
    (await bytesOf((await drive.get('locked.txt', { lock: 'second passphrase' })).stream)).toString(),
    'secret',
  )
  await assert.rejects(async () => bytesOf((await drive.get('locked.txt', { lock: 'wrong' })).stream), {
    code: 'refused.lock',
  })
  assert.equal(
    (await trees(drive.readTree('/lf', { lock: 'second passphrase' }))).at(-1)?.[1],
    Buffer.from('secret too').toString('hex'),
  )
  assert.equal((await world.local('GET', '/api/v1/files/locked.txt')).status, 403)
  // One that has no such lock yet is sent for it, though nothing else of it changed; one that has, is not.
  const later = () => items(file('later.txt', 'open'))
  await drive.put(later())
  const lock = 'second passphrase'
  assert.deepEqual(
    [(await drive.put(later(), { lock })).files, (await drive.put(later(), { lock })).files],
    [1, 0],
  )
  assert.equal((await drive.entry('later.txt')).isLocked, true)
  assert.deepEqual((await drive.put(later(), { tags: ['kept'] })).unchanged, 1)
  assert.deepEqual((await drive.entry('later.txt')).tags, ['kept'])
})

test('what could not be read is in the report, and progress tells of what was', async () => {
  const broken: PutItem = {
    kind: 'file',
    path: 'broken',
    bytes: 300_000,
    modifiedMs: 0,
    content: streamContent(failing(new Fault('unavailable.disk', 'The disk does not answer.'))),
  }
  const skipped: PutItem = {
    kind: 'skipped',
    path: 'dir/socket',
    fault: new Fault('invalid.kind', 'dir/socket is a socket and was left out.'),
  }
  const seen: number[] = []
  const report = await world.node.drive.put(items(broken, skipped, file('good.txt', 'x')), {
    onProgress: ({ files }) => seen.push(files),
  })
  assert.deepEqual(report.skipped, [
    { path: 'broken', code: 'unavailable.disk', sentence: 'The disk does not answer.' },
    { path: 'dir/socket', code: 'invalid.kind', sentence: 'dir/socket is a socket and was left out.' },
  ])
  assert.equal(report.files, 1)
  assert.ok(seen.length > 0)
  await assert.rejects(world.node.drive.entry('/broken'), { code: 'missing.object' })
})

test('put again, a folder sends its names and not its bytes', async () => {
  let read = 0
  const counting = (content: Buffer): Buffer => {
    read += 1
    return content
  }
  const counted = (content: Buffer): PutItem => ({
    kind: 'file',
    path: 'again/big',
    bytes: content.length,
    modifiedMs: 7,
    content: { kind: 'small', readAll: () => counting(content) },
  })
  const folder: PutItem = { kind: 'folder', path: 'again', modifiedMs: 7 }
  const { drive } = world.node
  assert.equal((await drive.put(items(folder, counted(big)))).files, 1)
  assert.equal((await drive.put(items(folder, counted(big)))).unchanged, 1)
  assert.equal(read, 1)
  assert.equal((await drive.put(items(folder, counted(big)), { isThorough: true })).unchanged, 1)
  assert.equal(read, 2)
  assert.equal((await drive.put(items(file('alone', 'x', 9)))).files, 1)
  assert.equal((await drive.put(items(file('alone', 'x', 9)))).unchanged, 1)
})

test('a put and a get that are stopped are stopped at the node too', async () => {
  const stop = new AbortController()
  const endless: PutItem = {
    kind: 'file',
    path: 'endless',
    bytes: undefined,
    modifiedMs: 0,
    content: streamContent(zeros(Number.POSITIVE_INFINITY, () => stop.abort())),
  }
  await assert.rejects(world.node.drive.put(items(endless), { signal: stop.signal }), { name: 'AbortError' })
  await assert.rejects(world.node.drive.entry('/endless'), { code: 'missing.object' })

  await world.node.drive.put(items(file('long', randomBytes(9_000_000))))
  const leave = new AbortController()
  await assert.rejects(
    async () => {
      for await (const _ of (await world.node.drive.get('long', { signal: leave.signal })).stream)
        leave.abort()
    },
    { name: 'AbortError' },
  )
  for await (const _ of (await world.node.drive.get('long')).stream) break
  assert.equal((await world.node.account.status()).state, 'open')
})

test('a source that fails is to blame for its put, not the node', async () => {
  async function* bad(): AsyncIterable<readonly PutItem[]> {
    yield [file('x', 'y')]
    throw new Fault('missing.file', 'There is no such file.')
  }
  await assert.rejects(world.node.drive.put(bad()), {
    code: 'missing.file',
    message: 'There is no such file.',
  })
})

test('a download that breaks off is no short file: the connection is cut; the client says why', async () => {
  const content = randomBytes(12_000_000)
  await world.node.drive.put(items(file('damaged.bin', content)))
  const { blocks } = world.ports
  const known = new Set(await all(names()))
  await world.node.drive.put(items(file('damaged2.bin', randomBytes(12_000_000))))
  const fresh = (await all(blocks.list())).filter(
    ({ cid, bytes }) => !known.has(cid.toString()) && bytes > 200_000,
  )
  assert.ok(fresh.length > 4)
  await blocks.delete([fresh.at(-1)?.cid as NonNullable<(typeof fresh)[0]>['cid']])
  await assert.rejects(world.local('GET', '/api/v1/files/damaged2.bin'), { code: 'ECONNRESET' })
  await assert.rejects(async () => bytesOf((await world.node.drive.get('damaged2.bin')).stream), {
    code: 'damaged.missing',
  })
  await world.node.drive.move('damaged2.bin', {
    folder: (await world.node.drive.makeFolder('/damaged')).path,
  })
  await assert.rejects(async () => trees(world.node.drive.readTree('/damaged')), { code: 'damaged.missing' })
  await world.node.drive.remove('damaged2.bin', { isForever: true })

  async function* names(): AsyncIterable<string> {
    for await (const { cid } of blocks.list()) yield cid.toString()
  }
})

test('AQ-FOUT-4: a folder gives what can be read of it; what is locked, or damaged at its beginning or in its midst, says why', async () => {
  const { drive } = world.node
  const { blocks } = world.ports
  const contents = new Map<string, Buffer>()
  const put = async (name: string, bytes: number, options = {}): Promise<void> => {
    contents.set(name, randomBytes(bytes))
    await drive.put(items(file(`mixed/${name}`, contents.get(name) as Buffer)), options)
  }
  /** Puts a file, and takes away the block of it that comes at that place. */
  const putDamaged = async (name: string, place: number): Promise<void> => {
    const before = new Set((await all(blocks.list())).map(({ cid }) => cid.toString()))
    await put(name, 12_000_000)
    const own = (await all(blocks.list())).filter(
      ({ cid, bytes }) => !before.has(cid.toString()) && bytes > 200_000,
    )
    await blocks.delete([own.at(place)?.cid as NonNullable<(typeof own)[0]>['cid']])
  }
  await put('a', 100)
  await putDamaged('b damaged first', 0)
  await put('c locked', 300_000, { lock: 'second passphrase' })
  await putDamaged('d damaged later', -2)
  await put('e empty', 0)
  await put('f', 3_000_000)
  const read = async (tree: AsyncIterable<TreeEntry>): Promise<string[]> => {
    const told: string[] = []
    for await (const one of tree) {
      if (!('content' in one)) continue
      const { name } = one.entry
      const end = await bytesOf(one.content.stream).then(
        (bytes) => (bytes.equals(contents.get(name) as Buffer) ? 'whole' : 'something else'),
        (error: unknown) => asFault(error).code,
      )
      told.push(`${name}: ${end}`)
    }
    return told
  }
  const wanted = [
    'a: whole',
    'b damaged first: damaged.missing',
    'c locked: refused.lock',
    'd damaged later: damaged.missing',
    'e empty: whole',
    'f: whole',
  ]
  assert.deepEqual(await read(world.kernel.operations.drive.readTree('/mixed')), wanted)
  assert.deepEqual(await read(drive.readTree('/mixed')), wanted)
  const unread: string[] = []
  for await (const { entry } of drive.readTree('/mixed')) unread.push(entry.name)
  assert.deepEqual(unread, ['mixed', ...contents.keys()], 'also where their contents are left')
  const { status } = await world.local('GET', '/api/v1/export/mixed')
  assert.equal(status, 500, 'an archive for any tar has all of it, or is none')
  await drive.remove('mixed', { isForever: true })
})

test('a backup goes out and comes back through the socket', async () => {
  const other = await openWorld()
  try {
    const copy = await bytesOf(world.node.health.backup())
    await assert.rejects(other.node.health.restoreBackup(one(copy)), { code: 'conflict.identity' })
    const answer = await send(socketOf(world.home), 'GET', '/api/v1/health/backup')
    assert.equal(answer.headers['content-type'], 'application/vnd.ipld.car')
    assert.ok(answer.body.length > big.length)
    assert.equal((await world.node.health.compact()).freedBytes > 0, true)
  } finally {
    await other.close()
  }
})

test('passphrase and words work through the socket', async () => {
  const { account, identities } = world.node
  await assert.rejects(account.init({ name: 'x', passphrase }), { code: 'conflict.identity' })
  await assert.rejects(account.changePassphrase({ from: 'wrong passphrase', to: 'another passphrase' }), {
    code: 'refused.passphrase',
  })
  await account.lock()
  assert.equal((await account.status()).state, 'locked')
  await assert.rejects(account.unlock({ passphrase: 'wrong passphrase' }), { code: 'refused.passphrase' })
  await assert.rejects(identities.show(''), { code: 'refused.locked' })
  await account.unlock({ passphrase })
  assert.equal(await identities.drill('not these words'), false)
})

async function all<T>(things: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const thing of things) list.push(thing)
  return list
}

async function trees(tree: AsyncIterable<TreeEntry>): Promise<[unknown, string | undefined][]> {
  const list: [unknown, string | undefined][] = []
  for await (const one of tree)
    list.push([one.entry, 'content' in one ? (await bytesOf(one.content.stream)).toString('hex') : undefined])
  return list
}

/** Without what is undefined: JSON has no word for it. */
function plainly(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}

function plain(error: unknown): unknown {
  const { code, message } = asFault(error)
  return { code, message }
}

async function* failing(fault: Fault): AsyncIterable<Uint8Array> {
  yield new Uint8Array(100_000)
  throw fault
}

async function* zeros(bytes: number, onSent: () => void): AsyncIterable<Uint8Array> {
  for (let sent = 0; sent < bytes; sent += 65_536) {
    if (sent > 5_000_000) onSent()
    yield new Uint8Array(65_536)
  }
}

async function* one<T>(value: T): AsyncIterable<T> {
  yield value
}
