/** Content of any size through the bridge, as an app in a frame puts and gets it, and what hostile ones try with it. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { fromUtf8 } from '@anarq/bytes'
import { packFiles, withManifest } from '@anarq/wxa'
import { deflate, writeZip } from '@anarq/zip'
import type { Frame, Page } from 'playwright-core'
import { enter, type House, openHouse, passphrase, skip, slowLine, unlock } from './visit.ts'

const wide = { viewport: { width: 1440, height: 900 }, colorScheme: 'light' } as const
const mebibyte = 1024 * 1024
const largeBytes = 64 * mebibyte + 3
/** So long a read waits for its app; the tests do not wait as long. */
const idleMs = 50_000

let house: House

before(async () => {
  if (skip !== false) return
  house = await openHouse()
  await house.node.operations.account.init({ name: 'Ada', passphrase })
  const sdk = await enter(house.address)
  for (const [id, name, granted] of [
    ['org.example.carrier', 'Carrier', ['drive.read', 'drive.write']],
    ['org.example.pauper', 'Pauper', []],
  ] as const) {
    const { manifest, entries } = packFiles(files, { ...fields, id, name }, { deflate })
    const signed = await house.node.operations.identities.signApp(manifest)
    await sdk.storage.write({ path: `/${name}.wxa`, bytes: writeZip(withManifest(entries, signed)) })
    await sdk.apps.install({ path: `/${name}.wxa`, granted })
  }
})
after(async () => {
  await house?.close()
})

const fields = {
  manifest: 1,
  version: '1.0.0',
  category: 'tools',
  description: 'Carries large files.',
  permissions: [
    { id: 'drive.read', why: 'To get.' },
    { id: 'drive.write', why: 'To put.' },
  ],
  icon: 'icon.svg',
  ui: { kind: 'frame', entry: 'ui/index.html' },
} as const

/** The app as people write it, and beside it the bare port, as who means ill would use it. */
const script = `
import { connect } from '/design/anarq.js'
let port
addEventListener('message', ({ data, ports }) => { if (data?.anarq === 1) port = ports[0] })
globalThis.app = await connect()
let asked = 1_000_000
globalThis.ask = (call, input) => new Promise((resolve) => {
  const id = asked++
  const hear = ({ data }) => {
    if (data.id !== id) return
    port.removeEventListener('message', hear)
    resolve(data.ok ?? data.fault)
  }
  port.addEventListener('message', hear)
  port.postMessage({ v: 1, id, call, with: input })
})
/** A byte of a large file by its place: pieces in another order would show. */
globalThis.byteAt = (at) => (at * 31 + (at >>> 12)) & 255
globalThis.fileOf = (bytes) => {
  const pieces = []
  for (let from = 0; from < bytes; from += 1048576) {
    const piece = new Uint8Array(Math.min(1048576, bytes - from))
    for (let i = 0; i < piece.length; i += 1) piece[i] = byteAt(from + i)
    pieces.push(new Blob([piece]))
  }
  return new Blob(pieces)
}
document.body.dataset.ready = ''
`
const files = [
  { path: 'icon.svg', bytes: fromUtf8('<svg xmlns="http://www.w3.org/2000/svg"/>') },
  {
    path: 'ui/index.html',
    bytes: fromUtf8(
      '<!doctype html><html lang="en"><title>Carrier</title><p>Ready</p><script type="module" src="app.js"></script></html>',
    ),
  },
  { path: 'ui/app.js', bytes: fromUtf8(script) },
]

/** What the script makes of the page: functions that are evaluated in it see them. */
declare const app: {
  readonly sdk: {
    // biome-ignore lint/suspicious/noExplicitAny: the test speaks as a page does, without types.
    readonly content: any
    // biome-ignore lint/suspicious/noExplicitAny: the same.
    readonly storage: any
  }
}
declare const ask: (call: string, input: object) => Promise<{ code?: string; transfer?: string }>
declare const byteAt: (at: number) => number
declare const fileOf: (bytes: number) => Blob

