import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromBase64Url, fromUtf8, toBase64, toHex } from '@anarq/bytes'
import type { ManualClock } from '@anarq/clock/testing'
import { decodeCbor, encodeCbor } from '@anarq/ipld'
import { primitives } from '@anarq/qlock'
import { createSeededRandom } from '@anarq/random/testing'
import {
  contentDigestOf,
  createReplayMemory,
  createSession,
  createSessionCache,
  type IncomingRequest,
  identityKey,
  type KeyResolver,
  parseContentDigest,
  type RequestKey,
  type SignedParameters,
  sessionKey,
  signatureBase,
  signRequest,
  signRequestWith,
  verifyRequest,
} from '@anarq/squid'
import fc from 'fast-check'
import { codeOf, dayMs, isFault, type Person, person } from './people.ts'

/** RFC 9421, appendix B.2. */
const rfcRequest = {
  method: 'POST',
  targetUri: 'https://example.com/foo?param=Value&Pet=dog',
  headers: {
    Host: 'example.com',
    Date: 'Tue, 20 Apr 2021 02:07:55 GMT',
    'Content-Type': 'application/json',
    'Content-Digest':
      'sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:',
    'Content-Length': '18',
  },
}

test('RFC 9421 B.2.1: the base of a minimal signature is its parameters', () => {
  const parameters = '();created=1618884473;keyid="test-key-rsa-pss";nonce="b3k2pp5k7z-50gnwp.yemd"'
  assert.equal(signatureBase(rfcRequest, [], parameters), `"@signature-params": ${parameters}`)
})

test('RFC 9421 B.2.3: the base of a signature over everything', () => {
  const components = [
    'date',
    '@method',
    '@path',
    '@query',
    '@authority',
    'content-type',
    'content-digest',
    'content-length',
  ]
  const parameters = `(${components.map((name) => `"${name}"`).join(' ')});created=1618884473;keyid="test-key-rsa-pss"`
  assert.equal(
    signatureBase(rfcRequest, components, parameters),
    [
      '"date": Tue, 20 Apr 2021 02:07:55 GMT',
      '"@method": POST',
      '"@path": /foo',
      '"@query": ?param=Value&Pet=dog',
      '"@authority": example.com',
      '"content-type": application/json',
      `"content-digest": ${rfcRequest.headers['Content-Digest']}`,
      '"content-length": 18',
      `"@signature-params": ${parameters}`,
    ].join('\n'),
  )
})

test('RFC 9421 B.2.5: the HMAC over the base is the one printed there', () => {
  const parameters = '("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"'
  const base = signatureBase(rfcRequest, ['date', '@authority', 'content-type'], parameters)
  const secret = Uint8Array.fromBase64(
    'uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==',
  )
  assert.equal(
    toBase64(primitives.hmacSha256(secret, fromUtf8(base))),
    'pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=',
  )
})

test('RFC 9421 B.2.6: the Ed25519 signature over the base is the one printed there', () => {
  const parameters =
    '("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"'
  const components = ['date', '@method', '@path', '@authority', 'content-type', 'content-length']
  const base = signatureBase(rfcRequest, components, parameters)
  const key = primitives.ed25519Key(fromBase64Url('n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU'))
  assert.deepEqual(key.publicKey, fromBase64Url('JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs'))
  const printed = 'wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=='
  assert.equal(toBase64(key.sign(fromUtf8(base))), printed)
  assert.ok(primitives.ed25519Verify(key.publicKey, fromUtf8(base), Uint8Array.fromBase64(printed)))
})

