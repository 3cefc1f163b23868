/** Packages that were made to harm, byte by byte. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fromUtf8 } from '@anarq/bytes'
import { createManualClock } from '@anarq/clock/testing'
import { Fault } from '@anarq/fault'
import { createSeededRandom } from '@anarq/random/testing'
import { createDevice, createKeyring } from '@anarq/squid'
import {
  type DraftManifest,
  packFiles,
  readPackage,
  type SourceFile,
  signManifest,
  withManifest,
} from '@anarq/wxa'
import { deflate, openZipBytes, openZipFile, writeZip } from '@anarq/zip'
import { type Crafted, type CraftedEnd, craft, deflated } from './crafted.ts'

const nowMs = Date.UTC(2026, 5, 1, 12)
const source: SourceFile[] = [
  { path: 'icon.svg', bytes: fromUtf8('<svg/>') },
  { path: 'ui/index.html', bytes: fromUtf8('<p>hello</p> '.repeat(40)) },
]
const draft: DraftManifest = {
  manifest: 1,
  id: 'org.example.notes',
  name: 'Notes',
  version: '1.0.0',
  category: 'tools',
  description: 'Notes.',
  permissions: [],
  ui: { kind: 'frame', entry: 'ui/index.html' },
  icon: 'icon.svg',
}
const { entries, manifest } = packFiles(source, draft, { deflate })

/** The good package, to be made worse. */
function parts(): [Crafted, Crafted, Crafted] {
  return entries.map(({ path, content, deflated }) => ({
    name: path,
    content,
    ...(deflated === undefined ? {} : { packed: deflated, method: 8 }),
  })) as [Crafted, Crafted, Crafted]
}

async function codeOf(bytes: Uint8Array): Promise<string> {
  try {
    await readPackage(openZipBytes(bytes), { nowMs, allowsUnsigned: true })
    return 'ok'
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    assert.match(error.message, /^.{20,}[.?]/s, error.code)
    return error.code
  }
}

test('[WX-APP-1] what the writer writes and what is made by hand from the document are the same ZIP file', async () => {
  const written = writeZip(entries)
  assert.ok(Buffer.from(written).equals(craft(parts())))
  assert.equal(await codeOf(written), 'ok')
  assert.equal(Buffer.from(written.subarray(0, 4)).toString('latin1'), 'PK\x03\x04')
})

type Case = readonly [
  code: string,
  what: string,
  make: () => { entries?: readonly Crafted[]; end?: CraftedEnd } | Uint8Array,
]
const worse = (change: (all: [Crafted, Crafted, Crafted]) => void): { entries: readonly Crafted[] } => {
  const all = parts()
  change(all)
  return { entries: all }
}
const zip64 = (...numbers: readonly bigint[]): Uint8Array => {
  const extra = Buffer.alloc(4 + 8 * numbers.length)
  extra.writeUInt16LE(1, 0)
  extra.writeUInt16LE(8 * numbers.length, 2)
  for (const [i, number] of numbers.entries()) extra.writeBigUInt64LE(number, 4 + 8 * i)
  return new Uint8Array(extra)
}
const bomb = deflated(new Uint8Array(30 * 1024 * 1024))

