/** The system's own screens, as people use them: identities, consent, guardian. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { type Node, verifyAuditProofFile } from '@anarq/node'
import type { Locator, Page } from 'playwright-core'
import {
  assertAccessible,
  type House,
  looks,
  openHouse,
  passphrase,
  phone,
  skip,
  unlock,
  wide,
} from './visit.ts'

let house: House
let words: string

before(async () => {
  if (skip !== false) return
  house = await openHouse()
  words = await furnish(house.node)
})
after(async () => {
  await house?.close()
})

/** Somebody with a few identities who shared a file, and whose decoy was touched. */
async function furnish({ operations }: Node): Promise<string> {
  const { account, identities, sharing } = operations
  const ada = await account.init({ name: 'Ada Lovelace', passphrase })
  const work = await identities.create({ kind: 'sub', name: 'Work' })
  await keep(operations, 'Holiday plan.txt')
  await keep(operations, 'letter.txt')
  await sharing.share('/Holiday plan.txt', { with: work.did, uses: 3, purpose: 'planning' })
  const letter = await sharing.share('/letter.txt', { with: work.did })
  await sharing.revoke(letter.grant.id)
  await keep(operations, 'passwords.txt', true)
  const bait = await sharing.share('/passwords.txt', { with: work.did })
  await identities.use(work.did)
  await assert.rejects(sharing.open(letter.ping))
  await sharing.open(bait.ping).catch(() => undefined)
  await identities.use(ada.did)
  return ada.words
}

async function keep({ drive }: Node['operations'], path: string, isDecoy = false): Promise<void> {
  const bytes = Buffer.from(`This is ${path}.`)
  const content = { kind: 'small' as const, readAll: () => bytes }
  async function* items() {
    yield [{ kind: 'file' as const, path, bytes: bytes.length, modifiedMs: 1, mode: 0o644, content }]
  }
  await drive.put(items(), { isDecoy })
}

async function openApp(page: Page, name: string): Promise<Locator> {
  await page.getByRole('main').getByRole('button', { name, exact: true }).first().click()
  const window = page.locator(`.window[aria-label="${name}"]`)
  await window.waitFor()
  return window
}

const goTo = (window: Locator, place: string): Promise<void> =>
  window.locator('.aq-sidebar').getByRole('option', { name: place }).click()

test('an identity is made by keyboard alone, and shows in every place at once', { skip }, () =>
  house.visit({ ...wide, colorScheme: 'light' }, async ({ page }) => {
    await unlock(page)
    const window = await openApp(page, 'Identities')
    await window.getByText('Ada Lovelace', { exact: true }).waitFor()
    await assertAccessible(page, 'identities')
    await window.getByRole('button', { name: 'New identity' }).press('Enter')
    const dialog = page.getByRole('dialog', { name: 'New identity' })
    await dialog.waitFor()
    await page.keyboard.press('Enter')
    await dialog.getByText('Give it a name, so that you find it again.').waitFor()
    await page.keyboard.type('Night reader')
    await page.keyboard.press('Tab')
    await page.keyboard.press('ArrowDown')
    await assertAccessible(page, 'a new identity')
    await dialog.getByLabel('Its name').press('Enter')
    await dialog.waitFor({ state: 'detached' })
    await window.getByText('Night reader', { exact: true }).waitFor()
    const made = (await house.node.operations.identities.list()).find(({ name }) => name === 'Night reader')
    assert.equal(made?.kind, 'anonymous')
    await page.getByRole('button', { name: 'Acting as Ada Lovelace' }).click()
    await page.getByRole('menuitem', { name: /Night reader/ }).waitFor()
  }),
)

test('AQ-UI-2: switching in the screen changes who every window acts as', { skip }, () =>
  house.visit({ ...wide, colorScheme: 'dark' }, async ({ page }) => {
    await unlock(page)
    const window = await openApp(page, 'Identities')
    await window.getByRole('button', { name: 'Use Work' }).click()
    await page.getByRole('button', { name: 'Acting as Work' }).waitFor()
    const { current } = await house.node.operations.account.status()
    assert.equal(current?.name, 'Work')
    const again = await openApp(page, 'Identities')
    await again.getByRole('button', { name: 'More about Work' }).click()
    await again.getByText('In use').waitFor()
    await again.getByLabel('Card of Work').waitFor()
    await assertAccessible(page, 'one identity, dark')
    await again.getByRole('button', { name: 'Back to all identities' }).click()
    await again.getByRole('button', { name: 'Use Ada Lovelace' }).click()
    await page.getByRole('button', { name: 'Acting as Ada Lovelace' }).waitFor()
  }),
)

