import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromUtf8, toUtf8 } from '@anarq/bytes'
import { canonicalJson } from '@anarq/squid'
import { isSigned, manifestBytes, parseManifest, verifyManifest } from '@anarq/wxa'
import fc from 'fast-check'
import { ada, codeOf, files, pack, publisher, readEntries, signedBy, someDay } from './apps.ts'

test('[WX-DEV-1] a signed package reads back: manifest, publisher, every file', async () => {
  const { entries, manifest } = signedBy(ada, pack())
  const read = await readEntries(entries)
  assert.deepEqual(read.manifest, manifest)
  assert.equal(read.publisher?.did, ada.keyring.current())
  for (const { path, bytes } of files()) assert.deepEqual(await read.read(path), bytes)
  assert.equal(await codeOf(() => read.read('nothing')), 'missing.package-file')
  assert.deepEqual(await read.entries(), entries.slice(1))
})

test('an unsigned package is read only where the caller says so', async () => {
  const { entries } = pack()
  assert.equal(await codeOf(() => readEntries(entries)), 'refused.unsigned')
  const read = await readEntries(entries, { allowsUnsigned: true })
  assert.equal(read.publisher, undefined)
  assert.equal(isSigned(read.manifest), false)
})

test('[WX-DEV-10] the same files give the same bytes, in whatever order they come', () => {
  const one = pack()
  const other = pack({}, files().toReversed())
  assert.deepEqual(other.entries, one.entries)
  assert.deepEqual(
    one.entries.map(({ path }) => path),
    ['manifest.json', 'icon.svg', 'ui/index.html', 'ui/words.txt'],
  )
})

test('a name to publish under is the one of the draft, or else the one given', () => {
  assert.equal(signedBy(ada, pack()).manifest.publisher.name, 'Ada')
  const named = pack({ publisher: { name: 'Lovelace Works' } })
  assert.equal(signedBy(ada, named).manifest.publisher.name, 'Lovelace Works')
})

test('a signature is for packages alone, and of the identity whose card is in the package', () => {
  const { manifest } = signedBy(ada, pack())
  const options = { nowMs: someDay }
  assert.equal(verifyManifest(manifest, options).did, ada.keyring.current())
  const other = signedBy(publisher(8), pack()).manifest
  const mixed = { ...manifest, publisher: other.publisher }
  assert.throws(() => verifyManifest(mixed, options), { code: 'refused.signature' })
  const claimed = { ...manifest, publisher: { ...manifest.publisher, card: other.publisher.card } }
  assert.throws(() => verifyManifest(claimed, options), { code: 'refused.publisher' })
  const padded = { ...manifest, publisher: { ...manifest.publisher, card: `${manifest.publisher.card}\n` } }
  assert.throws(() => verifyManifest(padded, options), { code: 'refused.publisher' })
})

test('a package of an older log than the one known here is refused', () => {
  const someone = publisher(9)
  const old = signedBy(someone, pack()).manifest
  someone.keyring.rotate(someone.keyring.current())
  const fresh = signedBy(someone, pack()).manifest
  using identity = someone.open()
  const knownVersionOf = (): string | undefined => identity.public().versionId
  assert.equal(verifyManifest(fresh, { nowMs: someDay, knownVersionOf }).did, old.publisher.did)
  assert.throws(() => verifyManifest(old, { nowMs: someDay, knownVersionOf }), { code: 'refused.publisher' })
})

test('a sub-identity and an anonymous one publish too', async () => {
  const someone = publisher(10)
  for (const kind of ['sub', 'anonymous'] as const) {
    const { did } = someone.keyring.create({ kind, name: kind })
    const { entries } = signedBy({ open: () => someone.keyring.open(did) }, pack())
    assert.equal((await readEntries(entries)).publisher?.did, did)
  }
})

