import assert from 'node:assert/strict'
import { randomFillSync } from 'node:crypto'
import { closeSync, lstatSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from 'node:fs'
import { chmod, copyFile, link, mkdir, open, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import type { EntryFacts, PutReport, VerifyReport } from '@anarq/kernel'
import { openShell, type Shell } from './shell.ts'

/** Installed packages are a real tree of many small files; so many times, under other names. */
const copies = Number(process.env.ANARQ_TREE_COPIES ?? 4)
const largeMebibytes = Number(process.env.ANARQ_TREE_LARGE_MIB ?? 1100)
const mebibyte = 1024 * 1024
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
}

let shell: Shell
before(async () => {
  shell = await openShell()
  await shell.json(['init'])
})
after(() => shell.close())

async function makeTree(root: string): Promise<void> {
  await mkdir(join(root, 'odd/empty files'), { recursive: true })
  for (let copy = 1; copy <= copies; copy += 1) await linkTree(packages, join(root, `packages ${copy}`))
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
  let deep = join(root, 'deep')
  for (let i = 0; i < 60; i += 1) deep = join(deep, `level ${i}`)
  await mkdir(deep, { recursive: true })
  await writeFile(join(deep, 'at the bottom'), 'found')
  await mkdir(join(root, 'large'))
  await writeLarge(join(root, 'large/noise.bin'), (largeMebibytes / 3) * mebibyte, 1)
  await writeLarge(join(root, 'large/half.bin'), (largeMebibytes / 3) * mebibyte, 2)
  await writeLarge(join(root, 'large/sparse.img'), (largeMebibytes / 3) * mebibyte, 50)
}

/** By reference where the file system allows it; caches that others write meanwhile are left out. */
async function linkTree(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true })
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (entry.name.startsWith('.cache')) continue
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isDirectory()) await linkTree(source, target)
    else if (entry.isSymbolicLink()) await symlink(readlinkSync(source), target)
    else if (entry.isFile()) await link(source, target).catch(() => copyFile(source, target))
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
      mode: kind === 'file' ? stats.mode & 0o777 : 0,
      mtimeMs: kind === 'file' ? Math.round(stats.mtimeMs) : 0,
      ...(kind === 'link' ? { target: readlinkSync(whole) } : {}),
    })
    if (kind === 'folder') scan(root, path, found)
  }
  return found
}

function isSameFile(a: string, b: string): boolean {
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
function needles(): string[] {
  return [
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
}

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

  const report = await seconds('put', () =>
    shell.json<PutReport>(['put', 'tree', '--tag', 'a-tag-of-this-tree']),
  )
  assert.deepEqual(report.skipped, [])
  assert.equal(report.files, files.length)
  t.diagnostic(
    `stored: ${(report.newBytes / 1024 / mebibyte).toFixed(2)} GiB in ${report.newBlocks} new blocks`,
  )
  const again = await seconds('put again', () => shell.json<PutReport>(['put', 'tree']))
  assert.deepEqual([again.files, again.unchanged, again.newBlocks], [0, files.length, 0])

  const root = await seconds('ls', () => shell.json<EntryFacts[]>(['ls', '/tree']))
  assert.deepEqual(root.map(({ name }) => name).sort(), readdirSync(tree).sort())
  const odd = await shell.json<EntryFacts[]>(['ls', '/tree/odd'])
  assert.deepEqual(odd.map(({ name }) => name).sort(), readdirSync(join(tree, 'odd')).sort())

  await seconds('get', () => shell.json(['get', '/tree', '-o', 'out']))
  const out = shell.path('out')
  await seconds('compared', async () => {
    const got = scan(out)
    assert.deepEqual([...got.keys()].sort(), [...before.keys()].sort())
    const unlike: string[] = []
    for (const [path, facts] of before) {
      if (!isDeepStrictEqual(got.get(path), facts)) {
        unlike.push(`${path}: ${JSON.stringify(got.get(path))}, not ${JSON.stringify(facts)}`)
      }
      if (facts.kind === 'file' && !isSameFile(join(tree, path), join(out, path)))
        unlike.push(`${path}: bytes`)
    }
    assert.deepEqual(unlike, [])
  })
  await rm(out, { recursive: true })
  const { findings } = await seconds('verify', () => shell.json<VerifyReport>(['verify']))
  assert.deepEqual(findings, [])
  await seconds('looked for clear text', async () => {
    const texts = needles().map((text) => Buffer.from(text))
    for (const [path, { kind }] of scan(shell.home)) {
      if (kind !== 'file') continue
      const sealed = readFileSync(join(shell.home, path))
      for (const text of texts) assert.ok(!sealed.includes(text), `${text.toString()} can be read in ${path}`)
    }
  })
})