test('another browser is let in by its six digits, and put out again', { skip }, () =>
  house.visit({ ...wide, colorScheme: 'light' }, async ({ page }) => {
    await unlock(page)
    const window = await openApp(page, 'Identities')
    await goTo(window, 'Devices')
    await window.getByText('This browser').waitFor()
    const body = JSON.stringify({ key: Buffer.alloc(32, 9).toString('base64url'), browser: 'A phone' })
    const headers = { 'content-type': 'application/json' }
    const asked = await fetch(`${house.address}/api/v1/sessions/asks`, { method: 'POST', headers, body })
    const { digits } = (await asked.json()) as { digits: string }
    await window.getByText(`Digits: ${digits.split('').join(' ')}`).waitFor()
    await assertAccessible(page, 'devices, with one that asks')
    await window.getByRole('button', { name: 'Yes, let it in: A phone' }).click()
    await window.getByRole('button', { name: 'Put out A phone' }).click()
    await window.getByRole('button', { name: 'Put out A phone' }).waitFor({ state: 'detached' })
  }),
)

test('the drill says wrong for wrong words, right for the right ones, and when it was done', { skip }, () =>
  house.visit({ ...wide, colorScheme: 'light' }, async ({ page }) => {
    await unlock(page)
    const window = await openApp(page, 'Identities')
    await goTo(window, 'Recovery')
    await window.getByText('No drill is on record for this identity.').waitFor()
    const first = window.getByLabel('Word 1', { exact: true })
    await first.fill('abandon')
    await window.getByRole('button', { name: 'Check the words' }).click()
    await window.getByText('23 words are missing.').waitFor()
    await first.fill('abandon '.repeat(24).trim())
    await window.getByRole('button', { name: 'Check the words' }).click()
    await window.getByText('These words do not bring this home back.').waitFor()
    await assertAccessible(page, 'the drill')
    await first.fill(words)
    await window.getByRole('button', { name: 'Check the words' }).click()
    await window.getByText('Right: these words bring everything back.').waitFor()
    await window.getByText(/^Last done/).waitFor()
    assert.equal(await first.inputValue(), '')
    await goTo(window, 'Children')
    await window.getByText('No children here').waitFor()
    await goTo(window, 'Cards')
    await window.getByLabel('Card of Ada Lovelace').waitFor()
    await assertAccessible(page, 'cards')
  }),
)

test(
  'AQ-UI-4, AQ-QONSENT-13: what is in force, past and refused stands there, and is taken back in one press',
  { skip },
  () =>
    house.visit({ ...wide, colorScheme: 'light' }, async ({ page }) => {
      await unlock(page)
      const window = await openApp(page, 'Consent')
      const revoke = window.getByRole('button', { name: 'Take back Holiday plan.txt from Work' })
      await revoke.waitFor()
      await assertAccessible(page, 'consent')
      await revoke.click()
      await revoke.waitFor({ state: 'detached' })
      const grants = await house.node.operations.sharing.grants('out')
      assert.equal(grants.find(({ name }) => name === 'Holiday plan.txt')?.state, 'revoked')
      await window.getByRole('radio', { name: 'Past' }).click()
      await window.getByText('letter.txt').waitFor()
      await goTo(window, 'Refused')
      await window.getByText('Work asked to open it').first().waitFor()
      await assertAccessible(page, 'refused')
      await goTo(window, 'Apps')
      await window.getByText('No apps are installed').waitFor()
      await goTo(window, 'Allowed to me')
      await window.getByText('Nobody has allowed you anything yet').waitFor()
    }),
)

test('what was taken back can be sealed anew from the screen', { skip }, () =>
  house.visit({ ...wide, colorScheme: 'dark' }, async ({ page }) => {
    await unlock(page)
    const window = await openApp(page, 'Consent')
    await window.getByRole('button', { name: 'More about letter.txt' }).click()
    await page.getByRole('menuitem', { name: 'Take back and seal anew' }).click()
    const dialog = page.getByRole('dialog', { name: 'Seal “letter.txt” anew?' })
    await dialog.getByText('What was read cannot be unread').waitFor()
    await assertAccessible(page, 'sealing anew')
    await dialog.getByRole('button', { name: 'Take back and seal anew' }).click()
    await dialog.waitFor({ state: 'detached' })
    const [entry] = await house.node.operations.audit.tail({ action: 'object.reseal', limit: 1 })
    assert.equal(entry?.verdict, 'ok')
  }),
)