test('RFC 9421 section 2.2: derived components have the values of its examples', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['https://www.example.com/path?param=value', '@target-uri', 'https://www.example.com/path?param=value'],
    ['https://www.example.com/path?param=value', '@authority', 'www.example.com'],
    ['https://WWW.Example.com:443/path', '@authority', 'www.example.com'],
    ['http://example.com:80/', '@authority', 'example.com'],
    ['https://example.com:8443/', '@authority', 'example.com:8443'],
    ['http://www.example.com/path?param=value', '@scheme', 'http'],
    ['https://www.example.com/path?param=value', '@request-target', '/path?param=value'],
    ['https://www.example.com/path?param=value', '@path', '/path'],
    ['https://www.example.com', '@path', '/'],
    [
      'https://www.example.com/path?param=value&foo=bar&baz=bat%2Dman',
      '@query',
      '?param=value&foo=bar&baz=bat%2Dman',
    ],
    ['https://www.example.com/path?queryString', '@query', '?queryString'],
    ['https://www.example.com/path', '@query', '?'],
  ]
  for (const [targetUri, name, value] of cases) {
    const base = signatureBase({ method: 'GET', targetUri, headers: {} }, [name], '()')
    assert.equal(base, `"${name}": ${value}\n"@signature-params": ()`)
  }
  const bad = [
    '/path',
    'ftp://a/',
    'https://',
    'https://a@b/',
    'https://a/#x',
    'https://a/ b',
    'https://a/\n',
    'https://ä/',
  ]
  for (const targetUri of bad) {
    assert.throws(
      () => signatureBase({ method: 'GET', targetUri, headers: {} }, ['@path'], '()'),
      isFault('invalid.request'),
    )
  }
  for (const method of ['', 'GET\n"@path": /', 'G T']) {
    const target = { method, targetUri: 'https://a/', headers: {} }
    assert.throws(() => signatureBase(target, ['@method'], '()'), isFault('invalid.request'))
  }
})

test('RFC 9421 section 2.1: lines of a field are joined, and a field cannot be smuggled in another spelling', () => {
  const target = { method: 'GET', targetUri: 'https://a/' }
  const base = (headers: Record<string, string | string[]>) =>
    signatureBase({ ...target, headers }, ['cache-control'], '()')
  assert.match(
    base({ 'Cache-Control': ['  max-age=60 ', '\tmust-revalidate'] }),
    /^"cache-control": max-age=60, must-revalidate\n/,
  )
  assert.throws(() => base({ 'Cache-Control': 'a', 'cache-control': 'b' }), isFault('invalid.header'))
  assert.throws(() => base({ 'cache-control': 'a\n"@method": GET' }), isFault('invalid.header'))
  assert.throws(() => base({}), isFault('refused.coverage'))
})

test('RFC 9530: the digests of its example body', () => {
  const body = fromUtf8('{"hello": "world"}\n')
  assert.equal(
    toBase64(contentDigestOf(body, 'sha-256').digest),
    'RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=',
  )
  const [digest] = parseContentDigest(rfcRequest.headers['Content-Digest'])
  assert.deepEqual(digest, contentDigestOf(fromUtf8('{"hello": "world"}')))
  assert.throws(() => parseContentDigest('md5=:AQI=:'), isFault('refused.digest'))
  assert.throws(() => parseContentDigest('sha-256=:AQI=:'), isFault('invalid.header'))
  assert.throws(() => parseContentDigest(''), isFault('refused.digest'))
})

type Server = {
  readonly clock: ManualClock
  readonly resolveKey: KeyResolver
  verify(request: IncomingRequest): ReturnType<typeof verifyRequest>
}

/** A node that knows these people. */
function server(clock: ManualClock, ...people: readonly Person[]): Server {
  const known = new Map<string, Uint8Array>()
  for (const { keyring } of people) {
    for (const { did } of keyring.list()) known.set(did, keyring.open(did).public().verifyKey)
  }
  const replay = createReplayMemory({ clock })
  const sessions = createSessionCache()
  const resolveKey = (did: string) => known.get(did)
  return {
    clock,
    resolveKey,
    verify: (request) => verifyRequest(request, resolveKey, { clock, replay, sessions }),
  }
}

const target = { method: 'POST', targetUri: 'https://node.example/api/files?path=%2Fa', headers: {} }
const body = fromUtf8('{"hello": "world"}')
const bodyDigest = contentDigestOf(body)

function keyOf({ keyring }: Person, did = keyring.current()): RequestKey {
  return identityKey(keyring.open(did))
}

function send(someone: Person, key: RequestKey = keyOf(someone)): IncomingRequest {
  return { ...target, body, headers: signRequest({ ...target, bodyDigest }, key, someone) }
}

