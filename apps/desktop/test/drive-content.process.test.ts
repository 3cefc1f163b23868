/** What is in files, in a real browser: films and sounds that seek, documents, folders as archives, and keys that open nothing any more. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { readTree } from '@anarq/files'
import type { PutItem } from '@anarq/flows'
import type { Locator, Page } from 'playwright-core'
import { hum } from './hum.ts'
import { assertAccessible, type House, openFiles, openHouse, passphrase, skip, wide } from './visit.ts'

const run = promisify(execFile)
const soundSeconds = 120
let house: House
let folder: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anarq-content-'))
  await mkdir(join(folder, 'Trip/Days'), { recursive: true })
  await writeFile(join(folder, 'song.wav'), hum(soundSeconds))
  await writeFile(join(folder, 'paper.pdf'), paper('Terms of the garden'))
  await writeFile(join(folder, 'Trip/plan ü.txt'), 'plan')
  await writeFile(join(folder, 'Trip/Days/one.txt'), 'one')
  await writeFile(join(folder, 'Trip/large.bin'), Buffer.alloc(12_000_000, 7))
  if (skip !== false) return
  house = await openHouse()
  const { account, drive, identities } = house.node.operations
  await account.init({ name: 'Ada', passphrase })
  await identities.create({ kind: 'sub', name: 'Work' })
  const given = ['song.wav', 'paper.pdf', 'Trip'].map((name) => join(folder, name))
  await drive.put(readTree(given, {}), { to: '/', isThorough: true })
})
after(async () => {
  await house?.close()
  await rm(folder, { recursive: true, force: true })
})

const rowOf = (page: Page, name: string): Locator =>
  page.locator('[data-id]').filter({ hasText: name }).first()

test(
  '[AQ-QDRIVE-1] a sound and a film play from an address of the session, and what is sought comes alone',
  { skip },
  () =>
    house.visit({ ...wide, colorScheme: 'light' }, async ({ page }) => {
      await openFiles(page)
      const ranges: string[] = []
      page.on('response', (response) => {
        if (/\/media\/[0-9a-f]{32}$/.test(response.url()))
          ranges.push(`${response.status()} ${response.headers()['content-range']}`)
      })
      await rowOf(page, 'song.wav').dblclick()
      const player = page.locator('audio.qd-audio')
      await player.waitFor()
      await page.waitForFunction((s) => document.querySelector('audio')?.duration === s, soundSeconds)
      const at = await player.evaluate(
        (element: HTMLAudioElement) =>
          new Promise<number>((resolve) => {
            element.addEventListener('seeked', () => resolve(element.currentTime), { once: true })
            element.currentTime = 110
          }),
      )
      assert.equal(at, 110)
      assert.ok(
        ranges.every((one) => one.startsWith('206 bytes ')),
        `${ranges}`,
      )
      assert.ok(
        ranges.some((one) => !one.startsWith('206 bytes 0-')),
        `${ranges}`,
      )
      await assertAccessible(page, 'a sound')
      await shoot(page, 'sound')
      const address = await player.evaluate((element: HTMLAudioElement) => element.src)
      await page.keyboard.press('Escape')
      await player.waitFor({ state: 'detached' })
      await page.waitForFunction(
        async (src) => (await fetch(src, { headers: { range: 'bytes=0-0' } })).status !== 206,
        address,
      )

      // A film that this browser made itself.
      const film = Buffer.from(await page.evaluate(record), 'base64')
      await page
        .locator('input[name=files]')
        .setInputFiles({ name: 'film.webm', mimeType: 'video/webm', buffer: film })
      await rowOf(page, 'film.webm').dblclick()
      await page.waitForFunction(
        () => (document.querySelector('video.qd-video') as HTMLVideoElement | null)?.videoWidth === 320,
      )
      await shoot(page, 'film')
      await page.keyboard.press('Escape')

      await page
        .locator('input[name=files]')
        .setInputFiles({ name: 'broken.webm', mimeType: 'video/webm', buffer: Buffer.from('no film') })
      await rowOf(page, 'broken.webm').dblclick()
      await page.getByText('This browser cannot play it, or its address has ended.').waitFor()
    }),
)

test('a document is shown in a closed frame', { skip }, () =>
  house.visit({ ...wide, colorScheme: 'dark' }, async ({ page }) => {
    await openFiles(page)
    await rowOf(page, 'paper.pdf').dblclick()
    const frame = page.locator('.qd-pdf iframe')
    await frame.waitFor()
    assert.match((await frame.getAttribute('src')) ?? '', /^blob:/)
    await page.waitForTimeout(500)
    await assertAccessible(page, 'a document')
    await shoot(page, 'document-dark')
  }),
)

test(
  'a folder is downloaded as an archive that any tar opens, with progress, and can be stopped',
  { skip },
  () =>
    house.visit({ ...wide, colorScheme: 'light', acceptDownloads: true }, async ({ page }) => {
      await openFiles(page)
      await rowOf(page, 'Trip').click()
      const saved = page.waitForEvent('download')
      await page.keyboard.press('d')
      const file = await saved
      assert.equal(file.suggestedFilename(), 'Trip.tar')
      const place = join(folder, 'Trip.tar')
      await file.saveAs(place)
      const { stdout } = await run('tar', ['-tf', place, '--quoting-style=literal'], {
        env: { ...process.env, LC_ALL: 'C.UTF-8' },
      })
      assert.deepEqual(stdout.trim().split('\n').sort(), [
        'Trip/',
        'Trip/Days/',
        'Trip/Days/one.txt',
        'Trip/large.bin',
        'Trip/plan ü.txt',
      ])
      const plan = await run('tar', ['-xOf', place, 'Trip/plan ü.txt'])
      assert.equal(plan.stdout, 'plan')

      const slow = await page.context().newCDPSession(page)
      const conditions = { offline: false, latency: 0, uploadThroughput: -1 }
      await slow.send('Network.emulateNetworkConditions', { ...conditions, downloadThroughput: 600_000 })
      await rowOf(page, 'Trip').click()
      await page.keyboard.press('d')
      const bar = page.getByRole('progressbar', { name: 'Downloading “Trip”' })
      await bar.waitFor()
      await page.waitForFunction(
        () => Number(document.querySelector('.qd-job [role=progressbar]')?.getAttribute('aria-valuenow')) > 5,
      )
      await assertAccessible(page, 'a download')
      await shoot(page, 'archive')
      await page.getByRole('button', { name: 'Cancel Downloading “Trip”' }).click()
      await page.getByText('Stopped. What was done until then stays.').waitFor()
      await bar.waitFor({ state: 'detached' })
      await slow.send('Network.emulateNetworkConditions', { ...conditions, downloadThroughput: -1 })
    }),
)

test('what was revoked is sealed anew, so that keys that somebody kept open nothing', { skip }, () =>
  house.visit({ ...wide, colorScheme: 'light' }, async ({ page }) => {
    const { sharing, drive } = house.node.operations
    const { id, grant } = await shared()
    await sharing.revoke(grant)
    await openFiles(page)
    await page.getByRole('option', { name: 'Shared by me' }).click()
    await page.getByRole('button', { name: /^Seal “Trip” anew, so that keys that Work kept/ }).click()
    await assertAccessible(page, 'the question')
    await shoot(page, 'reseal')
    const before = await sealedRoot(id)
    await page.getByRole('button', { name: 'Seal anew now' }).click()
    await page.getByText(/^Sealed 3 files anew\./).waitFor()
    assert.notEqual(await sealedRoot(id), before)

    async function shared(): Promise<{ id: string; grant: string }> {
      const entry = await drive.entry('/Trip')
      const made = await sharing.share(entry.id, { with: 'Work', rights: ['read'] })
      return { id: (await drive.entry('/Trip/large.bin')).id, grant: made.grant.id }
    }
    async function sealedRoot(of: string): Promise<string> {
      return JSON.stringify((await drive.versions(of))[0])
    }
  }),
)

test(
  '[AQ-QDRIVE-1] a folder of very many files scrolls from end to end, and only what is in sight is drawn',
  { skip },
  () =>
    house.visit({ ...wide, colorScheme: 'light' }, async ({ page }) => {
      await house.node.operations.drive.put(manyFiles(), { to: '/', isThorough: true })
      await openFiles(page)
      page.setDefaultTimeout(120_000)
      await rowOf(page, 'many').dblclick()
      await page.getByText(`${many.toLocaleString('en')} items`).waitFor()
      const { drawnMost, framesMs } = await page.evaluate(scrollThrough)
      assert.ok(drawnMost > 5 && drawnMost < 120, `${drawnMost} rows drawn`)
      // The list may have grown while it was scrolled: its end is where it is now.
      await page.locator('[data-id]').last().click()
      await page.keyboard.press('End')
      await rowOf(page, `${many - 1}.txt`).waitFor()
      const median = framesMs.toSorted((a, b) => a - b)[Math.floor(framesMs.length / 2)] as number
      console.log(
        `${many} files: a frame takes ${median.toFixed(1)} ms, ${Math.max(...framesMs).toFixed(0)} ms at most`,
      )
    }),
)

/** `ANARQ_LARGE=1` for the whole number, which takes half a minute of a processor to put. */
const many = process.env.ANARQ_LARGE === undefined ? 5000 : 100_000