test(
  'AQ-UI-14: an alert shows its evidence, the log verifies, and a proof from the screen holds elsewhere',
  { skip },
  () =>
    house.visit({ ...wide, colorScheme: 'light' }, async ({ page }) => {
      await unlock(page)
      const window = await openApp(page, 'Guardian')
      await window.getByRole('button', { name: 'Show the evidence: A decoy was touched' }).click()
      await window.getByText('From where').waitFor()
      await assertAccessible(page, 'alerts')
      await goTo(window, 'Audit log')
      await window.getByRole('button', { name: 'Verify the log' }).click()
      await window.getByText(/^The log is whole/).waitFor()
      await window.getByRole('button', { name: /What was done/ }).click()
      await page.getByRole('option', { name: 'Allowed', exact: true }).click()
      await window.getByRole('listbox', { name: 'Entries, newest first' }).getByRole('option').first().click()
      const download = page.waitForEvent('download')
      await window.getByRole('button', { name: 'Download a proof' }).click()
      const file = await download
      assert.match(file.suggestedFilename(), /^audit-entry-\d+\.proof\.json$/)
      const text = await readFile(await file.path(), 'utf8')
      const checked = verifyAuditProofFile(text)
      assert.equal(checked.isValid, true, checked.sentence)
      assert.equal(verifyAuditProofFile(text.replace('grant.issue', 'grant.asked')).isValid, false)
      await window.getByRole('button', { name: /What was done/ }).click()
      await page.getByRole('option', { name: 'Everything', exact: true }).click()
      await window
        .getByRole('option', { name: /Proved an entry/ })
        .first()
        .waitFor()
      await assertAccessible(page, 'the audit log')
      await goTo(window, 'Live')
      await keep(house.node.operations, 'appears.txt')
      const flows = window.getByRole('list', { name: 'Latest acts, newest first' })
      await flows.getByText('Something comes in').first().waitFor()
      await flows.getByText('Stored').first().waitFor()
      await assertAccessible(page, 'flows')
      await goTo(window, 'Risk')
      await window.getByRole('meter', { name: 'Risk' }).first().waitFor()
      await window.getByText('Ada Lovelace', { exact: true }).waitFor()
      await assertAccessible(page, 'risk')
      await goTo(window, 'Decoys')
      await window.getByText('A decoy was touched').waitFor()
      await assertAccessible(page, 'decoys')
      await window.getByLabel('Folder and name').fill('/private/keys.txt')
      await window.getByRole('button', { name: 'Lay a decoy' }).click()
      await window.getByText('An empty file tempts nobody: write something.').waitFor()
      await window.getByLabel('What stands in it').fill('the safe: 12-34-56')
      await window.getByRole('button', { name: 'Lay a decoy' }).press('Enter')
      await window.getByText('/private/keys.txt', { exact: true }).waitFor()
      await window.getByRole('button', { name: 'Take away keys.txt' }).press('Enter')
      await page.getByRole('alertdialog').getByRole('button', { name: 'Take away' }).press('Enter')
      await window.getByText('/private/keys.txt', { exact: true }).waitFor({ state: 'detached' })
    }),
)

for (const colorScheme of looks)
  test(`on a phone the three fit, and nothing of them is out of reach: ${colorScheme}`, { skip }, () =>
    house.visit({ ...phone, colorScheme }, async ({ page }) => {
      await unlock(page)
      for (const name of ['Identities', 'Consent', 'Guardian']) {
        const window = await openApp(page, name)
        await window.getByRole('tablist').waitFor()
        for (const tab of await window.getByRole('tab').all()) {
          await tab.tap()
          await page.waitForTimeout(150)
          assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390)
        }
        await assertAccessible(page, `${name}, on a phone`)
        await page.getByRole('button', { name: 'Home' }).tap()
      }
    }),
  )

test('the three speak Spanish where the reader does', { skip }, () =>
  house.visit({ ...wide, locale: 'es-ES', colorScheme: 'light' }, async ({ page }) => {
    await page.getByRole('textbox').first().fill(passphrase)
    await page.keyboard.press('Enter')
    await page.getByRole('main', { name: 'Escritorio' }).waitFor()
    for (const [name, text] of [
      ['Identidades', 'Nueva identidad'],
      ['Permisos', 'Lo que he permitido'],
      ['Guardián', 'Han tocado un señuelo'],
    ] as const) {
      await (await openApp(page, name)).getByText(text).first().waitFor()
      await page.keyboard.press('Alt+Shift+W')
    }
  }),
)