test('AQ-FID-1: a request is signed by the identity that acts, and the signature says who', () => {
  const someone = person(1)
  const sub = someone.keyring.create({ kind: 'sub', name: 'work' })
  const node = server(someone.clock, someone)
  for (const did of [someone.keyring.current(), sub.did]) {
    const verified = node.verify(send(someone, keyOf(someone, did)))
    assert.ok(verified.ok, codeOf(verified))
    assert.deepEqual([verified.value.did, verified.value.keyid], [did, did])
    assert.deepEqual(verified.value.digests, [bodyDigest])
    assert.equal(verified.value.createdMs, someone.clock.nowMs())
  }
})

test('AQ-FID-1: a session key signs for its identity after one hybrid certificate', () => {
  const someone = person(2)
  const node = server(someone.clock, someone)
  const session = createSession(someone.keyring.open(someone.keyring.current()), { ttlMs: dayMs, ...someone })
  for (let i = 0; i < 3; i += 1) {
    const verified = node.verify(send(someone, sessionKey(session)))
    assert.ok(verified.ok, codeOf(verified))
    assert.deepEqual([verified.value.did, verified.value.keyid], [someone.keyring.current(), session.keyid])
  }
  const size = Object.values(send(someone, sessionKey(session)).headers).join('').length
  assert.ok(size < 8192, `headers of ${size} characters fit any server`)
})

test('AQ-FID-2: a replayed request is refused as long as it could still be accepted', () => {
  const someone = person(3)
  const node = server(someone.clock, someone)
  const request = send(someone)
  assert.equal(codeOf(node.verify(request)), 'ok')
  assert.equal(codeOf(node.verify(request)), 'refused.replay')
  for (let i = 0; i < 60; i += 1) {
    assert.notEqual(codeOf(node.verify(request)), 'ok')
    someone.clock.advance(10_000)
  }
  assert.equal(codeOf(node.verify(request)), 'refused.expired')
})

test('AQ-FID-2: a nonce is used up by a verified request only', () => {
  const someone = person(4)
  const node = server(someone.clock, someone)
  const request = send(someone)
  const forged = {
    ...request,
    headers: { ...request.headers, signature: `anarq=:${toBase64(new Uint8Array(3373))}:` },
  }
  assert.equal(codeOf(node.verify(forged)), 'refused.signature')
  assert.equal(codeOf(node.verify(request)), 'ok')
})

test('AQ-FID-2: a request is refused before its time and after it', () => {
  const someone = person(5)
  const { clock } = someone
  const node = server(clock, someone)
  const cases: readonly (readonly [number, string])[] = [
    [-61_000, 'refused.expired'],
    [-60_000, 'ok'],
    [0, 'ok'],
    [60_000 + 60_000, 'ok'],
    [60_000 + 60_001, 'refused.expired'],
  ]
  for (const [later, code] of cases) {
    const request = send(someone)
    clock.advance(later)
    assert.equal(codeOf(node.verify(request)), code, String(later))
    clock.advance(-later)
  }
  const long = signRequest({ ...target, bodyDigest }, keyOf(someone), { ...someone, ttlMs: dayMs })
  clock.advance(360_001)
  assert.equal(
    codeOf(node.verify({ ...target, body, headers: long })),
    'refused.expired',
    'never older than five minutes',
  )
})

test('AQ-FID-2: whatever part of a request is changed, it is refused', () => {
  const someone = person(6)
  const node = server(someone.clock, someone)
  const request = send(someone)
  const changes: readonly (readonly [Partial<IncomingRequest>, string])[] = [
    [{ method: 'DELETE' }, 'refused.signature'],
    [{ targetUri: 'https://node.example/api/other?path=%2Fa' }, 'refused.signature'],
    [{ targetUri: 'https://node.example/api/files?path=%2Fb' }, 'refused.signature'],
    [{ targetUri: 'https://evil.example/api/files?path=%2Fa' }, 'refused.signature'],
    [{ targetUri: 'https://node.example/api/files' }, 'refused.signature'],
    [{ body: fromUtf8('{"hello": "moon"}') }, 'refused.digest'],
    [
      {
        headers: {
          ...request.headers,
          'content-digest': 'sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:',
        },
      },
      'refused.digest',
    ],
    [{ headers: { ...request.headers, 'content-digest': undefined } }, 'refused.digest'],
    [{ headers: {} }, 'refused.unsigned'],
    [{ headers: { ...request.headers, signature: 'anarq=1' } }, 'invalid.header'],
    [{ headers: { ...request.headers, signature: 'other=:AQI=:' } }, 'invalid.header'],
  ]
  for (const [change, code] of changes) assert.equal(codeOf(node.verify({ ...request, ...change })), code)
  assert.equal(codeOf(node.verify({ ...request, body: 'later', method: 'PUT' })), 'refused.signature')
  assert.equal(codeOf(node.verify(request)), 'ok')
})

