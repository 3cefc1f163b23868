/** Files with a second lock, in a real browser: told by a mark, opened by their own passphrase, and by nothing else. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
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
    const textOf = async (file: Download): Promise<string> => {
      const place = join(tmpdir(), `anarq-locked-${process.pid}`)
      await file.saveAs(place)
      return readFile(place, 'latin1')
    }
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