async function* manyFiles(): AsyncIterable<readonly PutItem[]> {
  const content = { kind: 'small', readAll: () => new Uint8Array(0) } as const
  for (let from = 0; from < many; from += 1000)
    yield Array.from({ length: 1000 }, (_, i) => {
      const path = `many/${String(from + i).padStart(String(many - 1).length, '0')}.txt`
      return { kind: 'file', path, bytes: 0, modifiedMs: 1_700_000_000_000, content } as const
    })
}

/** In the page: sixty steps from the top to the end, one each frame. */
async function scrollThrough(): Promise<{ drawnMost: number; framesMs: number[] }> {
  const row = document.querySelector('[data-id]')
  let place = row?.parentElement
  while (place !== null && place !== undefined && place.scrollHeight <= place.clientHeight)
    place = place.parentElement
  if (place === null || place === undefined) throw new Error('nothing scrolls')
  const framesMs: number[] = []
  let drawnMost = 0
  let beforeMs = performance.now()
  for (let step = 1; step <= 60; step += 1) {
    place.scrollTop = (place.scrollHeight * step) / 60
    await new Promise(requestAnimationFrame)
    framesMs.push(performance.now() - beforeMs)
    beforeMs = performance.now()
    drawnMost = Math.max(drawnMost, document.querySelectorAll('[data-id]').length)
  }
  return { drawnMost, framesMs }
}

