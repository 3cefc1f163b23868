/** Files in a real browser, on a real node: what people do with a drive. */
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Locator, Page } from 'playwright-core'
import { assertAccessible, type House, openFiles, openHouse, passphrase, phone, skip, wide } from './visit.ts'

const notes = '# A title\n\n[bad](javascript:alert(1)) <script>alert(1)</script>\n'
let house: House
let folder: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anarq-drive-'))
  await mkdir(join(folder, 'Trip/Days'), { recursive: true })
  await writeFile(join(folder, 'letter.txt'), 'first line\nsecond line\n')
  await writeFile(
    join(folder, 'notes.md'),
    '# A title\n\n[bad](javascript:alert(1)) <script>alert(1)</script>\n',
  )
  await writeFile(join(folder, '<img src=x onerror=alert(1)>.txt'), 'markup')
  await writeFile(join(folder, 'large.bin'), Buffer.alloc(9_000_000, 7))
  await writeFile(join(folder, 'Trip/plan.txt'), 'plan')
  await writeFile(join(folder, 'Trip/Days/one.txt'), 'one')
  if (skip !== false) return
  house = await openHouse()
  await house.node.operations.account.init({ name: 'Ada', passphrase })
  await house.node.operations.identities.create({ kind: 'sub', name: 'Work' })
})
after(async () => {
  await house?.close()
  await rm(folder, { recursive: true, force: true })
})

const rowOf = (page: Page, name: string): Locator =>
  page.locator('[data-id]').filter({ hasText: name }).first()
const give = (page: Page, ...names: string[]): Promise<void> =>
  page.locator('input[name=files]').setInputFiles(names.map((name) => join(folder, name)))

async function textOf(opening: ReturnType<House['node']['operations']['sharing']['open']>): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of (await opening).stream) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}

test(
  '[AQ-QDRIVE-1] [AQ-UI-5] files and a whole folder are added, open again, and names are text whatever is in them',
  { skip },
  () =>
    house.visit({ ...wide, colorScheme: 'light' }, async ({ page }) => {
      await openFiles(page)
      await page.getByText('Your drive is ready').waitFor()
      await assertAccessible(page, 'an empty drive')
      await give(page, 'letter.txt', 'notes.md', '<img src=x onerror=alert(1)>.txt', 'large.bin')
      await page.getByText('4 items added').waitFor()
      await page.locator('input[name=folder]').setInputFiles(join(folder, 'Trip'))
      await rowOf(page, 'Trip').waitFor()
      await rowOf(page, '<img src=x onerror=alert(1)>.txt').waitFor()
      await assertAccessible(page, 'the list, with uploads')
      await page.getByRole('region', { name: 'Uploads' }).getByRole('button', { name: 'Close' }).click()

      await rowOf(page, 'Trip').dblclick()
      await rowOf(page, 'Days').dblclick()
      await rowOf(page, 'one.txt').click()
      await page.keyboard.press('Space')
      const preview = page.getByRole('dialog', { name: 'Preview of one.txt' })
      await preview.getByText('one', { exact: true }).waitFor()
      await page.keyboard.press('Escape')
      await page.keyboard.press('Alt+ArrowLeft')
      await page.keyboard.press('Alt+ArrowLeft')
      await rowOf(page, 'notes.md').dblclick()
      const notes = page.getByRole('dialog', { name: 'Preview of notes.md' })
      await notes.getByRole('heading', { name: 'A title' }).waitFor()
      assert.equal(await notes.locator('a').count(), 0)
      await notes.getByText('<script>alert(1)</script>').waitFor()
      await assertAccessible(page, 'a preview')
    }),
)

