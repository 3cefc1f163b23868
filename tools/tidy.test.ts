/** House rules that no linter checks. A failure says what to do. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { join, relative } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** What each floor may import. Arrows point down (docs/ARCHITECTURE.md). */
const floors: Readonly<Record<string, readonly string[]>> = {
  base: ['base'],
  core: ['base', 'core'],
  os: ['base', 'core', 'os'],
  adapters: ['base', 'core', 'os', 'adapters'],
  modules: ['base', 'core', 'os'],
  apps: ['base', 'core', 'adapters', 'os', 'modules', 'apps'],
}

const mpl = [
  'qlock',
  'qindex',
  'qerberos',
  'qompress',
  'qmask',
  'qnt',
  'qnet',
  'flows',
  'kernel',
  'runtime',
  'apps',
  'design',
]
const lgpl = ['squid', 'qonsent', 'sdk', 'wxa']

/**
 * What must be there once in a page: two Reacts cannot share a tree. The design system owns it and names its version; the
 * desktop and the screens of modules have it as a peer, in any version that it has.
 */
const sharedOwner = 'os/design'
const shared: Readonly<Record<string, (one: Package) => boolean>> = {
  react: ({ folder, floor }) => folder === 'apps/desktop' || floor === 'modules',
}

/** The largest source files, as they are: this list only shrinks. */
const longFiles: readonly string[] = []
const linesMax = 400

type Package = {
  floor: string
  room: string
  folder: string
  name: string
  json: PackageJson
  sources: string[]
}
type PackageJson = {
  name: string
  license: string
  dependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
  exports: unknown
}

const packages = Object.keys(floors).flatMap((floor) => readFloor(floor))
const byName = new Map(packages.map((one) => [one.name, one]))

test('arrows between floors point down, and adapters know no other adapter', () => {
  for (const one of packages) {
    for (const [file, target] of importsOf(one)) {
      const other = byName.get(packageName(target))
      if (other === undefined || other === one) continue
      const where = `${file} imports ${target}`
      assert.ok(
        floors[one.floor]?.includes(other.floor),
        `${where}: ${one.floor} may not use ${other.floor}. Put a port below it instead.`,
      )
      const isSideways = one.floor === 'adapters' && other.floor === 'adapters'
      assert.ok(!isSideways, `${where}: an adapter knows ports, not other adapters. Wire them in apps/.`)
    }
  }
})

test("a package is entered by its name, never through another package's folder", () => {
  for (const one of packages) {
    for (const [file, target] of importsOf(one)) {
      if (!target.startsWith('.')) continue
      const reached = join(file, '..', target)
      const isOfTests = isTestCode(file) && reached.startsWith('tools/')
      assert.ok(
        reached.startsWith(one.folder) || isOfTests,
        `${file} imports ${target}: import the package by its name.`,
      )
    }
  }
})

test('the pure floors, and the package format, use nothing of Node outside *.node.ts', () => {
  for (const one of packages) {
    if (one.floor !== 'base' && one.floor !== 'core' && one.folder !== 'os/wxa') continue
    for (const [file, target] of importsOf(one)) {
      const isPure = !target.startsWith('node:') || file.endsWith('.node.ts') || isTestCode(file)
      assert.ok(isPure, `${file} imports ${target}: this floor is rules only. Take it as a port.`)
    }
  }
})

test('what is imported is declared, and what is declared is imported', () => {
  for (const one of packages) {
    const declared = new Set(Object.keys({ ...one.json.dependencies, ...one.json.peerDependencies }))
    const used = new Set<string>()
    for (const [file, target] of importsOf(one)) {
      if (target.startsWith('.') || target.startsWith('node:') || target.startsWith('#')) continue
      const name = packageName(target)
      if (name === one.name) continue
      used.add(name)
      assert.ok(
        declared.has(name) || isTestCode(file),
        `${file} imports ${name}: add it to ${one.folder}/package.json.`,
      )
    }
    for (const name of declared)
      assert.ok(
        used.has(name),
        `${one.folder}/package.json lists ${name}, which nothing imports: take it out.`,
      )
  }
})