async function open(page: Page, name: string): Promise<Frame> {
  const button = page
    .getByRole('list', { name: 'Apps', exact: true })
    .getByRole('button', { name, exact: true })
  // A frame that is open may have the keyboard, and its window lie over the button.
  await button.evaluate((element: HTMLElement) => element.click())
  const element = page.locator(`iframe[title="${name}"]`).last()
  const frame = await (await element.elementHandle())?.contentFrame()
  assert.ok(frame)
  await frame.locator('body[data-ready]').waitFor()
  return frame
}

/** Entries of the log on this app, once there are so many; it is written a moment after. */
async function onRecord(app: string, code: string, why: string, count = 1): Promise<void> {
  const noted = async (): Promise<unknown[]> =>
    (await house.node.operations.audit.tail({ action: 'app.refused', limit: 1000 })).filter(
      (one) => one.code === code && one.details.app === app && one.details.why === why,
    )
  for (let i = 0; i < 100 && (await noted()).length < count; i += 1)
    await new Promise((resolve) => setTimeout(resolve, 50))
  assert.equal((await noted()).length, count, `${code} ${why}`)
}

/** Nothing is read for anybody any more. */
async function atRest(): Promise<void> {
  const running = async () =>
    (await house.node.operations.audit.flows()).filter(
      ({ kind, ended }) => kind === 'out' && ended === undefined,
    )
  for (let i = 0; i < 100 && (await running()).length > 0; i += 1)
    await new Promise((resolve) => setTimeout(resolve, 50))
  assert.deepEqual(await running(), [])
}

test(
  '[WX-APP-4] an app in a frame puts a file of 64 MiB and gets it back, and hears how far it is',
  { skip },
  () =>
    house.visit(wide, async ({ page }) => {
      await unlock(page)
      const frame = await open(page, 'Carrier')
      // A browser tells of what goes out some times a second: this takes two.
      const endSlowLine = await slowLine(page, largeBytes / 2)
      const put = await frame.evaluate(async (bytes) => {
        const { content } = app.sdk
        const told: number[] = []
        const { id } = await content.beginUpload({ path: '/large.bin', bytes, modifiedMs: 1_700_000_000_000 })
        const state = await content.sendUpload({
          id,
          content: fileOf(bytes),
          onProgress: (offset: number) => told.push(offset),
        })
        return { state: state.state, bytes: state.entry.bytes, told }
      }, largeBytes)
      await endSlowLine()
      assert.deepEqual([put.state, put.bytes], ['done', largeBytes])
      assert.ok(put.told.length > 3, 'it said how far it was')
      assert.deepEqual(
        put.told,
        [...put.told].sort((a, b) => a - b),
      )
      let at = 0
      const { stream } = await house.node.operations.drive.get('/large.bin')
      for await (const piece of stream)
        for (const byte of piece) {
          if (byte !== ((at * 31 + (at >>> 12)) & 255)) assert.fail(`another byte at ${at}`)
          at += 1
        }
      assert.equal(at, largeBytes)

      const got = await frame.evaluate(async () => {
        const { stream, totalBytes } = await app.sdk.content.open({ path: '/large.bin' })
        let at = 0
        let largest = 0
        for await (const piece of stream as AsyncIterable<Uint8Array>) {
          largest = Math.max(largest, piece.length)
          for (const byte of piece) {
            if (byte !== byteAt(at)) return { wrong: at }
            at += 1
          }
        }
        return { at, totalBytes, isSmall: largest <= 4 * 1024 * 1024 }
      })
      assert.deepEqual(got, { at: largeBytes, totalBytes: largeBytes, isSmall: true })

      const part = await frame.evaluate(async () => {
        const blob = await app.sdk.content.blob({
          path: '/large.bin',
          fromByte: 50_000_001,
          toByte: 56_000_001,
        })
        const bytes = new Uint8Array(await blob.arrayBuffer())
        return { size: blob.size, isRight: bytes.every((byte, i) => byte === byteAt(50_000_001 + i)) }
      })
      assert.deepEqual(part, { size: 6_000_000, isRight: true })
    }),
)