const cases: readonly Case[] = [
  ['damaged.package', 'an empty file', () => new Uint8Array(0)],
  ['damaged.package', 'noise', () => createSeededRandom(1).bytes(5000)],
  ['damaged.package', 'a package that is cut short', () => writeZip(entries).subarray(0, -30)],
  ['damaged.package', 'an end without its list', () => writeZip(entries).subarray(-22)],
  [
    'refused.package-form',
    'something before the first entry',
    () => ({ end: { prefix: fromUtf8('#!/bin/sh\n') } }),
  ],
  ['damaged.package', 'something behind the end', () => ({ end: { suffix: fromUtf8('more') } })],
  ['refused.package-form', 'a comment', () => ({ end: { comment: 'hello' } })],
  [
    'refused.package-form',
    'a gap between two entries',
    () =>
      worse((all) => {
        all[1].gap = 7
      }),
  ],
  [
    'refused.entry-twice',
    'the same file twice',
    () =>
      worse((all) => {
        all.splice(2, 0, { ...all[1] })
      }),
  ],
  [
    'refused.manifest-twice',
    'two manifests',
    () =>
      worse((all) => {
        all.push({ ...all[0] })
      }),
  ],
  ['refused.manifest-place', 'a manifest that is not first', () => ({ entries: parts().toReversed() })],
  [
    'refused.package-form',
    'another name in front of the content than in the list',
    () =>
      worse((all) => {
        all[1].local = { name: 'evil.svg' }
      }),
  ],
  [
    'refused.package-form',
    'another checksum there',
    () =>
      worse((all) => {
        all[1].local = { crc: 1 }
      }),
  ],
  [
    'refused.package-form',
    'another size there',
    () =>
      worse((all) => {
        all[1].local = { bytes: 1 }
      }),
  ],
  [
    'refused.package-form',
    'another method there',
    () =>
      worse((all) => {
        all[1].local = { method: 8 }
      }),
  ],
  [
    'refused.package-form',
    'an extra field there',
    () =>
      worse((all) => {
        all[1].local = { extra: new Uint8Array([0x99, 0x99, 0, 0]) }
      }),
  ],
  [
    'refused.package-form',
    'an extra field in both',
    () =>
      worse((all) => {
        all[1].extra = new Uint8Array([0x99, 0x99, 0, 0])
      }),
  ],
  [
    'refused.package-form',
    'a comment of an entry',
    () =>
      worse((all) => {
        all[1].comment = 'x'
      }),
  ],
  [
    'refused.package-form',
    'another time',
    () =>
      worse((all) => {
        all[1].time = 1
      }),
  ],
  [
    'refused.package-form',
    'sizes behind the content (bit 3)',
    () =>
      worse((all) => {
        all[1].flags = 0x0808
      }),
  ],
  [
    'refused.package-form',
    'names that are not said to be UTF-8',
    () =>
      worse((all) => {
        all[1].flags = 0
      }),
  ],
  [
    'refused.package-form',
    'rights of a program',
    () =>
      worse((all) => {
        all[1].madeBy = 0x0314
        all[1].attributes = (0o100755 << 16) >>> 0
      }),
  ],
  [
    'refused.entry-link',
    'a symbolic link',
    () =>
      worse((all) => {
        all[1].madeBy = 0x0314
        all[1].attributes = (0o120777 << 16) >>> 0
      }),
  ],
  [
    'refused.entry-folder',
    'a folder',
    () =>
      worse((all) => {
        all.push({ name: 'ui/more/' })
      }),
  ],
  [
    'refused.entry-encrypted',
    'an encrypted entry',
    () =>
      worse((all) => {
        all[1].flags = 0x0801
      }),
  ],
  [
    'damaged.package',
    'a strongly encrypted entry',
    () =>
      worse((all) => {
        all[1].flags = 0x0841
      }),
  ],
  [
    'refused.entry-method',
    'an unknown compression',
    () =>
      worse((all) => {
        all[1].method = 14
      }),
  ],
  [
    'refused.path-encoding',
    'a name that is no UTF-8',
    () =>
      worse((all) => {
        all.push({ name: Uint8Array.of(0x75, 0xff) })
      }),
  ],
  [
    'refused.path-parent',
    'a name that leads out',
    () =>
      worse((all) => {
        all.push({ name: '../../.bashrc' })
      }),
  ],
  [
    'refused.path-absolute',
    'a name from the root',
    () =>
      worse((all) => {
        all.push({ name: '/etc/passwd' })
      }),
  ],
  [
    'refused.path-backslash',
    'a name with backslashes',
    () =>
      worse((all) => {
        all.push({ name: '..\\..\\x' })
      }),
  ],
  [
    'refused.path-nul',
    'a name with a NUL',
    () =>
      worse((all) => {
        all.push({ name: 'x\0.svg' })
      }),
  ],
  [
    'refused.path-alike',
    'a name in capitals',
    () =>
      worse((all) => {
        all.push({ name: 'ICON.SVG' })
      }),
  ],
  [
    'refused.entry-unlisted',
    'a file that the manifest does not know',
    () =>
      worse((all) => {
        all.push({ name: 'more.js', content: fromUtf8('x') })
      }),
  ],
  ['missing.package-file', 'a file left out', () => ({ entries: parts().slice(0, 2) })],
  [
    'damaged.package-size',
    'a content that is longer',
    () =>
      worse((all) => {
        all[1].content = fromUtf8('<svg/> ')
      }),
  ],
  [
    'damaged.package-checksum',
    'another content of the same length',
    () =>
      worse((all) => {
        all[1].content = fromUtf8('<SVG/>')
      }),
  ],
  [
    'damaged.package-data',
    'the right content under a wrong checksum of ZIP',
    () =>
      worse((all) => {
        all[1].crc = 7
      }),
  ],
  [
    'damaged.package-checksum',
    'a deflated content with a flipped bit',
    () =>
      worse((all) => {
        all[2].packed = flipped(all[2].packed)
      }),
  ],
  [
    'limit.package-ratio',
    'a bomb that says how large it is',
    () =>
      worse((all) => {
        all.push({ name: 'ui/zeros', ...bomb })
      }),
  ],
  [
    'limit.package-file',
    'a bomb that says that it is larger than a file may be',
    () =>
      worse((all) => {
        all.push({ name: 'ui/zeros', ...bomb, bytes: 0xfffffff0 })
      }),
  ],
  [
    'limit.package-file',
    'sizes in ZIP64',
    () =>
      worse((all) => {
        all.push({
          name: 'ui/huge',
          content: fromUtf8('x'),
          bytes: 0xffffffff,
          packedBytes: 0xffffffff,
          extra: zip64(2n ** 40n, 1n),
        })
      }),
  ],
  [
    'refused.package-form',
    'a small size that is said in ZIP64',
    () =>
      worse((all) => {
        Object.assign(all[1], { bytes: 0xffffffff, extra: zip64(6n) })
      }),
  ],
  [
    'limit.package-file',
    'a size that no number holds',
    () =>
      worse((all) => {
        all.push({
          name: 'ui/huge',
          bytes: 0xffffffff,
          packedBytes: 0xffffffff,
          extra: zip64(2n ** 63n, 2n ** 63n),
        })
      }),
  ],
  ['damaged.package', 'a list that is longer than the file', () => ({ end: { count: 60_000 } })],
  [
    'refused.package-form',
    'a list that says that it is shorter',
    () => ({ entries: [...parts()], end: { directoryBytes: 10 } }),
  ],
  ['damaged.package', 'a list that lies elsewhere', () => ({ end: { directoryOffset: 3 } })],
  ['damaged.package', 'a list behind the end of the file', () => ({ end: { directoryOffset: 0xfffffff0 } })],
]

