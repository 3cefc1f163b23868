/** What a node tells of itself: the description of its API, its figures, its pages, and its blocks. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { cidKey, cidOfDigest, parseCid, rawCodec } from '@anarq/ipld'
import { hashBlake3, verifyCid } from '@anarq/qlock'
import { readCar } from '@anarq/qnt'
import { file, items, jsonOf, openWorld, type World } from './http-world.ts'

let world: World
before(async () => {
  world = await openWorld()
  await world.node.drive.put(items(file('a.txt', 'a secret of mine')))
})
after(() => world.close())

const raw = 'application/vnd.ipld.raw'
const car = 'application/vnd.ipld.car'

type Operation = {
  operationId: string
  summary: string
  tags: string[]
  responses: Record<string, unknown>
  security: unknown[]
  parameters?: { name: string; in: string; schema?: unknown }[]
  requestBody?: unknown
}

async function openApi(): Promise<{
  openapi: string
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, unknown> }
  tags: { name: string }[]
}> {
  return jsonOf(await world.ask('GET', '/api/openapi.json')) as Awaited<ReturnType<typeof openApi>>
}

test('the API is described by OpenAPI 3.1, each operation under a name of its own', async () => {
  const { openapi, paths, components, tags } = await openApi()
  assert.equal(openapi, '3.1.0')
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  )
  assert.ok(operations.length > 50, String(operations.length))
  const ids = operations.map(({ operation }) => operation.operationId)
  assert.equal(new Set(ids).size, ids.length)
  for (const { path, method, operation } of operations) {
    const what = `${method} ${path}`
    assert.match(operation.operationId, /^[a-z][A-Za-z]+$/, what)
    assert.ok(operation.summary.length > 5 && tags.some(({ name }) => name === operation.tags[0]), what)
    assert.ok(operation.responses.default !== undefined, `${what}: a problem is among its answers`)
    assert.ok(
      Object.keys(operation.responses).some((status) => status.startsWith('2')),
      what,
    )
    for (const [, name] of path.matchAll(/\{([^}]+)\}/g)) {
      assert.ok(
        operation.parameters?.some((one) => one.in === 'path' && one.name === name),
        `${what}: its ${name}`,
      )
    }
    assert.equal(operation.security.length > 0, path.startsWith('/api/v1/') && !isUnsigned(operation), what)
  }
  const text = JSON.stringify({ paths, components })
  for (const [, name] of text.matchAll(/"\$ref":"([^"]+)"/g)) {
    assert.match(name as string, /^#\/components\/schemas\/\w+$/)
    assert.ok(components.schemas[(name as string).split('/').at(-1) ?? ''] !== undefined, String(name))
  }
})

test('every route that is there is described, and every one that is described is there', async () => {
  const { paths } = await openApi()
  for (const [path, methods] of Object.entries(paths)) {
    const asked = path.replace(/\{[^}]+\}/g, 'x')
    for (const method of ['get', 'head', 'put', 'post', 'delete']) {
      const { status } = await world.ask(method.toUpperCase(), asked)
      assert.equal(status === 405, methods[method] === undefined, `${method} ${asked}: ${status}`)
    }
  }
})

test('the description is a page too, and so is the node: without script, without anything foreign', async () => {
  for (const path of ['/', '/api/docs']) {
    const { status, headers, body } = await world.ask('GET', path)
    const text = body.toString()
    assert.equal(status, 200)
    assert.match(String(headers['content-type']), /^text\/html/)
    assert.match(String(headers['content-security-policy']), /^default-src 'none'; style-src 'sha256-/)
    assert.doesNotMatch(text, /<script|<img|<link|url\(|\son\w+=|alice/i)
    assert.doesNotMatch(text, /(?:href|src)="(?!\/|#)/)
    assert.match(text, /<html lang="en">[\s\S]*<title>[^<]+<\/title>[\s\S]*<h1>/)
    assert.match(text, /prefers-color-scheme: dark/)
  }
  const docs = (await world.ask('GET', '/api/docs')).body.toString()
  const ids = [...docs.matchAll(/ id="([^"]+)"/g)].map((match) => match[1])
  assert.equal(new Set(ids).size, ids.length)
  for (const [, target] of docs.matchAll(/href="#([^"]+)"/g)) assert.ok(ids.includes(target), String(target))
})

test('figures are in the text format of Prometheus', async () => {
  const { headers, body } = await world.ask('GET', '/metrics')
  assert.equal(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
  const text = body.toString()
  const families = new Set(
    [...text.matchAll(/^# TYPE (\w+) (?:counter|gauge|summary)$/gm)].map((match) => match[1]),
  )
  const samples = new Map<string, number>()
  for (const line of text.trimEnd().split('\n')) {
    if (line.startsWith('#')) {
      assert.match(line, /^# (?:HELP|TYPE) [a-z_0-9]+ \S/)
      continue
    }
    const match = /^([a-z_0-9]+)(\{[a-z_]+="[^"\n]*"(?:,[a-z_]+="[^"\n]*")*\})? (-?[0-9.e+-]+)$/.exec(line)
    assert.ok(match !== null, line)
    assert.ok(
      families.has((match[1] as string).replace(/_(?:sum|count)$/, '')) || families.has(match[1]),
      line,
    )
    samples.set(`${match[1]}${match[2] ?? ''}`, Number(match[3]))
  }
  assert.equal(samples.get('anarq_blocks'), 3)
  assert.equal(samples.get('anarq_open'), 1)
  assert.ok((samples.get('anarq_audit_entries') ?? 0) > 0)
  assert.ok((samples.get('process_resident_memory_bytes') ?? 0) > 1e6)
  assert.equal(samples.get('anarq_flows_ended_total{kind="in",verdict="ok"}'), 1)
  assert.ok(
    (samples.get('anarq_http_requests_total{method="POST",route="/api/v1/import",status="200"}') ?? 0) >= 1,
  )
  assert.doesNotMatch(text, /alice|a\.txt|did:/)
})

test('AQ-QINDEX-7: the CID of a record is fetched over IPFS, and the bytes that come are the ones it names', async () => {
  const [version] = await world.node.drive.versions('a.txt')
  const cid = parseCid(version?.cid ?? '')
  const block = await world.ask('GET', `/ipfs/${cid}`, { headers: { accept: raw } })
  assert.equal(block.status, 200)
  assert.ok(verifyCid(cid, block.body))
  assert.doesNotMatch(block.body.toString('latin1'), /a secret of mine|a\.txt/)
  assert.deepEqual(
    [
      block.headers['content-type'],
      block.headers['content-length'],
      block.headers.etag,
      block.headers['cache-control'],
      block.headers['x-content-type-options'],
    ],
    [raw, String(block.body.length), `"${cid}.raw"`, 'public, max-age=29030400, immutable', 'nosniff'],
  )
  assert.match(String(block.headers['content-disposition']), new RegExp(`^attachment; filename="${cid}.bin"`))

  const archive = await world.ask('GET', `/ipfs/${cid}?format=car&dag-scope=all`)
  assert.equal(archive.headers['content-type'], `${car}; version=1; order=dfs; dups=n`)
  const { roots, blocks } = await readCar(pieces(archive.body))
  assert.deepEqual(roots.map(String), [String(cid)])
  const names: string[] = []
  for await (const one of blocks) names.push(one.cid.toString())
  assert.equal(names.length, 2, 'the envelope, and the sealed content that it names')
  assert.equal(names[0], String(cid))
})

test('a gateway as IPFS clients expect it: HEAD, conditions, probes, refusals', async () => {
  const [version] = await world.node.drive.versions('a.txt')
  const cid = version?.cid as string
  const missing = cidOfDigest(rawCodec, hashBlake3(Buffer.from('nowhere'))).toString()
  for (const [method, path, headers, status] of [
    ['HEAD', `/ipfs/${cid}?format=raw`, {}, 200],
    ['HEAD', `/ipfs/${cid}?format=car`, {}, 200],
    ['GET', `/ipfs/${cid}`, { accept: raw, 'if-none-match': `"${cid}.raw"` }, 304],
    ['GET', `/ipfs/${cid}`, { accept: raw, 'cache-control': 'only-if-cached' }, 200],
    ['GET', '/ipfs/bafkqaaa', { accept: raw }, 200],
    ['GET', '/ipfs/bafkqaaa?format=car', {}, 200],
    ['HEAD', '/ipfs/bafkqaaa?format=raw', {}, 200],
    ['GET', `/ipfs/${missing}`, { accept: raw }, 404],
    ['HEAD', `/ipfs/${missing}`, { accept: raw }, 404],
    ['GET', `/ipfs/${missing}?format=car`, {}, 404],
    ['GET', `/ipfs/${missing}`, { accept: raw, 'cache-control': 'only-if-cached' }, 412],
    ['GET', '/ipfs/nonsense?format=raw', {}, 400],
    ['GET', `/ipfs/${cid.slice(0, -1)}?format=raw`, {}, 400],
    ['GET', '/ipfs/QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG?format=raw', {}, 400],
    ['GET', `/ipfs/${cid}`, { accept: 'text/html' }, 406],
    ['GET', `/ipfs/${cid}?format=tar`, {}, 400],
    ['GET', `/ipfs/${cid}`, {}, 400],
    ['GET', '/ipfs/', { accept: raw }, 400],
    ['POST', `/ipfs/${cid}`, {}, 405],
  ] as const) {
    const answer = await world.ask(method, path, { headers })
    assert.equal(answer.status, status, `${method} ${path} ${JSON.stringify(headers)}`)
    if (method === 'HEAD' || status === 304) assert.equal(answer.body.length, 0)
  }
  assert.equal(
    (await world.ask('GET', `/ipfs/${cid}?format=car&dag-scope=block`)).headers.etag,
    `W/"${cid}.block.n.car"`,
  )
  assert.deepEqual(
    (
      await readCar(pieces((await world.ask('GET', `/ipfs/${cid}?format=car&dag-scope=block`)).body))
    ).roots.map(String),
    [cid],
  )
})

test('whoever asks for a block that is a decoy is noticed', async () => {
  const digest = hashBlake3(Buffer.from('decoy'))
  world.kernel.guardian.decoys.add(digest, 'block')
  assert.equal((await world.ask('GET', `/ipfs/${cidOfDigest(rawCodec, digest)}?format=raw`)).status, 404)
  const alert = (await world.node.audit.alerts()).find(({ kind }) => kind === 'decoy')
  assert.deepEqual([alert?.severity, alert?.identity], ['critical', 'gateway'])
  assert.equal(cidKey(digest).length, 32)
})

/** For the socket, or for a page that begins a session. */
function isUnsigned({ operationId }: Operation): boolean {
  return [
    'beginSession',
    'beginFirstSession',
    'beginRecoveredSession',
    'askForSession',
    'listPasskeySlots',
    'beginPasskeySession',
    'beginWordsSession',
    'unlockAccountByWords',
    'unlockAccountByPasskey',
    'getSessionAnswer',
    'certifySession',
    'seeFile',
    'saveContent',
    'signApp',
    'signAppFeed',
    'initAccount',
    'recoverAccount',
    'unlockAccount',
    'lockAccount',
    'changePassphrase',
    'drillWords',
    'restoreBackup',
    'beginRestore',
    'getRestore',
    'putRestorePart',
    'cancelRestore',
    'signApp',
    'signAppFeed',
    'enrolDevice',
    'getEnrolment',
    'enrolAtPage',
    'getEnrolmentAtPage',
    'joinAtPage',
    'joinGuardian',
    'createChild',
    'recoverChild',
    'lendShare',
    'releaseShare',
  ].includes(operationId)
}

async function* pieces(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes
}
