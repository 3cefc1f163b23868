import assert from 'node:assert/strict'
import { randomFillSync } from 'node:crypto'
import {
  closeSync,
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  symlinkSync,
} from 'node:fs'
import { chmod, mkdir, open, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import type { EntryFacts, PutReport } from '@anarq/kernel'
import { openShell, type Shell } from './shell.ts'

const filesMin = Number(process.env.ANARQ_TREE_FILES ?? 20_000)
const mebibyte = 1024 * 1024
const bytesMin = Number(process.env.ANARQ_TREE_MIB ?? 2048) * mebibyte
/** Installed packages are a real tree of many small files; as often as makes enough of them, under other names. */
const packages = join(import.meta.dirname, '../../../node_modules')

const oddNames: readonly string[] = [
  ' ',
  ' spaces around ',
  '-rf',
  '--help',
  '...',
  'a\nb',
  'tab\there',
  'back\\slash',
  'quote"\'`$(x)',
  '%2e%2e%2f',
  '👩‍🚀 to the 🌙.txt',
  'שלום.txt',
  'photo\u202egnp.exe',
  'CON',
  '0123456789abcdef0123456789abcdef',
  '__proto__',
  'a'.repeat(255),
  `${'é'.repeat(127)}x`,
]

type Found = {
  readonly kind: 'folder' | 'file' | 'link'
  readonly bytes: number
  readonly mode: number
  readonly mtimeMs: number
  readonly target?: string
  /** Two names of one file have the same. */
  readonly inode: number
}

let shell: Shell
before(async () => {
  shell = await openShell()
  await shell.begin('alice')
})
after(() => shell.close())

async function makeTree(root: string): Promise<void> {
  await mkdir(join(root, 'odd/empty files'), { recursive: true })
  const made = { files: 0, bytes: 0 }
  for (let copy = 1; made.files < filesMin; copy += 1)
    linkTree(packages, join(root, `packages ${copy}`), made)
  for (const [i, name] of oddNames.entries()) {
    await writeFile(join(root, 'odd', name), `odd ${i}`)
    const time = new Date(Date.UTC(1999 + i, 1, 3, 4, 5, 6, 7 * i))
    await utimes(join(root, 'odd', name), time, time)
  }
  for (const mode of [0o400, 0o600, 0o640, 0o666, 0o755, 0o777]) {
    const path = join(root, 'odd', `mode ${mode.toString(8)}`)
    await writeFile(path, 'x')
    await chmod(path, mode)
  }
  for (let i = 0; i < 50; i += 1) await writeFile(join(root, 'odd/empty files', `empty ${i}`), '')
  await symlink('../odd/CON', join(root, 'odd/to a file'))
  await symlink('..', join(root, 'odd/to above'))
  await symlink('nowhere', join(root, 'odd/to nothing'))
  await mkdir(join(root, 'odd/empty folder'))
  await mkdir(join(root, 'odd/shut folder/inner'), { recursive: true })
  await writeFile(join(root, 'odd/shut folder/inner/kept'), 'x')
  await chmod(join(root, 'odd/shut folder'), 0o550)
  await utimes(join(root, 'odd/shut folder'), 1, 1)
  let deep = join(root, 'deep')
  for (let i = 0; i < 60; i += 1) deep = join(deep, `level ${i}`)
  await mkdir(deep, { recursive: true })
  await writeFile(join(deep, 'at the bottom'), 'found')
  await mkdir(join(root, 'large'))
  const large = Math.max(200 * mebibyte, bytesMin - made.bytes)
  await writeLarge(join(root, 'large/noise.bin'), large / 6, 1)
  await writeLarge(join(root, 'large/half.bin'), large / 3, 2)
  await writeLarge(join(root, 'large/sparse.img'), large / 2, 50)
}

/** By reference where the file system allows it; caches that others write meanwhile are left out. */
function linkTree(from: string, to: string, made: { files: number; bytes: number }): void {
  mkdirSync(to, { recursive: true })
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (made.files >= filesMin) return
    if (entry.name.startsWith('.cache')) continue
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isDirectory()) linkTree(source, target, made)
    else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target)
    else if (entry.isFile()) {
      linkFile(source, target)
      made.files += 1
      made.bytes += lstatSync(target).size
    }
  }
}