/** In the page: one second of a moving square. */
async function record(): Promise<string> {
  const canvas = document.createElement('canvas')
  canvas.width = 320
  canvas.height = 180
  const paint = canvas.getContext('2d') as CanvasRenderingContext2D
  const timer = setInterval(() => {
    paint.fillStyle = `hsl(${Math.random() * 360} 60% 50%)`
    paint.fillRect(0, 0, 320, 180)
  }, 40)
  const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: 'video/webm' })
  const pieces: Blob[] = []
  recorder.ondataavailable = ({ data }) => pieces.push(data)
  const ended = new Promise((resolve) => {
    recorder.onstop = resolve
  })
  recorder.start()
  await new Promise((resolve) => setTimeout(resolve, 1000))
  recorder.stop()
  await ended
  clearInterval(timer)
  const bytes = new Uint8Array(await new Blob(pieces).arrayBuffer())
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
}

/** A page of PDF with one line. */
function paper(line: string): string {
  const content = `BT /F1 24 Tf 72 700 Td (${line}) Tj ET`
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>',
    `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
  ]
  let text = '%PDF-1.4\n'
  const offsets = objects.map((object, i) => {
    const at = text.length
    text += `${i + 1} 0 obj\n${object}\nendobj\n`
    return at
  })
  const table = offsets.map((at) => `${String(at).padStart(10, '0')} 00000 n \n`).join('')
  return `${text}xref\n0 6\n0000000000 65535 f \n${table}trailer << /Size 6 /Root 1 0 R >>\nstartxref\n${text.length}\n%%EOF\n`
}

/** For whoever wants to look: `ANARQ_SHOTS` names a folder. */
async function shoot(page: Page, name: string): Promise<void> {
  const place = process.env.ANARQ_SHOTS
  if (place !== undefined) await page.screenshot({ path: `${place}/content-${name}.png` })
}
