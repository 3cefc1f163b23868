/** A guardian makes a child's identity on the screen, and the child's own device takes it in: two homes, files between. */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Node, openNode } from '@anarq/node'
import type { Locator, Page } from 'playwright-core'
import { assertAccessible, type House, openHouse, passphrase, phone, skip, unlock, wide } from './visit.ts'

let house: House
let home: string
let device: Node
let enrolment: string

before(async () => {
  if (skip !== false) return
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
      await dialog.getByText('Paste the text that the device shows, or choose its file.').waitFor()
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
      await made.getByRole('button', { name: 'Both are on their way' }).click()
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

/** What the child's device shows for its guardian. */
async function ownText(page: Page): Promise<string> {
  const field = page.getByLabel('The text of this device')
  await field.waitFor()
  await page.waitForFunction(
    (area) => (area as HTMLTextAreaElement).value !== '',
    await field.elementHandle(),
  )
  return field.inputValue()
}

async function takeIn(page: Page, file: string): Promise<void> {
  await page.getByLabel('What your guardian gave you').fill(file)
  await page.getByRole('button', { name: 'Take it in' }).press('Enter')
}

test('AQ-SQUID-2, AQ-SQUID-10: on its first screen a child’s device makes its keys, joins, and is renewed when its week is over; a lost one is replaced with both guardians', {
  skip,
}, async () => {
  const own = await openHouse()
  try {
    await own.visit({ ...phone, colorScheme: 'dark' }, async ({ page }) => {
      await page.getByRole('button', { name: 'Join with what a guardian gave you' }).press('Enter')
      await page.getByRole('button', { name: 'Make the keys of this device' }).press('Enter')
      await page.getByText('Type a name first.').waitFor()
      await assertAccessible(page, 'a child’s device, nothing typed')
      await page.getByLabel('Your name').fill('Byron')
      await page.getByLabel('Passphrase', { exact: true }).fill(passphrase)
      await page.keyboard.press('Enter')
      const text = await ownText(page)
      await assertAccessible(page, 'a device that waits')
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390)

      // Whoever closes the page meanwhile comes back with the passphrase.
      await page.reload()
      await page.getByRole('heading', { name: 'Waiting for a guardian' }).waitFor()
      await page.getByLabel('Passphrase', { exact: true }).fill(passphrase)
      await page.keyboard.press('Enter')
      assert.equal(await ownText(page), text)
      await takeIn(page, 'This is not it.')
      await page
        .getByRole('alert')
        .getByText(/not what is needed/)
        .waitFor()

      const { identities } = house.node.operations
      const made = await identities.createChild({
        name: 'Byron',
        birthMs: Date.UTC(2016, 1, 28),
        device: text,
        second: 'Work',
      })
      await takeIn(page, made.invitation)
      await page.getByRole('main', { name: 'Desktop' }).waitFor()

      // As the node says when its week is over.
      await page.getByRole('button', { name: 'Lock AnarQ' }).first().press('Enter')
      const over = { code: 'refused.expired', detail: 'No guardian has renewed this device.' }
      await page.route('**/api/v1/sessions', (route) =>
        route.fulfill({ status: 403, contentType: 'application/problem+json', body: JSON.stringify(over) }),
      )
      await page.getByLabel('Passphrase', { exact: true }).fill(passphrase)
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'This device needs another week' }).waitFor()
      await assertAccessible(page, 'a week that is over')
      await takeIn(page, (await identities.renew(made.did, { limits: { sharing: 'deny' } })).delegation)
      await page.getByRole('main', { name: 'Desktop' }).waitFor()
      await page.unroute('**/api/v1/sessions')
      const [ward] = await own.node.operations.identities.list()
      assert.equal(ward?.child?.limits.sharing, 'deny')
      // Where it is in already, it takes the next one in beside its limits.
      await page
        .getByRole('main')
        .getByRole('button', { name: 'Identities', exact: true })
        .first()
        .press('Enter')
      await page.getByRole('tab', { name: 'Children' }).click()
      await page.getByText('This is the child’s own home').waitFor()
      assert.equal(await page.getByRole('button', { name: 'New child' }).count(), 0)
      await assertAccessible(page, 'the child’s own home')
      await takeIn(page, (await identities.renew(made.did, { limits: { sharing: 'allow' } })).delegation)
      await page.getByText('It is taken in').first().waitFor()
      await page.getByText('Allowed', { exact: true }).first().waitFor()
      await replaceDevice(made.did, made.guardianShare)
    })
  } finally {
    await own.close()
  }
})