function linkFile(from: string, to: string): void {
  try {
    linkSync(from, to)
  } catch {
    copyFileSync(from, to)
  }
}

/** Every `every`-th piece is noise, the others are holes. */
async function writeLarge(path: string, bytes: number, every: number): Promise<void> {
  await using file = await open(path, 'wx')
  const size = Math.floor(bytes) + 12_345
  await file.truncate(size)
  const piece = Buffer.alloc(8 * mebibyte)
  for (let at = 0, i = 0; at < size; at += piece.length, i += 1) {
    if (i % every !== 0) continue
    randomFillSync(piece)
    await file.write(piece, 0, Math.min(piece.length, size - at), at)
  }
}

function scan(root: string, below = '', found: Map<string, Found> = new Map()): Map<string, Found> {
  for (const name of readdirSync(join(root, below))) {
    const path = below === '' ? name : `${below}/${name}`
    const whole = join(root, path)
    const stats = lstatSync(whole)
    const kind = stats.isDirectory() ? 'folder' : stats.isSymbolicLink() ? 'link' : 'file'
    found.set(path, {
      kind,
      bytes: kind === 'file' ? stats.size : 0,
      mode: kind === 'link' ? 0 : stats.mode & 0o777,
      mtimeMs: kind === 'link' ? 0 : Math.round(stats.mtimeMs),
      inode: stats.ino,
      ...(kind === 'link' ? { target: readlinkSync(whole) } : {}),
    })
    if (kind === 'folder') scan(root, path, found)
  }
  return found
}

/** Compares what came out with what went in; what has several names on the way in is read once. */
function unlikeFiles(tree: string, out: string, before: ReadonlyMap<string, Found>): string[] {
  const paths = new Map<number, string[]>()
  for (const [path, { kind, inode }] of before) {
    if (kind === 'file') paths.set(inode, [...(paths.get(inode) ?? []), path])
  }
  return [...paths.values()].flatMap((same) => unlike(join(tree, same[0] as string), out, same))
}

function unlike(file: string, out: string, paths: readonly string[]): readonly string[] {
  const { size } = lstatSync(file)
  if (size > wholeBytesMax) return paths.filter((path) => !isSameLarge(file, join(out, path)))
  const wanted = readFileSync(file)
  return paths.filter((path) => !readFileSync(join(out, path)).equals(wanted))
}

const wholeBytesMax = 8 * mebibyte

function isSameLarge(a: string, b: string): boolean {
  const [left, right] = [openSync(a, 'r'), openSync(b, 'r')]
  const buffers = [Buffer.allocUnsafe(mebibyte), Buffer.allocUnsafe(mebibyte)] as const
  try {
    while (true) {
      const read = readSync(left, buffers[0])
      if (readSync(right, buffers[1]) !== read) return false
      if (read === 0) return true
      if (!buffers[0].subarray(0, read).equals(buffers[1].subarray(0, read))) return false
    }
  } finally {
    closeSync(left)
    closeSync(right)
  }
}

/** Texts that stand in the tree, to be looked for where nothing may be read. */
const needles: readonly string[] = [
  'spaces around',
  '👩‍🚀 to the',
  'level 59',
  'at the bottom',
  'sparse.img',
  'package.json',
  'MIT License',
  'module.exports',
  'sourceMappingURL',
  'a-tag-of-this-tree',
]

/**
 * The first of some texts that stands in some bytes. A text of `n` bytes covers two neighbours at one of each `n - 1` places,
 * so those places are looked at, and the texts searched for where a pair of theirs is met.
 */
