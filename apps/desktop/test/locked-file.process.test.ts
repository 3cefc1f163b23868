/** Files with a second lock, in a real browser: told by a mark, opened by their own passphrase, and by nothing else. */
import assert from 'node:assert/strict'
import { readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fromUtf8 } from '@anarq/bytes'
import type { PutItem } from '@anarq/flows'
import type { Download, Locator, Page } from 'playwright-core'
import { hum } from './hum.ts'
import {
  assertAccessible,
  type House,
  openFiles,
  openHouse,
  passphrase,
  phone,
  skip,
  unlock,
  wide,
} from './visit.ts'

const lock = 'a second passphrase'
let house: House

before(async () => {
  if (skip !== false) return
  house = await openHouse()
  const { account, drive } = house.node.operations
  await account.init({ name: 'Ada', passphrase })
  const options = { to: '/', isThorough: true }
  await drive.put(items({ 'will.txt': fromUtf8('the first will'), 'open.txt': fromUtf8('for all') }), options)
  await drive.put(
    items({
      'will.txt': fromUtf8('the last will'),
      'song.wav': hum(3),
      'kept/deed.txt': fromUtf8('the deed'),
    }),
    { ...options, lock },
  )
})
after(() => house?.close())

const rowOf = (page: Page, name: string): Locator =>
  page.locator('[data-id]').filter({ hasText: name }).first()
const field = (page: Page): Locator => page.getByLabel('Passphrase of the second lock')

test(
  '[AQ-QOMPRESS-7] [AQ-QOMPRESS-8] a locked file is told by its mark, and read with its passphrase alone',
  { skip },
  () =>
    house.visit({ ...wide, colorScheme: 'light' }, async ({ page }) => {
      await openFiles(page)
      await rowOf(page, 'will.txt').getByRole('img', { name: 'Has a second lock' }).waitFor()
      assert.equal(await rowOf(page, 'open.txt').getByRole('img', { name: 'Has a second lock' }).count(), 0)
      await shoot(page, 'list')

      await rowOf(page, 'will.txt').dblclick()
      await field(page).waitFor()
      await page.keyboard.type('another passphrase')
      await assertAccessible(page, 'a locked file')
      await page.keyboard.press('Enter')
      await page.getByText('That passphrase does not open it. Check it and try again.').waitFor()
      assert.equal(await page.getByText('the last will').count(), 0)
      await shoot(page, 'wrong')
      await field(page).fill(lock)
      await page.keyboard.press('Enter')
      await page.getByText('the last will').waitFor()
      await shoot(page, 'open')
      await page.keyboard.press('Escape')

      // Shown again it is asked for again; an older version that had no lock is simply there.
      await rowOf(page, 'will.txt').dblclick()
      await field(page).waitFor()
      await page.keyboard.press('Escape')
      await rowOf(page, 'will.txt').click()
      await page.keyboard.press('Alt+Enter')
      await page.getByText('Opens with its own passphrase').waitFor()
      await page.getByRole('tab', { name: 'Versions' }).click()
      await page.getByRole('button', { name: 'Show version 1' }).click()
      await page.getByText('the first will').waitFor()
      await page.keyboard.press('Escape')

      await rowOf(page, 'song.wav').dblclick()
      await field(page).fill(lock)
      await page.keyboard.press('Enter')
      await page.waitForFunction(() => document.querySelector('audio')?.duration === 3)
      await page.keyboard.press('Escape')
    }),
)

