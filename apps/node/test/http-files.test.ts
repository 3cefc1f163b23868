/** Files up and down by HTTP, and every operation through the socket's client. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { socketOf } from '@anarq/http'
import type { PutReport } from '@anarq/kernel'
import { json, jsonOf, linesOf, openWorld, type World } from './http-world.ts'

let world: World
before(async () => {
  world = await openWorld()
})
after(() => world.close())

const hasCurl = spawnSync('curl', ['--version']).status === 0
const big = randomBytes(3_000_000)

test('a file goes up and comes down as it was, whole and in ranges', async () => {
  const path = '/api/v1/files/photos/s%C3%A9jour%20%231.jpg'
  const up = await world.signed('PUT', path, {
    body: big,
    headers: { 'x-anarq-modified': '1700000000123', 'x-anarq-tags': 'holiday,%C3%A9t%C3%A9' },
  })
  assert.equal(up.status, 201)
  const { entry } = jsonOf(up) as { entry: { path: string; tags: string[]; type: string } }
  assert.deepEqual(
    [entry.path, entry.type, [...entry.tags].sort()],
    ['/photos/séjour #1.jpg', 'image/jpeg', ['holiday', 'été']],
  )

  const down = await world.signed('GET', path)
  assert.equal(down.status, 200)
  assert.ok(down.body.equals(big))
  assert.equal(down.headers['content-length'], String(big.length))
  assert.equal(down.headers['content-type'], 'image/jpeg')
  assert.match(
    down.headers['content-disposition'] ?? '',
    /^attachment; filename="s_jour #1.jpg"; filename\*=UTF-8''s%C3%A9jour%20%231.jpg$/,
  )
  assert.match(String(down.headers['content-security-policy']), /^sandbox/)
  const etag = String(down.headers.etag)

  for (const [range, from, to] of [
    ['bytes=0-99', 0, 100],
    ['bytes=1500000-', 1_500_000, big.length],
    ['bytes=-17', big.length - 17, big.length],
    ['bytes=2999999-9999999', 2_999_999, big.length],
  ] as const) {
    const part = await world.signed('GET', path, { headers: { range, 'if-range': etag } })
    assert.deepEqual(
      [part.status, part.headers['content-range'], part.headers['content-length']],
      [206, `bytes ${from}-${to - 1}/${big.length}`, String(to - from)],
    )
    assert.ok(part.body.equals(big.subarray(from, to)))
  }
  assert.equal(
    (await world.signed('GET', path, { headers: { range: 'bytes=0-9', 'if-range': '"older"' } })).status,
    200,
    'a part of another version is of no use',
  )
  const known = await world.signed('GET', path, { headers: { 'if-none-match': etag } })
  assert.deepEqual([known.status, known.body.length], [304, 0])
  const head = await world.signed('HEAD', path)
  assert.deepEqual(
    [head.status, head.headers['content-length'], head.headers.etag, head.body.length],
    [200, String(big.length), etag, 0],
  )
})

test('put again, a file is a new version; the same again changes nothing; older ones stay', async () => {
  const path = '/api/v1/files/notes.txt'
  const at = { headers: { 'x-anarq-modified': '5' } }
  assert.equal((await world.signed('PUT', path, { ...at, body: 'one' })).status, 201)
  const second = await world.signed('PUT', path, { ...at, body: 'two' })
  assert.deepEqual([second.status, jsonOf(second).isUnchanged], [200, false])
  const same = await world.signed('PUT', path, { ...at, body: 'two' })
  assert.deepEqual([same.status, jsonOf(same).isUnchanged], [200, true])
  assert.equal((await world.signed('GET', path)).body.toString(), 'two')
  assert.equal((await world.signed('GET', `${path}?version=1`)).body.toString(), 'one')
  assert.equal(
    (await world.signed('GET', '/api/v1/objects/notes.txt/versions')).body.toString().match(/"cid"/g)?.length,
    2,
  )
})

test('an empty file and one of unknown length go up too', async () => {
  assert.equal((await world.signed('PUT', '/api/v1/files/empty', { body: '' })).status, 201)
  const empty = await world.signed('GET', '/api/v1/files/empty')
  assert.deepEqual([empty.status, empty.headers['content-length'], empty.body.length], [200, '0', 0])
  const chunked = await world.local('PUT', '/api/v1/files/chunked', {
    headers: { 'transfer-encoding': 'chunked' },
    body: big,
  })
  assert.equal(chunked.status, 201)
  assert.ok((await world.signed('GET', '/api/v1/files/chunked')).body.equals(big))
})

test('curl works at the socket', { skip: !hasCurl && 'there is no curl here' }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'anarq-curl-'))
  const curl = (...args: string[]): Promise<{ out: Buffer; status: number | null }> =>
    new Promise((resolve) => {
      const child = spawn('curl', ['-sS', '--unix-socket', socketOf(world.home), ...args], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const out: Buffer[] = []
      child.stdout.on('data', (piece: Buffer) => out.push(piece))
      child.on('close', (status) => resolve({ out: Buffer.concat(out), status }))
    })
  try {
    await writeFile(join(folder, 'up.bin'), big)
    const up = await curl('-T', join(folder, 'up.bin'), 'http://localhost/api/v1/files/curl/up.bin')
    assert.equal((JSON.parse(up.out.toString()) as { entry: { bytes: number } }).entry.bytes, big.length)
    await curl('-o', join(folder, 'down.bin'), 'http://localhost/api/v1/files/curl/up.bin')
    assert.ok((await readFile(join(folder, 'down.bin'))).equals(big))
    await curl('-C', '-', '-o', join(folder, 'down.bin'), 'http://localhost/api/v1/files/curl/up.bin')
    await mkdir(join(folder, 'in'))
    await writeFile(join(folder, 'in', 'ä.txt'), 'hello')
    spawnSync('tar', ['-C', folder, '-cf', join(folder, 'in.tar'), 'in'])
    const report = await curl(
      '-X',
      'POST',
      '-T',
      join(folder, 'in.tar'),
      'http://localhost/api/v1/import?to=/from-tar',
    )
    assert.equal(
      (JSON.parse(report.out.toString().trim().split('\n').at(-1) ?? '') as { report: PutReport }).report
        .files,
      1,
    )
    await curl('-o', join(folder, 'out.tar'), 'http://localhost/api/v1/export/from-tar')
    assert.match(
      spawnSync('tar', ['-tf', join(folder, 'out.tar'), '--quoting-style=literal']).stdout.toString(),
      /from-tar\/in\/ä\.txt\n/,
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test('an archive through the port is taken in once all of it is proved to be the signed one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'anarq-tar-'))
  try {
    await writeFile(join(folder, 'a.txt'), 'a')
    await writeFile(join(folder, 'b.txt'), 'b')
    const { stdout: archive } = spawnSync('tar', ['-C', folder, '-cf', '-', 'a.txt', 'b.txt'])
    const path = '/api/v1/import?to=/signed'
    const good = await world.signed('POST', path, { body: archive })
    assert.equal((linesOf(good).at(-1) as { report: PutReport }).report.files, 2)
    const headers = world.sign('POST', '/api/v1/import?to=/forged', { body: archive })
    const changed = Buffer.from(archive)
    changed[512] = 0x62
    const forged = await world.ask('POST', '/api/v1/import?to=/forged', { headers, body: changed })
    assert.deepEqual([forged.status, jsonOf(forged).code], [401, 'refused.digest'])
    await assert.rejects(world.node.drive.entry('/forged'), { code: 'missing.object' })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test('an archive that is cut short is an error, and its last file does not appear', async () => {
  const answer = await world.local('POST', '/api/v1/import', {
    body: archiveOf('cut.bin', big).subarray(0, 1_000_000),
  })
  const last = linesOf(answer).at(-1) as { error?: { code: string } }
  assert.equal(last.error?.code, 'invalid.tar')
  await assert.rejects(world.node.drive.entry('/cut.bin'), { code: 'missing.object' })
})

test('JSON answers have the shape that the description says', async () => {
  const answer = await world.local('POST', '/api/v1/objects/notes.txt/content', {
    headers: json,
    body: '{"fromByte":1,"toByte":2}',
  })
  assert.deepEqual([answer.status, answer.body.toString(), answer.headers['content-length']], [200, 'w', '1'])
  const facts = JSON.parse(Buffer.from(String(answer.headers['anarq-entry']), 'base64url').toString()) as {
    entry: { name: string }
    bytes: number
  }
  assert.deepEqual([facts.entry.name, facts.bytes], ['notes.txt', 3])
})

/** A ustar header and the content, without an end. */
function archiveOf(name: string, content: Buffer): Buffer {
  const header = Buffer.alloc(512)
  header.write(name, 0)
  header.write('0000644\0', 100)
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124)
  header.write('00000000000\0', 136)
  header.write('        0', 148)
  header.write('ustar\x0000', 257)
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  )
  return Buffer.concat([header, content])
}
