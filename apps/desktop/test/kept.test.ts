import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '@anarq/fault'
import { createKeeper } from '../src/client/kept.ts'
import { putSamples } from '../src/tour/samples.ts'

type Storage = Parameters<typeof createKeeper>[0] & Parameters<typeof putSamples>[0]

/** A node's storage in memory, as the shell sees it. */
function memoryStorage() {
  const files = new Map<string, { bytes: Uint8Array; versions: number; type: string | undefined }>()
  const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/'))
  const entryOf = (path: string) => ({
    id: path,
    kind: 'file' as const,
    name: path,
    path,
    type: '',
    bytes: 0,
    modifiedMs: 0,
    tags: [],
    versions: files.get(path)?.versions ?? 1,
    isTrashed: false,
  })
  const storage: Storage = {
    async read({ path }) {
      const found = files.get(path)
      if (found === undefined) throw new Fault('missing.object', 'There is no such file.')
      return { bytes: found.bytes, type: '', totalBytes: found.bytes.length }
    },
    async write({ path, bytes, type }) {
      files.set(path, { bytes, type, versions: (files.get(path)?.versions ?? 0) + 1 })
      return { entry: entryOf(path), isUnchanged: false }
    },
    async remove({ path }) {
      files.delete(path)
      return entryOf(path)
    },
    async entry({ path }) {
      if ([...files.keys()].some((one) => one === path || folderOf(one) === path)) return entryOf(path)
      throw new Fault('missing.object', 'There is no such file.')
    },
  }
  return { files, storage }
}

const tastes = { theme: 'dark', contrast: 'more', motion: 'reduced', locale: 'es' } as const

test('tastes, windows and the tour come back in another browser', async () => {
  const { storage } = memoryStorage()
  const first = createKeeper(storage)
  const nothing = await first.load(['en'])
  assert.deepEqual(nothing, { preferences: undefined, layout: undefined, isTourDue: false })
  await first.keepPreferences(tastes)
  await first.keepLayout({ v: 1, windows: [] })
  await first.keepTour(true)
  assert.deepEqual(await createKeeper(storage).load(['en']), {
    preferences: tastes,
    layout: { v: 1, windows: [] },
    isTourDue: true,
  })
})

test('what was tampered with is nothing kept, or the usual', async () => {
  const { storage } = memoryStorage()
  const write = (path: string, text: string) => storage.write({ path, bytes: new TextEncoder().encode(text) })
  await write('app:/preferences.json', '{"theme":"<script>","locale":["en"]}')
  await write('app:/layout.json', `"${'x'.repeat(200_000)}"`)
  await write('app:/tour.json', '{"isDue":1}')
  const usual = { theme: 'system', contrast: 'system', motion: 'system', locale: 'es' }
  assert.deepEqual(await createKeeper(storage).load(['es-AR']), {
    preferences: usual,
    layout: undefined,
    isTourDue: false,
  })
})

test('the same is not written twice, and old versions do not pile up', async () => {
  const { files, storage } = memoryStorage()
  const keeper = createKeeper(storage)
  await keeper.keepPreferences(tastes)
  await keeper.keepPreferences({ ...tastes })
  assert.equal(files.get('app:/preferences.json')?.versions, 1)
  for (let turn = 0; turn < 250; turn += 1) {
    await keeper.keepLayout({ turn })
    assert.ok((files.get('app:/layout.json')?.versions ?? 0) <= 100)
  }
  assert.deepEqual((await createKeeper(storage).load(['en'])).layout, { turn: 249 })
})

test('a store that is away costs a taste, and what could not be kept is tried again', async () => {
  const { files, storage } = memoryStorage()
  let isAway = true
  const keeper = createKeeper({
    ...storage,
    async write(input) {
      if (isAway) throw new Fault('unavailable.node', 'The node does not answer.')
      return storage.write(input)
    },
  })
  await keeper.keepPreferences(tastes)
  isAway = false
  await keeper.keepPreferences(tastes)
  assert.equal(files.size, 1)
})

test('examples are three real files in one folder of their own, in both languages, beside whatever is there', async () => {
  const { files, storage } = memoryStorage()
  const picture = async (): Promise<Uint8Array> => Uint8Array.of(0x89, 0x50, 0x4e, 0x47)
  assert.equal(await putSamples(storage, 'en', picture), '/Examples')
  assert.equal(await putSamples(storage, 'en', picture), '/Examples 2')
  assert.equal(await putSamples(storage, 'es', picture), '/Ejemplos')
  assert.equal(files.size, 9)
  assert.deepEqual([...new Set([...files.values()].map(({ type }) => type))].sort(), [
    'image/png',
    'text/markdown',
    'text/plain',
  ])
  for (const { bytes } of files.values()) assert.ok(bytes.length > 0)
})
