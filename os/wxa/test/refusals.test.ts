/** One line for each thing that a package is refused for, before or while it is unpacked. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatBytes, fromUtf8 } from '@anarq/bytes'
import {
  type Archive,
  type ArchiveEntry,
  checkPath,
  createMemoryArchive,
  fileBytesMax,
  filesMax,
  manifestBytes,
  manifestBytesMax,
  type PackEntry,
  packageBytesMax,
  packFiles,
  pathCharactersMax,
  ratioFreeBytes,
  readPackage,
  type SignedManifest,
} from '@anarq/wxa'
import { ada, codeOf, deflate, draft, files, pack, signedBy, someDay } from './apps.ts'

const paths: readonly (readonly [code: string, path: string])[] = [
  ['refused.path-absolute', '/etc/passwd'],
  ['refused.path-parent', '../outside'],
  ['refused.path-parent', 'ui/../../outside'],
  ['refused.path-parent', 'ui/./x'],
  ['refused.path-backslash', 'ui\\x'],
  ['refused.path-backslash', '..\\outside'],
  ['refused.path-nul', 'ui/x.html\0.png'],
  ['refused.path-control', 'ui/x\n'],
  ['refused.path-control', 'ui/\u0085'],
  ['refused.path-unseen', 'ui/\u202egnp.exe'],
  ['refused.path-unseen', 'ui/a\u200bb'],
  ['refused.path-unseen', 'ui/\ud800'],
  ['refused.path-drive', 'C:/windows'],
  ['refused.path-drive', 'c:x'],
  ['refused.path-characters', 'ui/x:stream'],
  ['refused.path-characters', 'ui/what?'],
  ['refused.path-reserved', 'CON'],
  ['refused.path-reserved', 'ui/nul.txt'],
  ['refused.path-reserved', 'ui/Com1'],
  ['refused.path-reserved', 'ui/lpt¹.js'],
  ['refused.path-reserved', 'aux/x'],
  ['refused.path-ending', 'ui/x.'],
  ['refused.path-ending', 'ui /x'],
  ['refused.path-ending', 'ui/ x'],
  ['refused.path-ending', 'ui/...'],
  ['refused.path-empty', ''],
  ['refused.path-empty', 'ui//x'],
  ['refused.path-form', 'ui/n\u0303.html'],
  ['limit.path', 'x'.repeat(pathCharactersMax + 1)],
  ['limit.path', 'x/'.repeat(16).concat('x')],
]

for (const [code, path] of paths) {
  test(`${code}: a file named ${JSON.stringify(path.slice(0, 40))} is refused where packages are read and made`, async () => {
    assert.equal(await codeOf(() => checkPath(path)), code)
    const { entries } = pack()
    const tricked = [...entries, { path, content: fromUtf8('x') }]
    assert.equal(await codeOf(() => readEntries(tricked)), code)
    const all = [...files(), { path, bytes: fromUtf8('x') }]
    assert.equal(await codeOf(() => pack({}, all)), code)
  })
}

test('ordinary names are taken: other scripts, dots inside, words that only begin like a device', () => {
  for (const path of [
    'ui/índice.html',
    'ui/ノート.js',
    '.well-known/x',
    'ui/a..b',
    'console.js',
    'ui/com10',
    'a b/c d',
  ])
    assert.equal(checkPath(path), path)
})

const sides: readonly (readonly [code: string, one: string, other: string])[] = [
  ['refused.path-alike', 'ui/Main.js', 'ui/main.js'],
  ['refused.path-alike', 'UI2/a', 'ui2/b'],
  ['refused.path-alike', 'ui/straße', 'ui/STRASSE'],
  ['refused.path-alike', 'ui/ﬁle', 'ui/file'],
  ['refused.path-alike', 'ui/Å', 'ui/å'],
  ['refused.path-clash', 'data', 'data/x'],
  ['refused.entry-twice', 'ui/two.js', 'ui/two.js'],
]

for (const [code, one, other] of sides) {
  test(`${code}: ${one} and ${other} do not lie side by side`, async () => {
    const two = [one, other].map((path) => ({ path, content: fromUtf8('x') }))
    assert.equal(await codeOf(() => readEntries([...pack().entries, ...two])), code)
    const all = [...files(), ...two.map(({ path, content }) => ({ path, bytes: content }))]
    assert.equal(await codeOf(() => pack({}, all)), code)
  })
}

type Change = Partial<ArchiveEntry>

const facts: readonly (readonly [code: string, what: string, path: string, change: Change])[] = [
  ['refused.entry-link', 'a link', 'ui/index.html', { kind: 'link' }],
  ['refused.entry-folder', 'a folder', 'ui/index.html', { kind: 'folder' }],
  ['refused.entry-encrypted', 'an encrypted file', 'ui/index.html', { isEncrypted: true }],
  [
    'limit.package-file',
    'a file that is too large',
    'ui/index.html',
    { bytes: fileBytesMax + 1, packedBytes: fileBytesMax },
  ],
  [
    'limit.package-ratio',
    'a file that says that it grows a thousandfold',
    'ui/words.txt',
    { bytes: 20_000_000, packedBytes: 20_000 },
  ],
  [
    'limit.package-ratio',
    'a file out of nothing',
    'ui/words.txt',
    { bytes: 2 * ratioFreeBytes, packedBytes: 0 },
  ],
  ['limit.manifest', 'a manifest that is too large', 'manifest.json', { bytes: manifestBytesMax + 1 }],
  ['refused.manifest-place', 'a manifest that is deflated', 'manifest.json', { method: 'deflate' }],
  ['damaged.package-size', 'a file that says another size', 'ui/index.html', { bytes: 36, packedBytes: 36 }],
  ['damaged.package-size', 'a file that says another packed size', 'ui/words.txt', { packedBytes: 99 }],
  ['damaged.package-size', 'a deflated file that says that it is not', 'ui/words.txt', { method: 'store' }],
  [
    'damaged.package-size',
    'a file that unpacks to more than it says',
    'ui/words.txt',
    { read: () => endless() },
  ],
  [
    'damaged.package-size',
    'a file that unpacks to less than it says',
    'ui/words.txt',
    { read: () => once('word') },
  ],
  [
    'damaged.package-size',
    'a manifest that unpacks to more than it says',
    'manifest.json',
    { read: () => endless() },
  ],
  [
    'damaged.package-checksum',
    'another content of the same size',
    'ui/words.txt',
    { read: () => once('work '.repeat(400)) },
  ],
  [
    'damaged.package-checksum',
    'the same content deflated otherwise',
    'ui/words.txt',
    { readPacked: () => once('x'.repeat(deflate(fromUtf8('word '.repeat(400))).length)) },
  ],
]

for (const [code, what, path, change] of facts) {
  test(`${code}: ${what} is refused`, async () => {
    const { entries } = signedBy(ada, pack())
    const archive = changed(createMemoryArchive(entries), path, change)
    assert.equal(await codeOf(() => readPackage(archive, { nowMs: someDay })), code)
  })
}

test('a bomb in the list is refused before anything of it is read', async () => {
  const { entries } = signedBy(ada, pack())
  const never = { read: () => unread(), readPacked: () => unread() }
  const large = { bytes: fileBytesMax, packedBytes: fileBytesMax, ...never }
  const many = Array.from({ length: 6 }, (_, i) => ({ path: `ui/big${i}`, content: new Uint8Array(0) }))
  const archive = createMemoryArchive([...entries, ...many])
  const swollen: Archive = {
    ...archive,
    async *entries() {
      for await (const entry of archive.entries())
        yield entry.path.startsWith('ui/big') ? { ...entry, ...large } : { ...entry, ...never }
    },
  }
  assert.equal(await codeOf(() => readPackage(swollen, { nowMs: someDay })), 'limit.package-total')
  const heavy = { ...archive, bytes: packageBytesMax + 1 }
  assert.equal(await codeOf(() => readPackage(heavy, { nowMs: someDay })), 'limit.package-bytes')
})

test('limit.package-files: a list without end is left after so many', async () => {
  let given = 0
  const archive: Archive = {
    ...createMemoryArchive([]),
    async *entries() {
      const [manifest, file] = await listOf(createMemoryArchive(pack().entries))
      yield manifest as ArchiveEntry
      for (;;) yield { ...(file as ArchiveEntry), path: `f${given++}` }
    },
  }
  assert.equal(await codeOf(() => readPackage(archive, { nowMs: someDay })), 'limit.package-files')
  assert.ok(given <= filesMax + 1)
  const all = Array.from({ length: filesMax + 1 }, (_, i) => ({ path: `f${i}`, bytes: new Uint8Array(0) }))
  assert.equal(await codeOf(() => pack({}, all)), 'limit.package-files')
})

const shapes: readonly (readonly [
  code: string,
  what: string,
  change: (entries: readonly PackEntry[]) => readonly PackEntry[],
])[] = [
  ['refused.manifest-place', 'no manifest', (entries) => entries.slice(1)],
  ['refused.manifest-place', 'nothing at all', () => []],
  ['refused.manifest-place', 'a manifest that is not first', (entries) => entries.toReversed()],
  ['refused.manifest-twice', 'two manifests', (entries) => [...entries, entries[0] as PackEntry]],
  [
    'refused.manifest-twice',
    'a second manifest in capitals',
    (entries) => [...entries, { path: 'Manifest.JSON', content: fromUtf8('{}') }],
  ],
  [
    'refused.entry-unlisted',
    'a file that the manifest does not know',
    (entries) => [...entries, { path: 'ui/more.js', content: fromUtf8('x') }],
  ],
  ['missing.package-file', 'a file that is not there', (entries) => entries.slice(0, -1)],
  [
    'refused.entry-order',
    'files in another order',
    ([manifest, ...rest]) => [manifest as PackEntry, ...rest.toReversed()],
  ],
  [
    'invalid.json',
    'a manifest that is no JSON',
    ([, ...rest]) => [{ path: 'manifest.json', content: fromUtf8('hello') }, ...rest],
  ],
  [
    'refused.signature',
    'another name under the same signature',
    (entries) => withFields(entries, { name: 'Other' }),
  ],
  [
    'refused.signature',
    'one permission more',
    (entries) =>
      withFields(entries, { permissions: [...draft().permissions, { id: 'identity.sign', why: 'x' }] }),
  ],
  ['refused.signature', 'another version', (entries) => withFields(entries, { version: '9.9.9' })],
  [
    'refused.signature',
    'a signature of zeros',
    (entries) => withFields(entries, { signature: 'A'.repeat(4498) }),
  ],
  [
    'invalid.manifest',
    'a signature that is cut short',
    (entries) => withFields(entries, { signature: 'A'.repeat(4497) }),
  ],
  [
    'invalid.manifest',
    'a signature without a publisher',
    (entries) => withFields(entries, { publisher: undefined }),
  ],
  [
    'invalid.manifest',
    'a publisher without a signature',
    (entries) => withFields(entries, { signature: undefined }),
  ],
  [
    'refused.publisher',
    'a card that is none',
    (entries) => withPublisher(entries, { card: 'anarq-card-1:AAAA' }),
  ],
  [
    'refused.publisher',
    "somebody else's DID",
    (entries) => withPublisher(entries, { did: 'did:squid:zQmWvQxTqbG2Z9HPJgG57jjwR154cKhbtJenbyYTWkjgF3e' }),
  ],
]

for (const [code, what, change] of shapes) {
  test(`[WX-APP-2] ${code}: ${what} is refused`, async () => {
    const { entries } = signedBy(ada, pack())
    assert.equal(await codeOf(() => readEntries(change(entries))), code)
  })
}

test('a manifest that names what is not in the package is refused where it is made', async () => {
  for (const change of [
    { icon: 'other.svg' },
    { ui: { kind: 'frame', entry: 'ui/other.html' } },
    { backend: { entry: 'main.js' } },
  ] as const)
    assert.equal(await codeOf(() => pack(change)), 'invalid.manifest')
  assert.equal(await codeOf(() => packFiles([], draft(), { deflate })), 'invalid.manifest')
})

test('packing leaves a file as it is where deflated it would be taken for a bomb', async () => {
  const zeros = { path: 'ui/zeros.bin', bytes: new Uint8Array(4 * ratioFreeBytes) }
  const packed = pack({}, [...files(), zeros])
  assert.equal(packed.entries.find(({ path }) => path === zeros.path)?.deflated, undefined)
  assert.equal(await codeOf(() => readEntries(packed.entries)), 'ok')
  const large = { path: 'ui/large.bin', bytes: new Uint8Array(fileBytesMax + 1) }
  assert.equal(await codeOf(() => pack({}, [...files(), large])), 'limit.package-file')
})

test('reading stops when it is asked to', async () => {
  const { entries } = pack()
  const signal = AbortSignal.abort()
  await assert.rejects(readPackage(createMemoryArchive(entries), { nowMs: someDay, signal }), {
    name: 'AbortError',
  })
})

function readEntries(entries: readonly PackEntry[]): ReturnType<typeof readPackage> {
  return readPackage(createMemoryArchive(entries), { nowMs: someDay, allowsUnsigned: true })
}

function withFields(entries: readonly PackEntry[], change: object): readonly PackEntry[] {
  const manifest = JSON.parse(Buffer.from((entries[0] as PackEntry).content).toString()) as SignedManifest
  const made = JSON.parse(JSON.stringify({ ...manifest, ...change }))
  return [{ path: 'manifest.json', content: manifestBytes(made) }, ...entries.slice(1)]
}

function withPublisher(entries: readonly PackEntry[], change: object): readonly PackEntry[] {
  const { publisher } = JSON.parse(
    Buffer.from((entries[0] as PackEntry).content).toString(),
  ) as SignedManifest
  return withFields(entries, { publisher: { ...publisher, ...change } })
}

function changed(archive: Archive, path: string, change: Change): Archive {
  return {
    ...archive,
    async *entries() {
      for await (const entry of archive.entries()) yield entry.path === path ? { ...entry, ...change } : entry
    },
  }
}

async function listOf(archive: Archive): Promise<ArchiveEntry[]> {
  const all: ArchiveEntry[] = []
  for await (const entry of archive.entries()) all.push(entry)
  return all
}

async function* once(text: string): AsyncIterable<Uint8Array> {
  yield fromUtf8(text)
}

/** More than any limit: whoever reads it to its end never comes back. */
async function* endless(): AsyncIterable<Uint8Array> {
  for (;;) yield concatBytes(new Uint8Array(65_536))
}

// biome-ignore lint/correctness/useYield: it is not to be read at all.
async function* unread(): AsyncIterable<Uint8Array> {
  throw new Error('it was read')
}