test('an upload through the bridge is paused, goes on with the same id, and is given up', { skip }, () =>
  house.visit(wide, async ({ page }) => {
    await unlock(page)
    const frame = await open(page, 'Carrier')
    await slowLine(page, 16 * mebibyte)
    const told = await frame.evaluate(async (bytes) => {
      const { content } = app.sdk
      const file = fileOf(bytes)
      const { id } = await content.beginUpload({ path: '/paused.bin', bytes, modifiedMs: 1 })
      const pause = new AbortController()
      const first = await content
        .sendUpload({
          id,
          content: file,
          signal: pause.signal,
          onProgress: (offset: number) => {
            if (offset > bytes / 5) pause.abort()
          },
        })
        .catch((error: Error) => error.name)
      const before = await content.uploadState({ id })
      const after = await content.sendUpload({ id, content: file })
      const other = await content.beginUpload({ path: '/given-up.bin', bytes: 10, modifiedMs: 1 })
      await content.cancelUpload({ id: other.id })
      const gone = await content.uploadState({ id: other.id }).catch((error: { code: string }) => error.code)
      return { first, isPartial: before.offset > 0 && before.offset < bytes, state: after.state, gone }
    }, 40 * mebibyte)
    assert.deepEqual(told, { first: 'AbortError', isPartial: true, state: 'done', gone: 'missing.upload' })
    assert.equal((await house.node.operations.drive.entry('/paused.bin')).bytes, 40 * mebibyte)

    const small = await frame.evaluate(async () => {
      const items = [
        { path: 'a.txt', modifiedMs: 1, content: new Blob(['one']) },
        { path: 'empty', modifiedMs: 1 },
      ]
      const { skipped } = await app.sdk.content.putMany({ to: '/many', items })
      return skipped
    })
    assert.deepEqual(small, [])
    assert.equal((await house.node.operations.drive.list('/many')).length, 2)
  }),
)

test(
  '[WX-APP-6] each does it as itself: without the permission nothing but its own storage, and no upload of another',
  { skip },
  () =>
    house.visit(wide, async ({ page }) => {
      await unlock(page)
      const carrier = await open(page, 'Carrier')
      const upload = await carrier.evaluate(
        async () => (await app.sdk.content.beginUpload({ path: '/mine.bin', bytes: 5, modifiedMs: 1 })).id,
      )
      const own = await carrier.evaluate(async () => {
        await app.sdk.storage.write({ path: 'app:/secret', bytes: new Uint8Array(3) })
      })
      assert.equal(own, undefined)
      const pauper = await open(page, 'Pauper')
      const told = await pauper.evaluate(
        async ([id, bytes]) => {
          const { content } = app.sdk
          const code = (work: Promise<unknown>) =>
            work.then(
              () => 'given',
              (error: { code: string }) => error.code,
            )
          const begun = await content.beginUpload({ path: 'app:/large.bin', bytes, modifiedMs: 1 })
          await content.sendUpload({ id: begun.id, content: fileOf(bytes) })
          const blob = await content.blob({ path: 'app:/large.bin' })
          const back = new Uint8Array(await blob.arrayBuffer())
          return {
            own: back.length === bytes && back.every((byte, i) => byte === byteAt(i)),
            reads: await code(content.open({ path: '/large.bin' })),
            others: await code(content.open({ path: 'app:/../org.example.carrier/secret' })),
            system: await code(content.open({ path: '/.anarq/data/org.example.carrier/secret' })),
            archive: await code(content.openArchive({ path: '/' })),
            puts: await code(content.beginUpload({ path: '/x', bytes: 1, modifiedMs: 1 })),
            many: await code(
              content.putMany({ to: '/', items: [{ path: 'x', modifiedMs: 1, content: new Blob(['x']) }] }),
            ),
            seals: await code(content.reseal({ grant: 'x' })),
            sees: await code(content.uploadState({ id })),
            sends: await code(content.sendUpload({ id, content: new Blob(['12345']) })),
            cancels: await code(content.cancelUpload({ id })),
          }
        },
        [upload, 6 * mebibyte] as const,
      )
      assert.deepEqual(told, {
        own: true,
        reads: 'refused.permission',
        others: 'invalid.path',
        system: 'refused.permission',
        archive: 'refused.permission',
        puts: 'refused.permission',
        many: 'refused.permission',
        seals: 'refused.permission',
        sees: 'missing.upload',
        sends: 'missing.upload',
        cancels: 'missing.upload',
      })
      const state = await carrier.evaluate(
        async (id) => (await app.sdk.content.uploadState({ id })).state,
        upload,
      )
      assert.equal(state, 'open', 'the other one goes on')
      await carrier.evaluate((id) => app.sdk.content.cancelUpload({ id }), upload)
    }),
)

