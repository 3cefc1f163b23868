import assert from 'node:assert/strict'
import { mkdir, open, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { equalBytes } from '@anarq/bytes'
import type { Finding, Operations } from '@anarq/kernel'
import { createSeededRandom } from '@anarq/random/testing'
import { type DiskHome, readAll, withDiskHome } from './disk-home.ts'
import { bytesOf, fileItem, itemsOf, noise, someDay } from './world.ts'

/** Bytes flipped in all; each time the home is opened, checked and put back as it was. */
const flips = Number(process.env.ANARQ_FLIPS ?? 500)
/** Opening and reading everything is slow, so several bytes are flipped each time, in places that do not make up for each other. */
const dataFlipsAtOnce = 8
const restFlipsAtOnce = 3
/** Now and then one byte alone. */
const singlesEach = 5

type Flip = { readonly path: string; readonly at: number; readonly bit: number }

/** All versions, the first one first. */
type Contents = ReadonlyMap<string, readonly Uint8Array[]>

const random = createSeededRandom(20)
const below = (max: number): number => new DataView(random.bytes(4).buffer).getUint32(0) % max
const oneOf = <T>(all: readonly T[]): T => all[below(all.length)] as T

function makeContents(): Contents {
  const contents = new Map<string, Uint8Array[]>()
  let seed = 1
  const add = (path: string, ...sizes: number[]): void => {
    contents.set(
      path,
      sizes.map((size) => noise(size, seed++)),
    )
  }
  for (let i = 0; i < 30; i += 1) add(`/small/${i}.bin`, 40_000 + i)
  for (let i = 0; i < 5; i += 1) add(`/middle/${i}.bin`, 300_000 + i)
  for (let i = 0; i < 3; i += 1) add(`/versions/${i}.bin`, 90_000 + i, 95_000 + i)
  add('/large/1.bin', 3 * 1024 * 1024)
  add('/large/2.bin', 3_500_001)
  add('/empty', 0)
  return contents
}

async function putAll({ drive }: Operations, contents: Contents): Promise<void> {
  for (const version of [0, 1]) {
    const items = [...contents].flatMap(([path, versions]) => {
      const bytes = versions[version]
      return bytes === undefined ? [] : [fileItem(path.slice(1), bytes, { modifiedMs: someDay + version })]
    })
    const { skipped } = await drive.put(itemsOf(...items), { tags: ['kept'] })
    assert.deepEqual(skipped, [])
  }
}

test(`whichever of ${flips} bytes is flipped in whichever file of a home, what it belonged to is named and everything else reads`, async (t) => {
  const startedMs = performance.now()
  const contents = makeContents()
  const counts = { opened: 0, inData: 0, inRest: 0, named: 0, told: 0 }
  await withDiskHome(async (home) => {
    const node = await home.open()
    await putAll(node.operations, contents)
    await node.close()
    const pristine = await readAll(home.path)
    const data = [...pristine.keys()].filter((path) => /data-.*\.pack$/.test(path))
    assert.ok(data.length > 0)
    for (let left = flips; left > 0; ) {
      const isData = counts.inData <= counts.inRest
      const chosen = (isData ? chooseData(pristine, data) : chooseRest(pristine)).slice(0, left)
      left -= chosen.length
      counts[isData ? 'inData' : 'inRest'] += chosen.length
      counts.opened += 1
      for (const flip of chosen) await flipOne(home, flip)
      const what = chosen.map(({ path, at, bit }) => `${path} byte ${at} bit ${bit}`).join(', ')
      try {
        const { named, told } = await check(home, contents, isData ? chosen.length : 0, chosen)
        counts.named += named
        counts.told += told
      } catch (error) {
        throw new Error(`flipped: ${what}`, { cause: error })
      }
      await putBack(home, pristine)
    }
  })
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  assert.ok(counts.named * 2 > counts.inData, 'most bytes of the data belong to a file')
  t.diagnostic(
    `${flips} flips (${counts.inData} in data, ${counts.inRest} elsewhere), ${counts.opened} openings in ${seconds} s; ${counts.named} files named, ${counts.told} repairs or warnings told`,
  )
})

function chooseData(pristine: ReadonlyMap<string, Buffer>, data: readonly string[]): Flip[] {
  const count = below(singlesEach) === 0 ? 1 : dataFlipsAtOnce
  return Array.from({ length: count }, () => flipIn(pristine, oneOf(data)))
}

/** One file at most of each pair of copies, and of each part that is made anew. */
const groups: readonly RegExp[] = [
  /^vault\.[ab]$/,
  /^blocks[/\\]meta-[ab]-.*\.pack$/,
  /^audit[/\\]/,
  /\.db$/,
  /^cache[/\\]/,
]

function chooseRest(pristine: ReadonlyMap<string, Buffer>): Flip[] {
  const isSingle = below(singlesEach) === 0
  const chosen = isSingle ? [oneOf(groups)] : groups.filter(() => below(5) > 0)
  return chosen.flatMap((group) => {
    const paths = [...pristine.keys()].filter((path) => group.test(path) && pristine.get(path)?.length !== 0)
    if (paths.length === 0) return []
    const path = oneOf(paths)
    const count = isSingle ? 1 : 1 + below(restFlipsAtOnce)
    return Array.from({ length: count }, () => flipIn(pristine, path))
  })
}

function flipIn(pristine: ReadonlyMap<string, Buffer>, path: string): Flip {
  return { path, at: below(pristine.get(path)?.length ?? 1), bit: below(8) }
}

async function flipOne({ path: home }: DiskHome, { path, at, bit }: Flip): Promise<void> {
  await using file = await open(join(home, path), 'r+')
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, at)
  await file.write(Buffer.of((buffer[0] as number) ^ (1 << bit)), 0, 1, at)
}