test(
  '[AQ-QDRIVE-7] [AQ-QDRIVE-13] a file that comes again is a new version; versions are compared, and an older one comes back',
  { skip },
  () =>
    house.visit({ ...wide, colorScheme: 'dark' }, async ({ page }) => {
      await openFiles(page)
      await rowOf(page, 'letter.txt').waitFor()
      await writeFile(join(folder, 'letter.txt'), 'first line\nanother line\n')
      await give(page, 'letter.txt')
      await page.getByRole('dialog', { name: /is here already/ }).waitFor()
      await assertAccessible(page, 'the question')
      await page.getByRole('button', { name: 'Continue' }).click()
      await page.getByText('1 item added').waitFor()
      await rowOf(page, 'letter.txt').click()
      await page.keyboard.press('v')
      const compare = page.getByRole('button', { name: 'Compare version 1 with the latest' })
      await compare.waitFor()
      const names = await page.locator('.qd-versions strong').allTextContents()
      assert.equal(names.length, 2)
      await compare.click()
      await page.locator('.qd-diff-line[data-kind=added]', { hasText: 'another line' }).waitFor()
      await page.locator('.qd-diff-line[data-kind=removed]', { hasText: 'second line' }).waitFor()
      await assertAccessible(page, 'two versions, dark')
      await page.getByRole('button', { name: 'Restore version 1' }).click()
      await page.getByText('Version 1 is the latest again.').waitFor()
      await page.getByRole('tab', { name: 'On disk' }).click()
      await page.getByText('They do not have').waitFor()
      await rowOf(page, 'letter.txt').dblclick()
      await page.getByText('second line').waitFor()
    }),
)

test('[AQ-UI-5] a file is shared with terms, the ping file is saved, and it is taken back', { skip }, () =>
  house.visit({ ...wide, colorScheme: 'light' }, async ({ page }) => {
    await openFiles(page)
    await rowOf(page, 'notes.md').click()
    await page.keyboard.press('s')
    const dialog = page.getByRole('dialog', { name: /^Share/ })
    await dialog.getByRole('button', { name: 'Share' }).click()
    await dialog.getByText('Say with whom.').waitFor()
    await assertAccessible(page, 'the share dialogue')
    await dialog.getByLabel('With whom').fill('nobody here')
    await dialog.getByRole('button', { name: 'Share' }).click()
    await dialog.locator('.aq-note[data-tone=danger]').waitFor()
    await dialog.getByRole('button', { name: 'Work' }).click()
    await dialog.getByLabel('How often').fill('3')
    await dialog.getByLabel('What for').fill('review')
    await dialog.getByRole('button', { name: 'Share' }).click()
    const saved = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Save the ping file' }).click()
    const ping = await readFile(await (await saved).path())
    assert.ok(ping.length > 0 && ping.length < 1024)
    await page.getByRole('button', { name: 'Done' }).click()

    await house.node.operations.identities.use('Work')
    assert.equal(await textOf(house.node.operations.sharing.open(ping, { purpose: 'review' })), notes)
    await house.node.operations.identities.use('Ada')
    await page.reload()
    await openFiles(page)
    await page.getByRole('option', { name: 'Shared by me' }).click()
    await page.getByText('used 1 of 3 times').waitFor()
    await assertAccessible(page, 'what I share')
    await page.getByRole('button', { name: 'Revoke what Work may do' }).click()
    await page.getByRole('button', { name: 'Revoke now' }).click()
    await page.getByText('Revoked', { exact: true }).waitFor()
    await house.node.operations.identities.use('Work')
    await assert.rejects(textOf(house.node.operations.sharing.open(ping, { purpose: 'review' })), {
      code: /^refused\./,
    })
    await house.node.operations.identities.use('Ada')
  }),
)