test(
  '[WX-APP-6] a frame that never takes what it asked for is stopped and on record, and so is one that floods',
  { skip },
  () =>
    house.visit(wide, async ({ page, complaints }) => {
      await page.addInitScript((idle) => {
        const usual = globalThis.setTimeout
        const sooner = (act: TimerHandler, ms?: number, ...rest: unknown[]) =>
          usual(act, ms === idle ? 700 : ms, ...rest)
        globalThis.setTimeout = sooner as typeof setTimeout
      }, idleMs)
      await page.reload()
      await unlock(page)
      const frame = await open(page, 'Carrier')
      const codes = await frame.evaluate(async () => {
        const names = []
        for (let i = 0; i < 8; i += 1)
          names.push((await ask('content.open', { path: '/large.bin' })).transfer)
        const ninth = (await ask('content.open', { path: '/large.bin' })).code
        await new Promise((resolve) => setTimeout(resolve, 1500))
        return [ninth, (await ask('content.next', { transfer: names[0] })).code]
      })
      assert.deepEqual(codes, ['limit.transfers', 'cancelled.left'])
      await atRest()
      await onRecord('org.example.carrier', 'frame.refused', 'cancelled.left')

      await frame
        .evaluate(() => {
          for (let i = 0; i < 150; i += 1) void ask('content.open', { path: '/large.bin' })
        })
        .catch(() => undefined)
      await page.getByRole('heading', { name: 'Carrier was stopped' }).waitFor()
      assert.equal(await page.locator('iframe').count(), 0)
      await onRecord('org.example.carrier', 'frame.cut-off', 'limit.transfers')
      await atRest()
      complaints.length = 0
    }),
)

test('[WX-APP-6] a frame that names a transfer of another is cut off, and the other goes on', { skip }, () =>
  house.visit(wide, async ({ page, complaints }) => {
    await unlock(page)
    const carrier = await open(page, 'Carrier')
    const transfer = await carrier.evaluate(
      async () => (await ask('content.open', { path: '/large.bin' })).transfer,
    )
    const pauper = await open(page, 'Pauper')
    await pauper
      .evaluate((transfer) => void ask('content.next', { transfer }), transfer)
      .catch(() => undefined)
    await page.getByRole('heading', { name: 'Pauper was stopped' }).waitFor()
    await onRecord('org.example.pauper', 'frame.cut-off', 'refused.transfer')
    const step = await carrier.evaluate(
      async (transfer) => 'value' in (await ask('content.next', { transfer })),
      transfer,
    )
    assert.equal(step, true)
    complaints.length = 0
  }),
)

test(
  '[WX-APP-6] a window that closes in the middle leaves nothing running: reads end, and its upload waits to go on',
  { skip },
  () =>
    house.visit(wide, async ({ page }) => {
      await slowLine(page, 16 * mebibyte)
      await unlock(page)
      const frame = await open(page, 'Carrier')
      const id = await frame.evaluate(async (bytes) => {
        const { stream } = await app.sdk.content.open({ path: '/large.bin' })
        await stream.getReader().read()
        const { id } = await app.sdk.content.beginUpload({ path: '/cut.bin', bytes, modifiedMs: 1 })
        const content = fileOf(bytes)
        await new Promise<void>((resolve) => {
          void app.sdk.content
            .sendUpload({ id, content, onProgress: (at: number) => at > 0 && resolve() })
            .catch(() => undefined)
        })
        return id as string
      }, largeBytes)
      const window = page.getByRole('region', { name: 'Carrier', exact: true })
      await window.focus()
      await page.keyboard.press('Alt+Shift+W')
      await page.locator('iframe').waitFor({ state: 'detached' })
      await atRest()

      const again = await open(page, 'Carrier')
      const offsets = await again.evaluate(async (id) => {
        const one = (await app.sdk.content.uploadState({ id })).offset
        await new Promise((resolve) => setTimeout(resolve, 500))
        const { offset } = await app.sdk.content.uploadState({ id })
        await app.sdk.content.cancelUpload({ id })
        return [one, offset]
      }, id)
      assert.equal(offsets[0], offsets[1], 'nobody sends any more')
      assert.ok((offsets[0] as number) < largeBytes)
    }),
)