test('it is downloaded with its passphrase too, alone and in the archive of a folder', { skip }, () =>
  house.visit({ ...phone, colorScheme: 'dark', acceptDownloads: true }, async ({ page }) => {
    await unlock(page)
    await page.getByRole('button', { name: 'Files' }).first().click()
    await rowOf(page, 'will.txt').waitFor()
    const download = async (name: string): Promise<void> => {
      await rowOf(page, name).click({ button: 'right' })
      await page.getByRole('menuitem', { name: 'Download' }).click()
    }
    await download('will.txt')
    await page.getByRole('dialog', { name: '“will.txt” has a second lock' }).waitFor()
    await page.keyboard.type('another passphrase')
    await page.keyboard.press('Enter')
    await page.getByText('That passphrase does not open it. Check it and try again.').waitFor()
    await assertAccessible(page, 'the question')
    await shoot(page, 'question-phone')
    await field(page).fill(lock)
    const [file] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')])
    assert.equal(await textOf(file), 'the last will')

    // Of a folder it is known when something in it is found to be locked.
    await download('kept')
    await page.getByRole('dialog', { name: 'Something in “kept” has a second lock' }).waitFor()
    await field(page).fill('another passphrase')
    await page.keyboard.press('Enter')
    await page.getByText('That passphrase does not open it. Check it and try again.').waitFor()
    await field(page).fill(lock)
    const [archive] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')])
    assert.equal(archive.suggestedFilename(), 'kept.tar')
    assert.match(await textOf(archive), /the deed/)

    // Whoever changes their mind is left in peace.
    await download('kept')
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
  }),
)

test(
  'what somebody shared is taken in, listed and downloaded, a file and a folder, with its second lock and one use each',
  { skip },
  () =>
    house.visit({ ...wide, colorScheme: 'light', acceptDownloads: true }, async ({ page }) => {
      const { identities, sharing } = house.node.operations
      await identities.create({ kind: 'sub', name: 'Work' })
      const share = async (name: string): Promise<{ name: string; mimeType: string; buffer: Buffer }> => {
        const { ping } = await sharing.share(name, { with: 'Work', rights: ['read'], uses: 1 })
        return { name: `${name}.ping`, mimeType: 'application/octet-stream', buffer: Buffer.from(ping) }
      }
      const pings = [await share('will.txt'), await share('kept')]
      await identities.use('Work')
      await openFiles(page)
      await page.getByRole('option', { name: 'Shared with me' }).click()
      await page.locator('input[name=pings]').setInputFiles({ ...pings[0]!, buffer: Buffer.from('no ping') })
      await page
        .getByText(/ping file/)
        .first()
        .waitFor()
      await page.locator('input[name=pings]').setInputFiles(pings)
      const rowFor = (name: string): Locator => page.locator('.qd-grant').filter({ hasText: name })
      const download = async (name: string): Promise<Download> => {
        await rowFor(name).getByRole('button', { name: 'Open' }).click()
        await rowFor(name).getByRole('button', { name: 'Download' }).click()
        await field(page).fill(lock)
        const [file] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')])
        return file
      }
      const will = await download('will.txt')
      assert.equal(await textOf(will), 'the last will')
      await assertAccessible(page, 'shared with me')
      await shoot(page, 'shared')
      const kept = await download('kept')
      assert.equal(kept.suggestedFilename(), 'kept.tar')
      assert.match(await textOf(kept), /the deed/)
      // One use was for one download.
      await rowFor('kept').getByRole('button', { name: 'Download' }).click()
      await field(page).fill(lock)
      await page.keyboard.press('Enter')
      await page
        .getByText(/used up|once/)
        .first()
        .waitFor()
      await identities.use('Ada')
    }),
)

async function textOf(file: Download): Promise<string> {
  const place = join(tmpdir(), `anarq-locked-${process.pid}`)
  try {
    await file.saveAs(place)
    return await readFile(place, 'latin1')
  } finally {
    await rm(place, { force: true })
  }
}

async function* items(files: Readonly<Record<string, Uint8Array>>): AsyncIterable<readonly PutItem[]> {
  yield Object.entries(files).map(([path, bytes]) => ({
    ...({ kind: 'file', path, bytes: bytes.length, modifiedMs: 1_700_000_000_000 } as const),
    content: { kind: 'small', readAll: () => bytes },
  }))
}

/** For whoever wants to look: `ANARQ_SHOTS` names a folder. */
async function shoot(page: Page, name: string): Promise<void> {
  const place = process.env.ANARQ_SHOTS
  if (place !== undefined) await page.screenshot({ path: `${place}/locked-${name}.png` })
}