test('packages form no cycle', () => {
  const state = new Map<string, 'open' | 'done'>()
  const visit = (name: string, path: readonly string[]): void => {
    assert.notEqual(state.get(name), 'open', `a cycle of packages: ${[...path, name].join(' → ')}`)
    if (state.get(name) === 'done') return
    state.set(name, 'open')
    for (const next of Object.keys(byName.get(name)?.json.dependencies ?? {})) {
      if (byName.has(next)) visit(next, [...path, name])
    }
    state.set(name, 'done')
  }
  for (const one of packages) visit(one.name, [])
})

test('each outside library has one owner', () => {
  const owners = new Map<string, string>()
  for (const one of packages) {
    for (const name of Object.keys(one.json.dependencies ?? {})) {
      if (name.startsWith('@anarq/')) continue
      assert.equal(
        owners.get(name),
        undefined,
        `${name} belongs to ${owners.get(name)}; ${one.folder} goes through it.`,
      )
      owners.set(name, one.folder)
    }
  }
})

test('React is in a page once: the design system owns it, and whoever draws has it as a peer in any version', () => {
  for (const one of packages) {
    for (const [name, version] of Object.entries(one.json.peerDependencies ?? {})) {
      const where = `${one.folder}/package.json has ${name} as a peer`
      assert.ok(shared[name]?.(one) === true, `${where}: that is not for it. Go through ${sharedOwner}.`)
      assert.equal(version, '*', `${where}: write "*"; ${sharedOwner} names the version.`)
    }
    for (const name of Object.keys(shared)) {
      const isOwner = one.folder === sharedOwner
      assert.ok(
        isOwner || one.json.dependencies?.[name] === undefined,
        `${one.folder}/package.json depends on ${name}: make it a peer.`,
      )
    }
  }
})

test('each package has a README, a licence by the book, and a face of named re-exports', () => {
  for (const one of packages) {
    for (const file of ['README.md', 'LICENSE'])
      assert.ok(existsSync(join(root, one.folder, file)), `${one.folder} has no ${file}: write it.`)
    assert.ok(
      one.floor === 'apps' || faceOf(one) !== undefined,
      `${one.folder} has no src/index.ts (or ui/index.ts, for a module that is a screen alone): write it.`,
    )
    assert.equal(
      one.json.license,
      licenceOf(one),
      `${one.folder}/package.json: see section "Licences" in docs/ARCHITECTURE.md.`,
    )
    for (const file of one.sources) {
      assert.doesNotMatch(
        readFileSync(join(root, file), 'utf8'),
        /^export \* from/m,
        `${file}: name what you export.`,
      )
    }
  }
})

test('the names that each package exports are the ones in tools/faces.json', async () => {
  const faces: Record<string, string[]> = {}
  for (const one of packages) {
    if (one.floor === 'apps') continue
    faces[one.name] = await namesOf(one)
  }
  const file = join(root, 'tools/faces.json')
  if (process.env.ANARQ_UPDATE_FACES === '1') {
    const { writeFileSync } = await import('node:fs')
    writeFileSync(file, `${JSON.stringify(faces, undefined, 2)}\n`)
  }
  const pinned: unknown = JSON.parse(readFileSync(file, 'utf8'))
  assert.deepEqual(
    faces,
    pinned,
    'A face changed. If that is meant: ANARQ_UPDATE_FACES=1 npm test tidy, and say why in the commit.',
  )
})

test('the command finds each module where Node finds it', async () => {
  type Resolve = (specifier: string, context: object, next: () => { url: string }) => { url: string }
  const file = join(root, 'adapters/threads/src/resolution.mjs')
  const { createResolve }: { createResolve(): Resolve } = await import(pathToFileURL(file).href)
  const resolve = createResolve()
  for (const one of packages) {
    for (const [from, target] of importsOf(one)) {
      if (!target.startsWith('.')) continue
      const url = pathToFileURL(realpathSync(join(root, from, '..', target))).href
      const context = { parentURL: pathToFileURL(join(root, from)).href }
      assert.equal(resolve(target, context, () => ({ url })).url, url, `${from} imports ${target}`)
    }
  }
})

