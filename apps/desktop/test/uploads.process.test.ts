/** Files on their way in, in a real browser: paused, cut off by a reload, refused, in two windows, and changed meanwhile. */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Locator, Page } from 'playwright-core'
import { type House, openFiles, openHouse, passphrase, skip, slowLine, wide } from './visit.ts'

const mebibyte = 1024 * 1024
const bytes = 24 * mebibyte
let house: House
let folder: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anarq-uploads-'))
  if (skip !== false) return
  house = await openHouse()
  await house.node.operations.account.init({ name: 'Ada', passphrase })
})
after(async () => {
  await house?.close()
  await rm(folder, { recursive: true, force: true })
})

const panelOf = (page: Page): Locator => page.getByRole('region', { name: 'Uploads' })
const give = (page: Page, name: string): Promise<void> =>
  page.locator('input[name=files]').setInputFiles(join(folder, name))

async function makeFile(name: string): Promise<void> {
  await writeFile(join(folder, name), randomBytes(bytes))
}

/** A line of 3 MiB a second, and what goes out on it. */
async function slowly(page: Page): Promise<{ offsets: number[]; quickly(): Promise<void> }> {
  const offsets: number[] = []
  page.on('request', (request) => {
    const at = /\/uploads\/[^?]+\?offset=(\d+)$/.exec(request.url())?.[1]
    if (at !== undefined) offsets.push(Number(at))
  })
  return { offsets, quickly: await slowLine(page, 3 * mebibyte) }
}

async function started(page: Page): Promise<void> {
  const isUnderWay = (): boolean =>
    Number(document.querySelector('.qd-uploads [role=progressbar]')?.getAttribute('aria-valuenow')) >= 15
  await page.waitForFunction(isUnderWay)
}

async function assertKept(name: string): Promise<void> {
  const content = await house.node.operations.drive.get(`/${name}`)
  const hash = createHash('sha256')
  for await (const piece of content.stream) hash.update(piece)
  assert.equal(
    hash.digest('hex'),
    createHash('sha256')
      .update(await readFile(join(folder, name)))
      .digest('hex'),
  )
}

test('[AQ-QDRIVE-1] a file on its way is paused, and goes on where the node is', { skip }, () =>
  house.visit(wide, async ({ page }) => {
    await makeFile('paused.bin')
    await openFiles(page)
    const { offsets, quickly } = await slowly(page)
    await give(page, 'paused.bin')
    await started(page)
    await page.getByRole('button', { name: 'Pause paused.bin' }).click()
    await page.getByText(/^Paused · /).waitFor()
    await quickly()
    await page.getByRole('button', { name: 'Resume paused.bin' }).click()
    await page.getByText('1 item added').waitFor()
    assert.equal(offsets.length, 2)
    assert.equal(offsets[0], 0)
    assert.ok(Number(offsets[1]) > mebibyte && Number(offsets[1]) < bytes, `${offsets}`)
    await assertKept('paused.bin')
  }),
)

test('[AQ-QDRIVE-1] a reload in the middle loses nothing: the same file goes on', { skip }, () =>
  house.visit(wide, async ({ page }) => {
    await makeFile('reloaded.bin')
    await openFiles(page)
    const { offsets, quickly } = await slowly(page)
    await give(page, 'reloaded.bin')
    await started(page)
    await page.reload()
    await openFiles(page)
    await panelOf(page)
      .getByText(/^Stopped at \d+ %$/)
      .waitFor()
    await panelOf(page).getByRole('button', { name: 'Go on' }).click()
    await panelOf(page).getByText('Drop the same file here again to go on.').waitFor()
    await quickly()
    await give(page, 'reloaded.bin')
    await page.getByText('1 item added').waitFor()
    assert.ok(Number(offsets.at(-1)) > mebibyte, `${offsets}`)
    await assertKept('reloaded.bin')
  }),
)

test('what one window sends is not lost for another, and stays whole', { skip }, () =>
  house.visit(wide, async ({ page, address }) => {
    await makeFile('two.bin')
    await openFiles(page)
    const { quickly } = await slowly(page)
    await give(page, 'two.bin')
    await started(page)
    const other = await page.context().newPage()
    other.setDefaultTimeout(15_000)
    await other.goto(address)
    await openFiles(other)
    await other.waitForTimeout(500)
    assert.equal(await panelOf(other).count(), 0)
    await other.close()
    await quickly()
    await page.getByText('1 item added').waitFor()
    await assertKept('two.bin')
  }),
)

test(
  'a quota that is full in the middle, and a file that is changed meanwhile, are said as what they are',
  { skip },
  () =>
    house.visit(wide, async ({ page }) => {
      await makeFile('full.bin')
      await openFiles(page)
      const { health } = house.node.operations
      const { storedBytes } = await health.storage()
      await health.setQuota({ bytes: storedBytes + 4 * mebibyte })
      await give(page, 'full.bin')
      await panelOf(page)
        .getByText(/^Your quota of \d+ MiB is full/)
        .waitFor()
      await health.setQuota({})
      await panelOf(page).getByRole('button', { name: 'Cancel all and close' }).click()

      await makeFile('changed.bin')
      const { quickly } = await slowly(page)
      await give(page, 'changed.bin')
      await started(page)
      await makeFile('changed.bin')
      await quickly()
      await panelOf(page).getByText('1 could not be added').waitFor()
      await panelOf(page)
        .getByText('The file was moved or changed on your computer. Drop it again.')
        .waitFor()
    }),
)