test(
  '[AQ-UI-16] rename, new folder, trash, undo, put back and delete for good, all by keyboard',
  { skip },
  () =>
    house.visit({ ...wide, colorScheme: 'light' }, async ({ page }) => {
      await openFiles(page)
      await rowOf(page, 'letter.txt').waitFor()
      await page.getByRole('grid').focus()
      await page.keyboard.press('Shift+N')
      await page.getByRole('dialog', { name: 'New folder' }).waitFor()
      await page.keyboard.press('Control+a')
      await page.keyboard.type('Trip')
      await page.getByText('This name is taken here.').waitFor()
      await page.keyboard.press('Control+a')
      await page.keyboard.type('Papers')
      await page.keyboard.press('Enter')
      await rowOf(page, 'Papers').waitFor()
      await page.getByRole('grid').focus()
      await page.keyboard.type('letter')
      await page.keyboard.press('F2')
      await page.getByRole('dialog', { name: 'Rename' }).waitFor()
      await page.keyboard.press('Control+a')
      await page.keyboard.type('epistle.txt')
      await page.keyboard.press('Enter')
      await rowOf(page, 'epistle.txt').waitFor()
      await page.getByRole('grid').focus()
      await page.keyboard.press('Delete')
      await page.getByText('Moved “epistle.txt” to the trash.').waitFor()
      await page.getByRole('button', { name: 'Undo' }).click()
      await rowOf(page, 'epistle.txt').waitFor()
      await rowOf(page, 'epistle.txt').click()
      await page.keyboard.press('Delete')
      await page.getByRole('option', { name: 'Trash' }).click()
      await rowOf(page, 'epistle.txt').click()
      await page.getByRole('button', { name: 'Put back' }).click()
      await page.getByText('The trash is empty').waitFor()
      await page.getByRole('option', { name: 'Drive' }).click()
      await rowOf(page, 'epistle.txt').click()
      await page.keyboard.press('Delete')
      await page.getByRole('option', { name: 'Trash' }).click()
      await rowOf(page, 'epistle.txt').click()
      await page.keyboard.press('Delete')
      await page.getByRole('alertdialog').getByRole('button', { name: 'Delete for good' }).click()
      await page.getByText('The trash is empty').waitFor()
    }),
)

test('search finds as one types; tags are given and are places', { skip }, () =>
  house.visit({ ...wide, colorScheme: 'light' }, async ({ page }) => {
    await openFiles(page)
    await page.getByLabel('Search your drive').fill('plan')
    await rowOf(page, 'plan.txt').waitFor()
    await rowOf(page, 'plan.txt').click()
    await page.keyboard.press('t')
    await page.getByLabel('New tag').fill('summer')
    await page.getByRole('button', { name: 'Done' }).click()
    await page.getByRole('option', { name: 'summer' }).click()
    await rowOf(page, 'plan.txt').waitFor()
    await assertAccessible(page, 'a tag')
  }),
)

test('a copy and a move go where they are sent, and both are kept where the name is taken', { skip }, () =>
  house.visit({ ...wide, colorScheme: 'light' }, async ({ page }) => {
    await openFiles(page)
    await rowOf(page, 'notes.md').click()
    await page.keyboard.press('c')
    await page.getByRole('button', { name: 'Copy here' }).click()
    await rowOf(page, 'notes (2).md').click()
    await page.keyboard.press('m')
    await page.getByRole('option', { name: 'Papers' }).dblclick()
    await page.getByText('No folders in here.').waitFor()
    await page.getByRole('button', { name: 'Move here' }).click()
    await page.getByText('Moved “notes (2).md” to Papers.').waitFor()
    await rowOf(page, 'Papers').dblclick()
    await rowOf(page, 'notes (2).md').waitFor()
  }),
)

test('on a phone, in Spanish, one hand finds everything', { skip }, () =>
  house.visit({ ...phone, locale: 'es-ES', colorScheme: 'dark' }, async ({ page }) => {
    await page.getByRole('textbox').first().fill(passphrase)
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Archivos' }).first().click()
    await rowOf(page, 'notes.md').waitFor()
    await assertAccessible(page, 'Files on a phone')
    await rowOf(page, 'notes.md').click()
    await page.getByRole('button', { name: 'Compartir', exact: true }).click()
    await page.getByRole('dialog', { name: /^Compartir/ }).waitFor()
  }),
)

test('when the node goes away the list stays and says so', { skip }, () =>
  house.visit({ ...wide, colorScheme: 'light' }, async ({ page }) => {
    await openFiles(page)
    await rowOf(page, 'Trip').waitFor()
    await house.stop()
    await rowOf(page, 'Trip').dblclick()
    await page.getByText('The node does not answer').first().waitFor()
  }),
)