test('no source file grows over the limit unseen', () => {
  for (const one of packages) {
    for (const file of one.sources.filter((source) => !isTestCode(source))) {
      const lines = readFileSync(join(root, file), 'utf8').split('\n').length
      if (longFiles.includes(file))
        assert.ok(lines > linesMax, `${file} is short now: take it off the list in tools/tidy.test.ts.`)
      else assert.ok(lines <= linesMax, `${file} has ${lines} lines: is it one room, or two?`)
    }
  }
})

function faceOf({ folder }: Package): string | undefined {
  return ['src/index.ts', 'ui/index.ts'].find((file) => existsSync(join(root, folder, file)))
}

/** A face with screens behind it cannot be imported here, where no .tsx is understood: its names are read. */
async function namesOf(one: Package): Promise<string[]> {
  const face = join(root, one.folder, faceOf(one) as string)
  if (!one.sources.some((file) => file.endsWith('.tsx'))) {
    const module: object = await import(pathToFileURL(face).href)
    return Object.keys(module).sort()
  }
  const text = readFileSync(face, 'utf8')
  const lists = [...text.matchAll(/^export \{([^}]*)\}/gm)].flatMap(([, list]) => (list as string).split(','))
  const values = lists.map((name) => name.trim()).filter((name) => name !== '' && !name.startsWith('type '))
  const own = [...text.matchAll(/^export (?:const|function) (\w+)/gm)].map(([, name]) => name as string)
  return [...values.map((name) => name.split(' as ').at(-1) as string), ...own].sort()
}

function readFloor(floor: string): Package[] {
  const folder = join(root, floor)
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((room) => existsSync(join(folder, room, 'package.json')))
    .map((room) => {
      const json = JSON.parse(readFileSync(join(folder, room, 'package.json'), 'utf8')) as PackageJson
      return {
        floor,
        room,
        folder: `${floor}/${room}`,
        name: json.name,
        json,
        sources: sourcesOf(`${floor}/${room}`),
      }
    })
}

function sourcesOf(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter(
      (entry) =>
        entry.isFile() &&
        /\.(tsx?|mjs|css)$/.test(entry.name) &&
        !/node_modules|\/dist(\/|$)/.test(entry.parentPath),
    )
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
}

function* importsOf(one: Package): Iterable<[file: string, target: string]> {
  for (const file of one.sources) {
    const text = readFileSync(join(root, file), 'utf8')
    for (const match of text.matchAll(
      /(?:^|\n)(?:import|export)[^'"\n;]*?(?:\n[^'"]*?)?from '([^']+)'|(?:^|\n)import '([^']+)'|import\('([^']+)'\)/g,
    )) {
      yield [file, (match[1] ?? match[2] ?? match[3]) as string]
    }
    if (!file.endsWith('.css')) continue
    for (const match of text.matchAll(/(?:@import|url\()\s*["']((?:@[^/"']+\/)?[^"'./][^"']*)["']/g))
      yield [file, match[1] as string]
  }
}

/** Contracts in `testing.ts` are test code that other packages run; what builds the desktop uses the root's tools, as tests do. */
function isTestCode(file: string): boolean {
  return /\/(test|build)\//.test(file) || /\/(testing(\/[^/]+)?|vite\.config)\.ts$/.test(file)
}

function packageName(target: string): string {
  const parts = target.split('/')
  return target.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] as string)
}

function licenceOf({ floor, room }: Package): string {
  if (room === 'qanto') return 'MIT'
  if (room === 'qmarket') return 'LicenseRef-AnarQ-Proprietary'
  if (lgpl.includes(room)) return 'LGPL-3.0-or-later'
  if (mpl.includes(room) || floor === 'base' || floor === 'adapters' || floor === 'apps') return 'MPL-2.0'
  return 'AGPL-3.0-or-later'
}