test('[WX-APP-2] any changed byte of a signed package is refused', async () => {
  const { entries } = signedBy(ada, pack())
  const places = entries.flatMap((entry, i) =>
    Array.from({ length: (entry.deflated ?? entry.content).length }, (_, at) => ({ i, at })),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...places),
      fc.integer({ min: 1, max: 255 }),
      async ({ i, at }, flip) => {
        const changed = entries.map((entry, index) => {
          if (index !== i) return entry
          const bytes = (entry.deflated ?? entry.content).slice()
          bytes[at] = (bytes[at] as number) ^ flip
          return entry.deflated === undefined ? { ...entry, content: bytes } : { ...entry, deflated: bytes }
        })
        assert.notEqual(await codeOf(() => readEntries(changed)), 'ok')
      },
    ),
    { numRuns: 300 },
  )
})

test('any set of files packs, and reads back as it was', async () => {
  const part = fc.stringMatching(/^[a-z0-9_ñ][A-Za-z0-9_ñ☂-]{0,12}$/)
  const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'))
  const content = fc.oneof(
    fc.uint8Array({ maxLength: 400 }),
    fc.string().map((text) => fromUtf8(text.repeat(40))),
  )
  const tree = fc.uniqueArray(fc.record({ path, bytes: content }), {
    maxLength: 12,
    selector: ({ path }) => path.toLowerCase(),
  })
  await fc.assert(
    fc.asyncProperty(tree, async (made) => {
      const paths = made.map(({ path }) => path.toLowerCase())
      // A folder of the name of a file, or one in two spellings, has a refusal and a test of its own.
      fc.pre(paths.every((one) => !paths.some((other) => other.startsWith(`${one}/`))))
      const folders = made.flatMap(({ path }) =>
        path
          .split('/')
          .slice(0, -1)
          .map((_, i, all) => all.slice(0, i + 1).join('/')),
      )
      fc.pre(new Set(folders).size === new Set(folders.map((one) => one.toLowerCase())).size)
      const all = [...files().filter(({ path }) => !paths.includes(path)), ...made]
      fc.pre(
        !paths.some((one) => ['ui', 'icon.svg', 'manifest.json'].includes(one)) &&
          !folders.includes('icon.svg'),
      )
      fc.pre(folders.every((one) => one.split('/')[0] === 'ui' || one.split('/')[0]?.toLowerCase() !== 'ui'))
      fc.pre(
        paths.every(
          (one) =>
            !/^(con|prn|aux|nul|com\d|lpt\d)$/.test(
              one.split('/').find((p) => /^(con|prn|aux|nul|com\d|lpt\d)$/.test(p)) ?? '',
            ),
        ),
      )
      const read = await readEntries(pack({}, all).entries, { allowsUnsigned: true })
      for (const { path, bytes } of all) assert.deepEqual(await read.read(path), bytes)
    }),
    { numRuns: 150 },
  )
})

test('a manifest has one text: spaces, another order, a field twice are refused', async () => {
  const text = toUtf8(manifestBytes(pack().manifest))
  assert.deepEqual(parseManifest(fromUtf8(text)), pack().manifest)
  for (const other of [
    `${text} `,
    ` ${text}`,
    `\ufeff${text}`,
    text.replace('{"', '{ "'),
    text.replace('"manifest":1', '"manifest":1,"manifest":1'),
    text.replace('"manifest":1', '"manifest":1.0'),
    text.slice(0, -1),
  ])
    assert.equal(await codeOf(() => parseManifest(fromUtf8(other))), 'invalid.json', other.slice(0, 20))
  assert.equal(await codeOf(() => parseManifest(Uint8Array.of(0x7b, 0xff))), 'invalid.manifest')
})

test('whatever comes as a manifest is read or refused with a Fault, never anything else', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      assert.notEqual(await codeOf(() => parseManifest(bytes)), 'ok')
    }),
  )
  const names = Object.keys(pack().manifest)
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...names), fc.jsonValue(), async (name, value) => {
      const made = { ...pack().manifest, [name]: value }
      assert.match(
        await codeOf(() => parseManifest(fromUtf8(canonicalJson(made)))),
        /^(ok|invalid|limit|refused)/,
      )
    }),
    { numRuns: 500 },
  )
})