for (const [code, what, make] of cases) {
  test(`[WX-APP-2] ${code}: ${what} is refused`, async () => {
    const made = make()
    const bytes = made instanceof Uint8Array ? made : craft(made.entries ?? parts(), made.end)
    assert.equal(await codeOf(bytes), code)
  })
}

test('refused.package-form: two names for one content are refused, though each reads well by itself', async () => {
  const files = [...source, { path: 'ui/copy.html', bytes: (source[1] as SourceFile).bytes }]
  const packed = packFiles(files, draft, { deflate })
  const all = packed.entries.map(({ path, content, deflated }) => ({
    name: path,
    content,
    ...(deflated === undefined ? {} : { packed: deflated, method: 8 }),
  }))
  assert.equal(await codeOf(craft(all)), 'ok')
  const offset = all
    .slice(0, 2)
    .reduce((sum, { name, content }) => sum + 30 + name.length + content.length, 0)
  const overlapping = all.map((one, i) => (i === 3 ? { ...one, offset, isListedOnly: true } : one))
  assert.equal(await codeOf(craft(overlapping)), 'refused.package-form')
})

test('a bomb that says that it is small ends where it should have ended', async () => {
  const small = { name: 'ui/zeros', content: new Uint8Array(1000), packed: bomb.packed, method: 8 }
  const archive = openZipBytes(craft([{ name: 'manifest.json', content: fromUtf8('{}') }, small]))
  try {
    for await (const entry of archive.entries()) {
      if (entry.path !== 'ui/zeros') continue
      let count = 0
      await assert.rejects(
        async () => {
          for await (const piece of entry.read()) count += piece.length
        },
        { code: 'damaged.package-data' },
      )
      assert.ok(count <= 1000, `${count} bytes came out`)
    }
  } finally {
    await archive.close()
  }
})

test('[WX-APP-2] any changed byte of a signed package is refused: every one of headers, list and files, and of the manifest a sample', async () => {
  const signed = signedBytes()
  const end = signed.manifestAt + signed.manifestBytes
  const random = createSeededRandom(5)
  const sample = Array.from(
    { length: 150 },
    () =>
      signed.manifestAt +
      (((random.bytes(1)[0] as number) * 256 + (random.bytes(1)[0] as number)) % signed.manifestBytes),
  )
  const outside = Array.from({ length: signed.bytes.length }, (_, at) => at).filter(
    (at) => at < signed.manifestAt || at >= end,
  )
  assert.equal(await signedCode(signed.bytes), 'ok')
  for (const at of [...outside, ...sample]) {
    const bytes = signed.bytes.slice()
    bytes[at] = (bytes[at] as number) ^ (1 << (at % 8))
    assert.notEqual(await signedCode(bytes), 'ok', `byte ${at}`)
  }
})

