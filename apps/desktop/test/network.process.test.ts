/** The node among others, as people see it: an invitation made on one screen, taken in on another node, and back. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Node, openNode } from '@anarq/node'
import type { Locator, Page } from 'playwright-core'
import { assertAccessible, executable, type House, openHouse, passphrase, skip, unlock } from './visit.ts'

const wide = { viewport: { width: 1440, height: 900 } }
const phone = { viewport: { width: 390, height: 844 }, hasTouch: true }
const among = (listen: string) => ({ net: { listen, isAmongOthers: true } })
let house: House
let other: Node
let otherHome: string

before(async () => {
  if (executable === undefined && skip !== false) return
  house = await openHouse(among('tcp://127.1.0.1:0'))
  await house.node.operations.account.init({ name: 'Ada Lovelace', passphrase })
  otherHome = await mkdtemp(join(tmpdir(), 'anarq-other-'))
  const passphraseCost = { memoryKiB: 8, passes: 1, lanes: 1 }
  other = await openNode({ home: otherHome, passphraseCost, ...among('tcp://127.2.0.1:0') })
  await other.operations.account.init({ name: 'Bob', passphrase })
})
after(async () => {
  await house?.close()
  await other?.close()
  if (otherHome !== undefined) await rm(otherHome, { recursive: true, force: true })
})

async function openNetwork(page: Page): Promise<Locator> {
  await page.getByRole('main').getByRole('button', { name: 'Network', exact: true }).first().click()
  const window = page.locator('.window[aria-label="Network"]')
  await window.waitFor()
  return window
}

const goTo = (window: Locator, place: string): Promise<void> =>
  window.locator('.aq-sidebar').getByRole('option', { name: place }).click()

test('an invitation is made, shown as a line and a code, and leads another node here', { skip }, () =>
  house.visit({ ...wide, colorScheme: 'light' }, async ({ page }) => {
    await unlock(page)
    const window = await openNetwork(page)
    await window.getByText('It knows no other node yet').waitFor()
    await window.getByRole('button', { name: 'Make an invitation' }).press('Enter')
    await window.getByRole('img', { name: 'The invitation as a code for a camera' }).waitFor()
    await assertAccessible(page, 'network with an invitation')
    const line = await window.getByLabel('The invitation', { exact: true }).inputValue()
    await other.net()?.operations?.join(line)
    await window.getByText('Among others', { exact: true }).waitFor()
    await goTo(window, 'Nodes')
    await window.getByText(String(other.net()?.id.slice(0, 12))).waitFor()
    await window.getByText('Linked', { exact: true }).waitFor()
    await assertAccessible(page, 'nodes')
    await goTo(window, 'Neighbours')
    await window.getByText('2 of 25 seats taken').waitFor({ timeout: 60_000 })
    await window.getByRole('meter', { name: 'Room given' }).waitFor()
    await assertAccessible(page, 'neighbours')
    await goTo(window, 'Circuits')
    await window.getByText('Too few nodes offer to pass circuits on').waitFor()
    await window.getByText('No circuit is open').waitFor()
    await assertAccessible(page, 'circuits')
  }),
)

test('an invitation is taken in by keyboard on a phone, and what is none is told at once', { skip }, () =>
  house.visit({ ...phone, colorScheme: 'dark' }, async ({ page }) => {
    await unlock(page)
    const window = await openNetwork(page)
    const field = window.getByLabel('Their invitation')
    await field.fill('come over')
    await window.getByText('That is no invitation').waitFor()
    await assertAccessible(page, 'network on a phone')
    await field.fill(`Hello! ${other.net()?.operations?.invite().invitation} See you`)
    await field.press('Enter')
    await page.getByText('know each other now').first().waitFor()
    assert.equal(await field.inputValue(), '')
  }),
)
