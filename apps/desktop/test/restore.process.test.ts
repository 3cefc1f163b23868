/** A backup comes back in a browser: into an empty home, and then the desktop is as it was. */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { streamContent } from '@anarq/flows'
import { putOne } from '@anarq/kernel'
import { appFolder, shellId } from '@anarq/sdk'
import type { Page } from 'playwright-core'
import {
  assertAccessible,
  type House,
  openFiles,
  openHouse,
  passphrase,
  skip,
  slowLine,
  unlock,
  until,
} from './visit.ts'

const sizes = {
  wide: { viewport: { width: 1440, height: 900 } },
  phone: { viewport: { width: 390, height: 844 }, hasTouch: true },
} as const
/** So much that there is something to stop in the middle. */
const fileBytes = 12 * 1024 * 1024
let backup: Buffer

before(async () => {
  if (skip !== false) return
  const house = await openHouse()
  try {
    const { account, drive, health } = house.node.operations
    await account.init({ name: 'Ada Lovelace', passphrase })
    await house.visit({ ...sizes.wide, colorScheme: 'light' }, async ({ page }) => {
      await openFiles(page)
      // Where it lies is kept a moment later.
      await until(async () => (await layoutIn(house)).includes('"app"'), 'the layout is kept')
    })
    async function* noise(): AsyncIterable<Uint8Array> {
      for (let at = 0; at < fileBytes; at += 65_536) yield crypto.getRandomValues(new Uint8Array(65_536))
    }
    await putOne(drive, '/album.bin', { bytes: fileBytes, modifiedMs: 1, content: streamContent(noise()) })
    const pieces: Uint8Array[] = []
    for await (const piece of health.backup()) pieces.push(piece)
    backup = Buffer.concat(pieces)
  } finally {
    await house.close()
  }
})

async function layoutIn({ node }: House): Promise<string> {
  try {
    const { stream } = await node.operations.drive.get(`${appFolder(shellId)}/layout.json`)
    return Buffer.concat(await Array.fromAsync(stream)).toString()
  } catch {
    return ''
  }
}

const give = (page: Page, name: string, buffer: Buffer): Promise<void> =>
  page.locator('input[type=file]').setInputFiles({ name, mimeType: '', buffer })

for (const [size, colorScheme] of [
  ['wide', 'light'],
  ['phone', 'dark'],
] as const)
  test(`[AQ-QERBEROS-20] a backup that is chosen on the first screen brings the desktop back as it was: ${size}, ${colorScheme}`, {
    skip,
  }, async () => {
    const house: House = await openHouse()
    const state = async (): Promise<string> => (await house.node.operations.account.status()).state
    try {
      await house.visit({ ...sizes[size], colorScheme }, async ({ page }) => {
        const way = page.getByRole('button', { name: 'Restore from a backup' })
        await way.press('Enter')
        await page.getByText('so nothing is overwritten').waitFor()
        await assertAccessible(page, 'before a backup is chosen')

        await give(page, 'letter.txt', Buffer.from('This is no backup.'))
        await page
          .getByRole('alert')
          .getByText(/not a backup|cut short|damaged/)
          .waitFor()
        await assertAccessible(page, 'what is no backup')
        assert.equal(await state(), 'empty')

        // Stopped in the middle.
        const quickly = await slowLine(page, 512 * 1024)
        await give(page, 'mine.car', backup)
        await page.getByText(/^[1-9](\.\d)? MB of 1\d(\.\d)? MB$/).waitFor()
        await assertAccessible(page, 'a backup on its way')
        await page.getByRole('button', { name: 'Cancel' }).press('Enter')
        await page.getByRole('button', { name: 'Choose the backup' }).waitFor()
        await quickly()
        assert.equal(await state(), 'empty')
        await page.getByRole('button', { name: 'Back', exact: true }).press('Enter')
        await way.press('Enter')

        await give(page, 'mine.car', backup)
        await page.getByRole('heading', { name: 'Your backup is back' }).waitFor({ timeout: 60_000 })
        await assertAccessible(page, 'a backup that is back')
        assert.equal(await state(), 'locked')
        await unlock(page)
        // The window that was open then is open now; on a phone, one tap away. The tour of a first run is not due.
        if (size === 'phone')
          await page
            .getByRole('main')
            .getByRole('button', { name: 'Files', exact: true })
            .first()
            .press('Enter')
        await page.getByText('album.bin').filter({ visible: true }).first().waitFor()
        assert.equal(await page.getByRole('dialog').count(), 0)
      })
      const { files, findings } = await house.node.operations.health.verify()
      assert.ok(files > 0)
      assert.deepEqual(findings, [])
      assert.equal((await house.node.operations.audit.verify()).isWhole, true)
    } finally {
      await house.close()
    }
  })

test('a backup that is damaged in the middle says what became of it, and then goes on', {
  skip,
}, async () => {
  const house: House = await openHouse()
  try {
    const damaged = Buffer.from(backup)
    damaged.fill(0x41, damaged.length - 4_000_000, damaged.length - 3_999_992)
    await house.visit({ ...sizes.wide, colorScheme: 'light' }, async ({ page }) => {
      await page.getByRole('button', { name: 'Restore from a backup' }).press('Enter')
      await give(page, 'mine.car', damaged)
      await page.getByRole('heading', { name: 'Not all of your backup is back' }).waitFor({ timeout: 60_000 })
      await page.getByRole('alert').getByText('Damaged parts that stayed out: 1.').waitFor()
      await assertAccessible(page, 'a backup that is back in part')
      await page.getByRole('button', { name: 'Go on with what is back' }).press('Enter')
      await page.getByRole('heading', { name: 'Your backup is back' }).waitFor()
      await unlock(page)
    })
    assert.equal((await house.node.operations.health.verify()).findings.length, 1)
  } finally {
    await house.close()
  }
})

test('a node with an identity offers no restore, and says so to a page that tries', { skip }, async () => {
  const house = await openHouse()
  try {
    await house.node.operations.account.init({ name: 'Bob', passphrase })
    await house.visit({ ...sizes.wide, colorScheme: 'dark' }, async ({ page, address }) => {
      await page.getByLabel('Passphrase', { exact: true }).waitFor()
      assert.equal(await page.getByRole('button', { name: 'Restore from a backup' }).count(), 0)
      const said = await page.evaluate(async (at) => {
        const begin = await fetch(`${at}/api/v1/restores`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{"bytes":10}',
        })
        const { id } = (await begin.json()) as { id: string }
        const part = await fetch(`${at}/api/v1/restores/${id}?offset=0`, {
          method: 'PUT',
          headers: { 'content-type': 'application/octet-stream' },
          body: '0123456789',
        })
        return ((await part.json()) as { code: string }).code
      }, address)
      assert.equal(said, 'conflict.identity')
    })
  } finally {
    await house.close()
  }
})