test('AQ-SQUID-19: any changed character in the signature headers is refused', () => {
  const someone = person(7)
  const node = server(someone.clock, someone)
  const request = send(someone)
  const input = String(request.headers['signature-input'])
  const signature = String(request.headers.signature)
  fc.assert(
    fc.property(
      fc.nat({ max: input.length - 1 }),
      fc.constantFrom('0', 'a', '"', ' ', ';'),
      (at, character) => {
        fc.pre(input[at] !== character)
        const changed = input.slice(0, at) + character + input.slice(at + 1)
        assert.notEqual(
          codeOf(node.verify({ ...request, headers: { ...request.headers, 'signature-input': changed } })),
          'ok',
        )
      },
    ),
  )
  fc.assert(
    fc.property(
      fc.integer({ min: 7, max: signature.length - 3 }),
      fc.constantFrom('0', 'Z'),
      (at, character) => {
        fc.pre(signature[at] !== character)
        const changed = signature.slice(0, at) + character + signature.slice(at + 1)
        assert.notEqual(
          codeOf(node.verify({ ...request, headers: { ...request.headers, signature: changed } })),
          'ok',
        )
      },
    ),
    { numRuns: 50 },
  )
})

test('a signature that covers too little is refused', () => {
  const someone = person(8)
  const node = server(someone.clock, someone)
  const key = keyOf(someone)
  const created = Math.floor(someone.clock.nowMs() / 1000)
  const signed = (components: readonly string[], tail: string): IncomingRequest => {
    const input = `(${components.map((name) => `"${name}"`).join(' ')})${tail}`
    const digest = { 'content-digest': `sha-512=:${toBase64(bodyDigest.digest)}:` }
    const base = signatureBase({ ...target, headers: digest }, components, input)
    const signature = `anarq=:${toBase64(key.sign(fromUtf8(base)))}:`
    return { ...target, body, headers: { ...digest, 'signature-input': `anarq=${input}`, signature } }
  }
  const tail = (nonce: string) =>
    `;created=${created};expires=${created + 60};nonce="${nonce}";alg="anarq-composite-1";keyid="${key.keyid}";tag="anarq"`
  const whole = ['@method', '@authority', '@path', '@query', 'content-digest']
  assert.equal(codeOf(node.verify(signed(whole, tail('nonce-0000000000')))), 'ok')
  assert.equal(
    codeOf(node.verify(signed(['@method', '@target-uri', 'content-digest'], tail('nonce-0000000001')))),
    'ok',
  )
  for (const missing of whole) {
    const some = whole.filter((name) => name !== missing)
    assert.equal(codeOf(node.verify(signed(some, tail('nonce-0000000002')))), 'refused.coverage', missing)
  }
  const cases: readonly (readonly [string, string])[] = [
    [tail('short'), 'invalid.header'],
    [tail('x'.repeat(129)), 'invalid.header'],
    [tail('nonce-0000000003').replace(/;nonce="[^"]*"/, ''), 'invalid.header'],
    [tail('nonce-0000000003').replace(/;created=\d+/, ''), 'invalid.header'],
    [tail('nonce-0000000003').replace(/;expires=\d+/, ''), 'invalid.header'],
    [tail('nonce-0000000003').replace(/;keyid="[^"]*"/, ''), 'invalid.header'],
    [tail('nonce-0000000003').replace(/;alg="[^"]*"/, ''), 'invalid.header'],
    [tail('nonce-0000000003').replace(/;tag="[^"]*"/, ''), 'refused.unsigned'],
    [tail('nonce-0000000003').replace('anarq-composite-1', 'rsa-pss-sha512'), 'refused.signature'],
    [tail('nonce-0000000003').replace('anarq-composite-1', 'ed25519'), 'refused.signature'],
    [`${tail('nonce-0000000003')};more=1`, 'invalid.header'],
    [tail('nonce-0000000003').replace(/expires=\d+/, `expires=${created}`), 'refused.expired'],
  ]
  for (const [parameters, code] of cases)
    assert.equal(codeOf(node.verify(signed(whole, parameters))), code, parameters)
  assert.equal(codeOf(node.verify(signed([...whole, '@method'], tail('nonce-0000000004')))), 'invalid.header')
})

test('headers that are too large are refused before they are parsed', () => {
  const someone = person(9)
  const node = server(someone.clock, someone)
  const request = send(someone)
  const huge = 'a'.repeat(16_385)
  for (const name of ['signature-input', 'signature', 'content-digest']) {
    assert.equal(
      codeOf(node.verify({ ...request, headers: { ...request.headers, [name]: huge } })),
      'limit.header',
      name,
    )
  }
})

test('AQ-QLOCK-9: the key that signed is proved to be of the identity that acts', () => {
  const someone = person(10)
  const thief = person(11)
  const node = server(someone.clock, someone, thief)
  const victim = someone.keyring.current()
  const own = keyOf(thief)
  assert.equal(codeOf(node.verify(send(thief, { ...own, keyid: victim }))), 'refused.signature')

  const session = createSession(thief.keyring.open(thief.keyring.current()), { ttlMs: dayMs, ...thief })
  const asVictim = { ...sessionKey(session), keyid: `${victim}#${session.keyid.split('#')[1]}` }
  assert.equal(codeOf(node.verify(send(thief, asVictim))), 'refused.signature', 'certified by the thief')
  const [payload, signature] = decodeCbor(fromBase64Url(session.certificate)) as [Uint8Array, Uint8Array]
  const renamed = encodeCbor([encodeCbor({ ...(decodeCbor(payload) as object), sub: victim }), signature])
  const certificate = renamed.toBase64({ alphabet: 'base64url', omitPadding: true })
  assert.equal(codeOf(node.verify(send(thief, { ...asVictim, certificate }))), 'refused.signature')

  const theirs = createSession(someone.keyring.open(victim), { ttlMs: dayMs, ...someone })
  const borrowed = { ...sessionKey(session), keyid: theirs.keyid, certificate: theirs.certificate }
  assert.equal(
    codeOf(node.verify(send(thief, borrowed))),
    'refused.signature',
    "another's certificate, own key",
  )
  const mixed = { ...sessionKey(theirs), keyid: `${victim}#${session.keyid.split('#')[1]}` }
  assert.equal(
    codeOf(node.verify(send(someone, mixed))),
    'refused.session',
    'another session than the one shown',
  )
  const { certificate: _, ...silent } = sessionKey(theirs)
  assert.equal(codeOf(node.verify(send(someone, silent))), 'refused.session')
  assert.equal(codeOf(server(someone.clock).verify(send(someone))), 'refused.unknown')
})

test('a session ends with its time, with its identity, and when the identity rotates', () => {
  const someone = person(12)
  const { clock, keyring, random } = someone
  const did = keyring.create({ kind: 'organisation', name: 'choir' }).did
  const replay = createReplayMemory({ clock })
  const sessions = createSessionCache()
  const resolveKey: KeyResolver = (who) => {
    if (keyring.record(who).status === 'revoked') return undefined
    return keyring.open(who).public().verifyKey
  }
  const verify = (request: IncomingRequest) =>
    codeOf(verifyRequest(request, resolveKey, { clock, replay, sessions }))
  const begin = () => sessionKey(createSession(keyring.open(did), { ttlMs: dayMs, clock, random }))
  const first = begin()
  assert.equal(verify(send(someone, first)), 'ok')
  clock.advance(dayMs)
  assert.equal(verify(send(someone, first)), 'refused.expired')
  const second = begin()
  assert.equal(verify(send(someone, second)), 'ok')
  keyring.rotate(did)
  assert.equal(verify(send(someone, second)), 'refused.signature')
  const third = begin()
  assert.equal(verify(send(someone, third)), 'ok')
  keyring.revoke(did)
  assert.equal(verify(send(someone, third)), 'refused.unknown')
  const sub = keyring.create({ kind: 'sub', name: 'x' }).did
  keyring.revoke(sub)
  assert.throws(
    () => createSession(keyring.open(sub), { ttlMs: dayMs, clock, random }),
    isFault('refused.revoked'),
  )
  for (const ttlMs of [0, -1, dayMs + 1, Number.NaN]) {
    assert.throws(
      () => createSession(keyring.open(keyring.current()), { ttlMs, clock, random }),
      isFault('invalid.session'),
    )
  }
})

test('a session cache forgets the least used and verifies again', () => {
  const someone = person(13)
  const { clock, random, keyring } = someone
  const options = {
    clock,
    replay: createReplayMemory({ clock }),
    sessions: createSessionCache({ entriesMax: 1 }),
  }
  const verifyKey = keyring.open(keyring.current()).public().verifyKey
  const keys = [1, 2].map(() =>
    sessionKey(createSession(keyring.open(keyring.current()), { ttlMs: dayMs, clock, random })),
  )
  for (const key of [...keys, ...keys]) {
    assert.equal(codeOf(verifyRequest(send(someone, key), () => verifyKey, options)), 'ok')
  }
})

test('a signature of somebody on the way is left alone; two of ours are refused', () => {
  const someone = person(14)
  const node = server(someone.clock, someone)
  const { headers, ...rest } = send(someone)
  const proxied = {
    ...headers,
    'signature-input': `proxy=("@authority");created=1;keyid="p", ${headers['signature-input']}`,
    signature: `proxy=:AQI=:, ${headers.signature}`,
  }
  assert.equal(codeOf(node.verify({ ...rest, headers: proxied })), 'ok')
  const twice = {
    ...headers,
    'signature-input': `${headers['signature-input']}, b=${String(headers['signature-input']).slice(6)}`,
  }
  assert.equal(codeOf(node.verify({ ...rest, headers: twice })), 'refused.unsigned')
})

test('a request without a body or a query needs neither covered', () => {
  const someone = person(15)
  const node = server(someone.clock, someone)
  const get = { method: 'GET', targetUri: 'https://node.example/api', headers: { Accept: '*/*' } }
  const headers = signRequest(get, keyOf(someone), someone)
  assert.equal(codeOf(node.verify({ ...get, headers: { ...get.headers, ...headers } })), 'ok')
  assert.equal(codeOf(node.verify({ ...get, body: 'later', headers })), 'refused.coverage')
})

test('a body may be left out where the caller knows its way; what a signature names is compared all the same', () => {
  const someone = person(16)
  const node = server(someone.clock, someone)
  const put = { method: 'PUT', targetUri: 'https://node.example/api?offset=0', headers: {} }
  const unbound = { ...put, body: 'unbound' as const, headers: signRequest(put, keyOf(someone), someone) }
  assert.equal(codeOf(node.verify(unbound)), 'ok')
  assert.equal(codeOf(node.verify(unbound)), 'refused.replay')
  const bodyDigest = contentDigestOf(fromUtf8('a'))
  const bound = signRequest({ ...put, bodyDigest }, keyOf(someone), someone)
  const { 'content-digest': _, ...stripped } = bound
  assert.equal(codeOf(node.verify({ ...put, body: 'unbound', headers: stripped })), 'refused.coverage')
})

test('signing takes any nonce and time given, and is the same each time for Ed25519', () => {
  const parameters: SignedParameters = {
    keyid: 'did:example:a#s',
    alg: 'ed25519',
    nonce: 'a-nonce-of-16-ch',
    created: 1_700_000_000,
    expires: 1_700_000_060,
  }
  const key = primitives.ed25519Key(createSeededRandom(1).bytes(32))
  const headers = signRequestWith({ ...target, bodyDigest }, parameters, (message) => key.sign(message))
  assert.equal(
    headers['signature-input'],
    'anarq=("@method" "@authority" "@path" "@query" "content-digest");created=1700000000;expires=1700000060;nonce="a-nonce-of-16-ch";alg="ed25519";keyid="did:example:a#s";tag="anarq"',
  )
  assert.deepEqual(
    signRequestWith({ ...target, bodyDigest }, parameters, (message) => key.sign(message)),
    headers,
  )
  assert.equal(toHex(Uint8Array.fromBase64(/:(.*):/.exec(headers.signature ?? '')?.[1] ?? '')).length, 128)
  assert.throws(
    () => signRequestWith(target, { ...parameters, nonce: 'short' }, (message) => key.sign(message)),
    isFault('invalid.request'),
  )
})