function createSearch(texts: readonly string[]): (sealed: Buffer) => string | undefined {
  const needles = texts.map((text) => ({ text, bytes: Buffer.from(text) }))
  const step = Math.min(...needles.map(({ bytes }) => bytes.length)) - 1
  const longest = Math.max(...needles.map(({ bytes }) => bytes.length))
  const isPair = new Uint8Array(65_536)
  for (const { bytes } of needles)
    for (let at = 0; at + 1 < bytes.length; at += 1) isPair[pairAt(bytes, at)] = 1
  return (sealed) => {
    for (let at = 0; at + 1 < sealed.length; at += step) {
      if (isPair[pairAt(sealed, at)] === 0) continue
      const near = sealed.subarray(Math.max(0, at - longest), at + longest)
      const found = needles.find(({ bytes }) => near.includes(bytes))
      if (found !== undefined) return found.text
    }
    return undefined
  }
}

function pairAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
}

test('the search for clear text finds it wherever it stands', () => {
  const search = createSearch(needles)
  const noise = randomFillSync(Buffer.alloc(2000))
  assert.equal(search(noise), undefined)
  for (const text of needles) {
    const { length } = Buffer.from(text)
    for (const at of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1000, noise.length - length]) {
      const clear = Buffer.from(noise)
      clear.write(text, at)
      assert.equal(search(clear), text)
    }
  }
})

test('AQ-QDRIVE-1, AQ-FOUT-8, AQ-ENC-3: a real tree goes in and comes out the same, and nothing of it can be read in the home', async (t) => {
  const seconds = async <T>(what: string, act: () => Promise<T>): Promise<T> => {
    const startedMs = performance.now()
    const result = await act()
    t.diagnostic(`${what}: ${((performance.now() - startedMs) / 1000).toFixed(1)} s`)
    return result
  }
  const tree = shell.path('tree')
  await seconds('made', () => makeTree(tree))
  const before = scan(tree)
  const files = [...before.values()].filter(({ kind }) => kind !== 'folder')
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  t.diagnostic(`${files.length} files, ${(bytes / 1024 / mebibyte).toFixed(2)} GiB`)
  assert.ok(files.length >= filesMin && bytes >= bytesMin)

  const report = await seconds('put', () =>
    shell.json<PutReport>(['put', 'tree', '--tag', 'a-tag-of-this-tree']),
  )
  assert.deepEqual(report.skipped, [])
  assert.equal(report.files, files.length)
  t.diagnostic(
    `stored: ${(report.newBytes / 1024 / mebibyte).toFixed(2)} GiB in ${report.newBlocks} new blocks`,
  )
  await seconds('up', () => shell.up())
  const again = await seconds('put again', () => shell.json<PutReport>(['put', 'tree']))
  assert.deepEqual([again.files, again.unchanged, again.newBlocks], [0, files.length, 0])
  for (const folder of ['tree', 'tree/odd', 'tree/odd/empty folder']) {
    const listed = await shell.json<EntryFacts[]>(['ls', `/${folder}`])
    assert.deepEqual(listed.map(({ name }) => name).sort(), readdirSync(shell.path(folder)).sort())
  }
  await shell.down()

  await seconds('get', () => shell.json(['get', '/tree', '-o', 'out']))
  const out = shell.path('out')
  await seconds('compared', async () => {
    const got = scan(out)
    assert.deepEqual([...got.keys()].sort(), [...before.keys()].sort())
    const unlike: string[] = []
    for (const [path, { inode: _, ...facts }] of before) {
      const { inode, ...gotFacts } = got.get(path) ?? { inode: 0 }
      if (!isDeepStrictEqual(gotFacts, facts))
        unlike.push(`${path}: ${JSON.stringify(gotFacts)}, not ${JSON.stringify(facts)}`)
    }
    assert.deepEqual(unlike, [])
    assert.deepEqual(unlikeFiles(tree, out, before), [], 'other bytes')
  })
  await seconds('looked for clear text', async () => {
    const search = createSearch(needles)
    for (const [path, { kind }] of scan(shell.home)) {
      if (kind !== 'file') continue
      assert.equal(search(readFileSync(join(shell.home, path))), undefined, `can be read in ${path}`)
    }
  })
})
