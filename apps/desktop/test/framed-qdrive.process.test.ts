/** Qdrive itself as a page in a frame, with nothing but messages between it and the system. */
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { FrameLocator, Page } from 'playwright-core'
import { buildModule } from '../build/module-package.ts'
import { hum } from './hum.ts'
import { anarq } from './packages.ts'
import { enter, type House, openHouse, passphrase, skip, unlock, until } from './visit.ts'

const id = 'org.example.qdrive'
const name = 'Qdrive in a frame'
const granted = ['drive.read', 'drive.write', 'consent.read', 'consent.manage', 'identity.read']

/** One red pixel. */
const dot = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC'

let house: House
let work: string

before(async () => {
  if (skip !== false) return
  work = await mkdtemp(join(tmpdir(), 'anarq-framed-'))
  house = await openHouse()
  await house.node.operations.account.init({ name: 'Ada', passphrase })
  const folder = join(work, 'app')
  await mkdir(folder)
  await buildModule('qdrive', folder, { id, name, ui: { kind: 'frame', entry: 'ui/index.html' } })
  const packed = join(work, 'qdrive.wxa')
  await anarq(['app', 'pack', folder, '-o', packed, '--home', house.node.home.root])
  const sdk = await enter(house.address)
  await sdk.storage.write({ path: '/qdrive.wxa', bytes: await readFile(packed) })
  await sdk.apps.install({ path: '/qdrive.wxa', granted })
  await writeFile(join(work, 'large.bin'), Buffer.alloc(20_000_000, 7))
  await writeFile(join(work, 'hum.wav'), hum(240))
  await writeFile(join(work, 'dot.png'), Buffer.from(dot, 'base64'))
  await writeFile(join(work, 'paper.pdf'), '%PDF-1.4\n%%EOF\n')
  await writeFile(join(work, 'long.txt'), `first line\n${'another line of many\n'.repeat(300_000)}`)
})
after(async () => {
  await house?.close()
  if (work !== undefined) await rm(work, { recursive: true, force: true })
})

test(
  '[WX-DEV-5] [WX-APP-4] Qdrive in a frame puts files larger than a call, and shows one of them',
  { skip },
  () =>
    house.visit({ viewport: { width: 1440, height: 900 }, colorScheme: 'light' }, async ({ page }) => {
      const frame = await openFramed(page)
      await frame
        .locator('input[name=files]')
        .setInputFiles([join(work, 'large.bin'), join(work, 'long.txt')])
      await frame.getByText('2 items added').waitFor({ timeout: 60_000 })
      const { drive, audit } = house.node.operations
      assert.equal((await drive.entry('/large.bin')).bytes, 20_000_000)
      assert.ok((await drive.entry('/long.txt')).bytes > 6_000_000)
      await frame.locator('[data-id]').filter({ hasText: 'long.txt' }).first().dblclick()
      await frame.getByRole('dialog', { name: 'Preview of long.txt' }).getByText('first line').waitFor()
      const decided = await audit.tail({ action: 'decision.qnt.write', limit: 50 })
      assert.ok(decided.some(({ details }) => details.module === id))
    }),
)

async function openFramed(page: Page): Promise<FrameLocator> {
  await unlock(page)
  await page
    .getByRole('list', { name: 'Apps', exact: true })
    .getByRole('button', { name, exact: true })
    .evaluate((element: HTMLElement) => element.click())
  const frame = page.frameLocator(`iframe[title="${name}"]`)
  await frame.getByRole('navigation', { name: 'Places' }).waitFor()
  return frame
}

test(
  '[AQ-QDRIVE-1] Qdrive in a frame plays a sound by range, shows a picture, saves a file, and says what a frame cannot show',
  { skip },
  () =>
    house.visit({ viewport: { width: 1440, height: 900 }, colorScheme: 'dark' }, async ({ page }) => {
      const ranges: string[] = []
      page.on('request', (request) => {
        if (new URL(request.url()).pathname.includes('/.media/'))
          ranges.push(`${request.method()} ${request.headers().range ?? 'whole'}`)
      })
      const frame = await openFramed(page)
      const files = ['hum.wav', 'dot.png', 'paper.pdf']
      await frame.locator('input[name=files]').setInputFiles(files.map((file) => join(work, file)))
      await frame.getByText('3 items added').waitFor({ timeout: 60_000 })
      const show = async (file: string) => {
        await frame.locator('[data-id]').filter({ hasText: file }).first().dblclick()
        return frame.getByRole('dialog', { name: `Preview of ${file}` })
      }

      const sound = await show('hum.wav')
      const player = sound.locator('audio')
      await player.waitFor()
      const heard = await player.evaluate(async (audio: HTMLAudioElement) => {
        audio.muted = true
        await new Promise<void>((resolve, reject) => {
          audio.onerror = () => reject(new Error(audio.error?.message ?? 'no sound'))
          if (audio.readyState >= 1) resolve()
          else audio.onloadedmetadata = () => resolve()
        })
        audio.currentTime = 200
        await new Promise((resolve) => (audio.onseeked = resolve))
        await audio.play()
        await new Promise((resolve) => setTimeout(resolve, 300))
        return { seconds: Math.round(audio.duration), at: audio.currentTime, src: audio.src }
      })
      assert.equal(heard.seconds, 240)
      assert.ok(heard.at > 200, `${heard.at}`)
      assert.match(new URL(heard.src).pathname, new RegExp(`^/apps/${id}/[^/]+/\\.media/[0-9a-f]{32}$`))
      assert.ok(ranges.length >= 2, 'the end is asked for without what lies before it')
      assert.ok(
        ranges.some((range) => Number(range.match(/bytes=(\d+)-/)?.[1]) > 10_000_000),
        ranges.join(', '),
      )
      await page.keyboard.press('Escape')
      // With the preview the address ended, for whoever has it.
      await sound.waitFor({ state: 'detached' })
      await until(async () => (await statusOf(heard.src)) === 404, 'the address has ended')

      const picture = (await show('dot.png')).locator('img')
      await picture.waitFor()
      assert.equal(
        await picture.evaluate(async (image: HTMLImageElement) => {
          await image.decode()
          return image.naturalWidth
        }),
        1,
      )
      await page.keyboard.press('Escape')

      const paper = await show('paper.pdf')
      await paper.getByText('PDF files are not shown here').waitFor()
      const saved = page.waitForEvent('download')
      await paper.getByRole('button', { name: 'Download' }).last().click()
      const download = await saved
      assert.equal(download.suggestedFilename(), 'paper.pdf')
      assert.equal(await readFile(await download.path(), 'utf8'), '%PDF-1.4\n%%EOF\n')
    }),
)

/** As a player of a frame asks: the end of what is there. */
async function statusOf(address: string): Promise<number> {
  const headers = { range: 'bytes=0-0', 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'audio' }
  const answer = await fetch(address, { headers })
  await answer.body?.cancel()
  return answer.status
}