test('[WX-APP-2] a byte more, a byte less, or two exchanged are refused', async () => {
  const { bytes } = signedBytes()
  for (let at = 0; at <= bytes.length; at += 97) {
    const more = new Uint8Array([...bytes.subarray(0, at), 0, ...bytes.subarray(at)])
    assert.notEqual(await signedCode(more), 'ok', `a byte at ${at}`)
    const less = new Uint8Array([...bytes.subarray(0, at), ...bytes.subarray(at + 1)])
    if (at < bytes.length) assert.notEqual(await signedCode(less), 'ok', `without byte ${at}`)
  }
})

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anarq-hostile-'))
})
after(() => rm(folder, { recursive: true, force: true }))

test('a package in a file reads as one in memory, and what is no file is refused', async () => {
  const path = join(folder, 'notes.wxa')
  await writeFile(path, writeZip(entries))
  const archive = await openZipFile(path)
  const read = await readPackage(archive, { nowMs, allowsUnsigned: true })
  assert.deepEqual(read.manifest, manifest)
  assert.deepEqual(await read.read('icon.svg'), fromUtf8('<svg/>'))
  await archive.close()
  await assert.rejects(openZipFile(folder), { code: 'invalid.path' })
  await assert.rejects(openZipFile(join(folder, 'nothing.wxa')), { code: 'missing.file' })
})

test('a package that is changed on the disk after it was verified is not given out', async () => {
  const path = join(folder, 'changing.wxa')
  const bytes = writeZip(entries)
  await writeFile(path, bytes)
  const archive = await openZipFile(path)
  try {
    const read = await readPackage(archive, { nowMs, allowsUnsigned: true })
    const at = Buffer.from(bytes).indexOf('<svg/>')
    await writeFile(path, flipped(bytes, at))
    await assert.rejects(read.read('icon.svg'), { code: 'damaged.package-data' })
  } finally {
    await archive.close()
  }
})

test('[WX-DEV-10] deflate gives bytes that zlib reads, and the same ones each time', async () => {
  for (const bytes of [
    new Uint8Array(0),
    fromUtf8('x'),
    fromUtf8('again '.repeat(9000)),
    createSeededRandom(3).bytes(70_000),
  ]) {
    const packed = deflate(bytes)
    assert.deepEqual(deflate(bytes.slice()), packed)
    const archive = openZipBytes(writeZip([{ path: 'x', content: bytes, deflated: packed }]))
    for await (const entry of archive.entries()) {
      let at = 0
      for await (const piece of entry.read()) {
        assert.ok(Buffer.from(piece).equals(bytes.subarray(at, at + piece.length)))
        at += piece.length
      }
      assert.equal(at, bytes.length)
    }
  }
})

function flipped(bytes: Uint8Array = new Uint8Array(0), at = bytes.length >> 1): Uint8Array {
  const changed = bytes.slice()
  changed[at] = (changed[at] as number) ^ 1
  return changed
}

async function signedCode(bytes: Uint8Array): Promise<string> {
  try {
    await readPackage(openZipBytes(bytes), { nowMs })
    return 'ok'
  } catch (error) {
    if (error instanceof Fault) return error.code
    throw error
  }
}

function signedBytes(): { bytes: Uint8Array; manifestAt: number; manifestBytes: number } {
  const random = createSeededRandom(2)
  const clock = createManualClock(nowMs)
  const device = createDevice('laptop', random)
  const keyring = createKeyring({ entropy: random.bytes(32), device, clock, random })
  const { did } = keyring.create({ kind: 'sub', name: 'work' })
  using identity = keyring.open(did)
  const signed = signManifest(manifest, {
    identity: identity.public(),
    name: 'Work',
    nowMs,
    sign: (message, context) => identity.signer.sign(message, context),
  })
  const all = withManifest(entries, signed)
  return {
    bytes: writeZip(all),
    manifestAt: 30 + 'manifest.json'.length,
    manifestBytes: (all[0] as { content: Uint8Array }).content.length,
  }
}