/** The second guardian lends on the screen, and the first one recovers on the screen; another device takes it in. */
async function replaceDevice(did: string, share: string): Promise<void> {
  const { identities } = house.node.operations
  const another = await mkdtemp(join(tmpdir(), 'anarq-another-'))
  const node = await openNode({ home: another })
  try {
    const { device: text } = await node.operations.account.enrol({ name: 'New tablet', passphrase })
    const ada = (await identities.list()).find(({ isCurrent }) => isCurrent)?.did ?? ''
    await identities.use('Work')
    let lent = ''
    await house.visit({ ...phone, colorScheme: 'light' }, async ({ page }) => {
      await unlock(page)
      await page.getByRole('main').getByRole('button', { name: 'Identities', exact: true }).first().click()
      await page.getByRole('tab', { name: 'Children' }).click()
      await page.getByLabel('The share that you keep').fill(share)
      await assertAccessible(page, 'a second guardian, on a phone')
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390)
      lent = await saved(page, () =>
        page.getByRole('button', { name: 'Lend it to the guardian' }).press('Enter'),
      )
    })
    assert.match(lent, /^anarq-share-1:/)
    await identities.use(ada)
    await house.visit({ ...wide, colorScheme: 'dark' }, async ({ page }) => {
      await unlock(page)
      const window = await openChildren(page)
      const lost = window.getByRole('button', { name: 'The device is lost' }).last()
      await lost.press('Enter')
      const dialog = page.getByRole('dialog', { name: 'Another device for Byron' })
      await dialog.getByRole('button', { name: 'Give the new device its identity' }).press('Enter')
      await dialog.getByText('Ask the second guardian for it').waitFor()
      await assertAccessible(page, 'another device, nothing given')
      await dialog.getByLabel('The text of the new device').fill(text)
      await dialog.getByLabel('What the second guardian lent').fill(lent)
      await dialog.getByLabel('Second guardian', { exact: true }).fill('Work')
      await page.keyboard.press('Enter')
      const made = page.getByRole('dialog', { name: 'Byron has another device' })
      await made.waitFor()
      const invitation = await saved(page, () =>
        made.getByRole('button', { name: 'Save the invitation' }).click(),
      )
      const child = await node.operations.account.join({ file: invitation })
      assert.equal(child.did, did)
      await made.getByRole('button', { name: 'Both are on their way' }).click()
    })
  } finally {
    await node.close()
    await rm(another, { recursive: true, force: true })
  }
}

test('a week that is over, and a child that is of age, are said in plain words', { skip }, () =>
  house.visit({ ...wide, colorScheme: 'light' }, async ({ page }) => {
    await unlock(page)
    const window = await openChildren(page)
    await window.getByText('Acts', { exact: true }).first().waitFor()
    const later = async (days: number): Promise<void> => {
      await page.evaluate((by) => {
        const now = Date.now.bind(Date)
        Date.now = () => now() + by
      }, days * 86_400_000)
      await window.locator('.aq-sidebar').getByRole('option', { name: 'Recovery' }).click()
      await window.locator('.aq-sidebar').getByRole('option', { name: 'Children' }).click()
    }
    await later(8)
    await window.getByText('Lapsed', { exact: true }).first().waitFor()
    await window.getByText('may do nothing until you renew it').first().waitFor()
    await assertAccessible(page, 'a child whose week is over')
    await later(20 * 366)
    await window.getByText('Hand the key over: you decide nothing').first().waitFor()
    await window.getByRole('button', { name: 'Hand the key over' }).first().waitFor()
    await assertAccessible(page, 'a child that is of age')
  }),
)