async function putBack({ path: home }: DiskHome, pristine: ReadonlyMap<string, Buffer>): Promise<void> {
  for (const [path, bytes] of await readAll(home)) {
    if (pristine.get(path)?.equals(bytes) !== true) await rm(join(home, path))
  }
  for (const [path, bytes] of pristine) {
    await mkdir(dirname(join(home, path)), { recursive: true })
    await writeFile(join(home, path), bytes)
  }
}

/** Every file that does not read is named, every one that is named does not read, and the others are as they were. */
async function check(
  home: DiskHome,
  contents: Contents,
  namedMax: number,
  chosen: readonly Flip[],
): Promise<{ named: number; told: number }> {
  await using node = await home.open()
  const { operations } = node
  const paths: string[] = []
  for await (const { kind, path } of operations.drive.walk('/')) if (kind === 'file') paths.push(path)
  assert.deepEqual(paths.sort(), [...contents.keys()].sort(), 'every name is there, and no other')
  const unreadable = await readEverything(operations, contents)
  const { findings } = await operations.health.verify()
  const errors = findings.filter(({ severity }) => severity === 'error')
  const named = [...new Set(errors.flatMap(({ path }) => (path === undefined ? [] : [path])))].sort()
  assert.deepEqual(unreadable, named, sentences(findings))
  assert.ok(named.length <= namedMax, `${named.join(', ')} for ${namedMax} flips`)
  const isAuditHit = chosen.some(({ path }) => path.startsWith('audit'))
  const others = errors.filter(({ path }) => path === undefined)
  assert.ok(isAuditHit || others.length === 0, sentences(others))
  const isEntryHit = chosen.some(({ path }) => path.endsWith('entries.log'))
  const told = others.length + home.faults.length
  assert.ok(!isEntryHit || told > 0, 'a flip in the audit log is told')
  assert.equal((await operations.drive.find({ tag: 'kept', limit: 1000 })).length, contents.size)
  return { named: named.length, told }
}

function sentences(findings: readonly Finding[]): string {
  return findings.map(({ path, what }) => `${path ?? ''} ${what}`).join('\n')
}

async function readEverything({ drive }: Operations, contents: Contents): Promise<string[]> {
  const unreadable = new Set<string>()
  const read = async (
    path: string,
    version: number,
    stream: () => Promise<AsyncIterable<Uint8Array>>,
  ): Promise<void> => {
    const wanted = contents.get(path)?.at(version) as Uint8Array
    try {
      assert.ok(equalBytes(await bytesOf(await stream()), wanted), `${path} reads as something else`)
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error
      assert.match((error as { code?: string }).code ?? String(error), /^damaged\./)
      assert.ok((error as Error).message.includes(path.split('/').at(-1) as string), (error as Error).message)
      unreadable.add(path)
    }
  }
  for await (const item of drive.readTree('/')) {
    if ('content' in item) await read(item.entry.path, -1, async () => item.content.stream)
  }
  for (const [path, versions] of contents) {
    if (versions.length > 1) await read(path, 0, async () => (await drive.get(path, { version: 1 })).stream)
  }
  return [...unreadable].sort()
}
