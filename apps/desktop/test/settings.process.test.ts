/** Settings that reach into the node: room and quota, a backup and its drill, keys for tools, the network as it is. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { streamContent } from '@anarq/flows'
import type { Node } from '@anarq/node'
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

const mebibyte = 1024 * 1024
let house: House

before(async () => {
  if (skip !== false) return
  house = await openHouse()
  await house.node.operations.account.init({ name: 'Ada Lovelace', passphrase })
  await put(house.node, 'album.bin', 3 * mebibyte)
})
after(async () => {
  await house?.close()
})

async function put({ operations }: Node, path: string, bytes: number): Promise<void> {
  const content = crypto.getRandomValues(new Uint8Array(Math.min(bytes, 65_536)))
  async function* pieces() {
    for (let at = 0; at < bytes; at += content.length) {
      crypto.getRandomValues(content)
      yield content.slice(0, Math.min(content.length, bytes - at))
    }
  }
  async function* items() {
    yield [
      { kind: 'file' as const, path, bytes, modifiedMs: 1, mode: 0o644, content: streamContent(pieces()) },
    ]
  }
  await operations.drive.put(items())
}

async function openSettings(page: Page): Promise<Locator> {
  await page.getByRole('main').getByRole('button', { name: 'Settings', exact: true }).first().click()
  const window = page.locator('.window[aria-label="Settings"]')
  await window.waitFor()
  return window
}

const goTo = (window: Locator, place: string): Promise<void> =>
  window.locator('.aq-sidebar').getByRole('option', { name: place, exact: true }).click()

test('the quota that is set on the screen holds puts back, and says what to do', { skip }, () =>
  house.visit({ ...wide, colorScheme: 'light' }, async ({ page }) => {
    await unlock(page)
    const window = await openSettings(page)
    await goTo(window, 'Storage')
    await window.getByText('1 file, 3 MB').waitFor()
    await window.getByRole('meter', { name: 'Of the room on this disk' }).waitFor()
    await assertAccessible(page, 'storage')
    const size = window.getByLabel('Size in GB')
    await size.fill('ten')
    await size.press('Enter')
    await window.getByText('Give a size in GB, such as 50 or 0.5.').waitFor()
    await size.fill('0,005')
    await size.press('Enter')
    await window.getByRole('meter', { name: 'Of your quota' }).waitFor()
    await assert.rejects(put(house.node, 'more.bin', 4 * mebibyte), { code: 'limit.quota' })
    await window.getByRole('button', { name: 'Tidy up' }).click()
    await page
      .getByText(/freed$/)
      .first()
      .waitFor()
    await window.getByRole('button', { name: 'Remove the quota' }).click()
    await window.getByText('No quota is set').waitFor()
    await put(house.node, 'more.bin', 4 * mebibyte)
    await window.getByText('2 files, 7 MB').waitFor()
  }),
)

test('[AQ-QERBEROS-20] a backup is made, and the drill says what it would bring back', { skip }, () =>
  house.visit({ ...wide, colorScheme: 'dark' }, async ({ page }) => {
    await unlock(page)
    const window = await openSettings(page)
    await goTo(window, 'Backup')
    const download = page.waitForEvent('download')
    await window.getByRole('button', { name: 'Make and save' }).press('Enter')
    const file = await download
    assert.match(file.suggestedFilename(), /^anarq-\d{4}-\d\d-\d\d\.car$/)
    const backup = await readFile(await file.path())
    assert.ok(backup.length > 3 * mebibyte)
    const chosen = window.locator('input[type=file]')
    const given = { name: 'mine.car', mimeType: '', buffer: backup }
    await chosen.setInputFiles(given)
    await window.getByText('mine.car would bring everything back.').waitFor()
    await window.getByText('Would come back', { exact: true }).waitFor()
    await assertAccessible(page, 'a drill, dark')
    // Where windows lie is kept in the node too: no file is another for it.
    await goTo(window, 'Storage')
    await goTo(window, 'Backup')
    await page.waitForTimeout(1500)
    await chosen.setInputFiles(given)
    await window.getByText('mine.car would bring everything back.').waitFor()
    await put(house.node, 'Later/letter.txt', 1000)
    await chosen.setInputFiles(given)
    await window.getByText('mine.car is sound, and older than what is here.').waitFor()
    await window
      .getByRole('list', { name: 'Added or changed since it was made:' })
      .getByText('/Later/letter.txt')
      .waitFor()
    await assertAccessible(page, 'an older backup, dark')
    await chosen.setInputFiles({ ...given, buffer: backup.subarray(0, backup.length - 100) })
    await window.getByText(/cut short/).waitFor()
    await chosen.setInputFiles({ ...given, buffer: Buffer.from('hello') })
    await window.getByText(/cut short|not a backup|damaged|too large/).waitFor()
    const there = await house.node.operations.drive.list('/')
    assert.equal(there.filter(({ name }) => name !== '.anarq').length, 3)
  }),
)

test('a key for a tool is made by keyboard alone, shown once, works, and is taken back', { skip }, () =>
  house.visit({ ...wide, colorScheme: 'light' }, async ({ page, address }) => {
    await unlock(page)
    const window = await openSettings(page)
    await goTo(window, 'Keys for tools')
    await window.getByText('No tool has a key').waitFor()
    await assertAccessible(page, 'no keys')
    await window.getByRole('button', { name: 'New key' }).press('Enter')
    const dialog = page.getByRole('dialog', { name: 'New key' })
    await dialog.waitFor()
    await page.keyboard.press('Enter')
    await dialog.getByText('Give it a name, so that you know it again.').waitFor()
    await page.keyboard.type('Laptop')
    await assertAccessible(page, 'a new key')
    await page.keyboard.press('Enter')
    const shown = page.getByRole('dialog', { name: 'The key “Laptop”' })
    await shown.waitFor()
    await assertAccessible(page, 'the key, shown once')
    const secret = (await shown.locator('.settings-secret code').textContent()) ?? ''
    const reach = async (): Promise<number> => {
      const authorization = `Basic ${Buffer.from(`me:${secret}`).toString('base64')}`
      const answer = await fetch(`${address}/dav/`, {
        method: 'PROPFIND',
        headers: { authorization, depth: '0' },
      })
      await answer.arrayBuffer()
      return answer.status
    }
    assert.equal(await reach(), 207)
    await shown.getByRole('button', { name: 'I have put it in' }).press('Enter')
    await shown.waitFor({ state: 'detached' })
    await window.getByText(/WebDAV · the whole drive · read · until/).waitFor()
    assert.equal(await page.getByText(secret).count(), 0)
    await window.getByRole('button', { name: 'Take back Laptop' }).press('Enter')
    const sure = page.getByRole('alertdialog')
    await assertAccessible(page, 'taking a key back')
    await sure.getByRole('button', { name: 'Take back' }).press('Enter')
    await window.getByText('Taken back', { exact: true }).waitFor()
    assert.equal(await reach(), 401)
  }),
)

test('the network is told as it is, and what AnarQ is made of can be read', { skip }, () =>
  house.visit({ ...wide, colorScheme: 'light' }, async ({ page, address }) => {
    await unlock(page)
    const window = await openSettings(page)
    await goTo(window, 'Network')
    await window.getByText('This node only goes out.').waitFor()
    await window.getByText(address, { exact: true }).waitFor()
    await window.getByText('This machine alone').waitFor()
    await assertAccessible(page, 'network')
    await goTo(window, 'About')
    const link = window.getByRole('link', { name: 'Libraries and their licences' })
    const answer = await fetch(address + (await link.getAttribute('href')))
    assert.match(await answer.text(), /fastify \d+\.\d+\.\d+\n {4}MIT/)
    await assertAccessible(page, 'about')
  }),
)

test('where other nodes come in is told, with the address', { skip }, async () => {
  const open = await openHouse({ net: { listen: 'tcp://127.0.0.1:0', isAmongOthers: true } })
  try {
    await open.node.operations.account.init({ name: 'Ada Lovelace', passphrase })
    await open.visit({ ...wide, colorScheme: 'dark' }, async ({ page }) => {
      await unlock(page)
      const window = await openSettings(page)
      await goTo(window, 'Network')
      await window.getByText('Other nodes reach this one.').waitFor()
      await window.getByText(open.node.net()?.address ?? 'nowhere', { exact: true }).waitFor()
      await assertAccessible(page, 'a node that listens')
    })
  } finally {
    await open.close()
  }
})

for (const colorScheme of looks)
  test(`on a phone every place of Settings fits: ${colorScheme}`, { skip }, () =>
    house.visit({ ...phone, colorScheme }, async ({ page }) => {
      await unlock(page)
      const window = await openSettings(page)
      await window.getByRole('tablist').waitFor()
      for (const tab of await window.getByRole('tab').all()) {
        await tab.tap()
        await page.waitForTimeout(150)
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390)
        await assertAccessible(page, `${await tab.textContent()}, on a phone`)
      }
    }),
  )
