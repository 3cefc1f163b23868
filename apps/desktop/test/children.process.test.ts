/** A guardian makes a child's identity on the screen, and the child's own device takes it in: two homes, files between. */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Node, openNode } from '@anarq/node'
import type { Locator, Page } from 'playwright-core'
import { assertAccessible, executable, type House, openHouse, passphrase, skip, unlock } from './visit.ts'

const wide = { viewport: { width: 1440, height: 900 } }
let house: House
let home: string
let device: Node
let enrolment: string

before(async () => {
  if (executable === undefined && skip !== false) return
  house = await openHouse()
  await house.node.operations.account.init({ name: 'Ada Lovelace', passphrase })
  await house.node.operations.identities.create({ kind: 'sub', name: 'Work' })
  home = await mkdtemp(join(tmpdir(), 'anarq-child-'))
  device = await openNode({ home })
  enrolment = (await device.operations.account.enrol({ name: 'Tablet', passphrase })).device
})
after(async () => {
  await device?.close()
  await house?.close()
  if (home !== undefined) await rm(home, { recursive: true, force: true })
})

async function openChildren(page: Page): Promise<Locator> {
  await page.getByRole('main').getByRole('button', { name: 'Identities', exact: true }).first().click()
  const window = page.locator('.window[aria-label="Identities"]')
  await window.locator('.aq-sidebar').getByRole('option', { name: 'Children' }).click()
  await window.getByRole('button', { name: 'New child' }).waitFor()
  return window
}

async function saved(page: Page, act: () => Promise<void>): Promise<string> {
  const download = page.waitForEvent('download')
  await act()
  return readFile(await (await download).path(), 'utf8')
}

test(
  'AQ-SQUID-2: a child gets its identity from the screen, lives on its device, and is renewed with other limits',
  {
    skip,
  },
  () =>
    house.visit({ ...wide, colorScheme: 'light' }, async ({ page }) => {
      await unlock(page)
      const window = await openChildren(page)
      await window.getByRole('button', { name: 'New child' }).press('Enter')
      const dialog = page.getByRole('dialog', { name: 'New child' })
      await dialog.getByRole('button', { name: 'Make the identity' }).press('Enter')
      await dialog.getByText('Choose the file that the device wrote.').waitFor()
      await dialog.getByText('Say who the second guardian is.').waitFor()
      await assertAccessible(page, 'a new child, nothing given')
      const file = { name: 'tablet.device', mimeType: 'text/plain', buffer: Buffer.from(enrolment) }
      await dialog.locator('input[type=file]').setInputFiles(file)
      await dialog.getByLabel('The child’s name').fill('Byron')
      await dialog.getByLabel('Day of birth').fill('2016-02-30')
      await dialog.getByText('Give a day that has passed, such as 2015-06-30.').waitFor()
      await dialog.getByLabel('Day of birth').fill('2016-02-28')
      await dialog.getByLabel('Second guardian').fill('Work')
      await dialog.getByLabel('Second guardian').press('Enter')
      const made = page.getByRole('dialog', { name: 'Byron has an identity' })
      await made.waitFor()
      await assertAccessible(page, 'what is carried')
      const invitation = await saved(page, () =>
        made.getByRole('button', { name: 'Save the invitation' }).click(),
      )
      const share = await saved(page, () => made.getByRole('button', { name: 'Save the share' }).click())
      assert.ok(share.length > 100 && share !== invitation)
      await made.getByRole('button', { name: 'Both are saved' }).click()
      const child = await device.operations.account.join({ file: invitation })
      assert.equal(child.kind, 'child')
      assert.equal(child.child?.limits.sharing, 'ask')

      await window.getByRole('button', { name: 'Renew, or change limits' }).click()
      const renewing = page.getByRole('dialog', { name: 'Renew Byron' })
      await renewing.getByRole('radio', { name: 'No', exact: true }).click()
      await renewing.getByLabel('When it may act').or(renewing.getByRole('textbox')).first().fill('7 to 8')
      await renewing.getByRole('button', { name: 'Renew and save the file' }).click()
      await renewing.getByText('Give a window such as 07:00-20:00, or nothing.').waitFor()
      await renewing.getByRole('textbox').first().fill('07:00-20:00')
      await assertAccessible(page, 'renewing')
      const renewal = await saved(page, () =>
        renewing.getByRole('button', { name: 'Renew and save the file' }).click(),
      )
      const renewed = await device.operations.account.join({ file: renewal })
      assert.equal(renewed.child?.limits.sharing, 'deny')
      assert.deepEqual(renewed.child?.limits.hours, [
        { days: [0, 1, 2, 3, 4, 5, 6], fromMinute: 420, toMinute: 1200 },
      ])
      assert.equal(await window.getByRole('button', { name: 'Hand the key over' }).count(), 0)
    }),
)
