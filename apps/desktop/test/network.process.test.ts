/** The node among others, as people see it: an invitation made on one screen, taken in on another node, and back. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { PutItem } from '@anarq/flows'
import { type Node, openNode } from '@anarq/node'
import type { Locator, Page } from 'playwright-core'
import { assertAccessible, type House, openHouse, passphrase, phone, skip, unlock, wide } from './visit.ts'

/** Periods of seconds, so that two relays agree on one while a person looks. */
const rules = { discovery: { periodMs: 16_000, roundMs: 2_000, gossipEveryMs: 2_000, bitsMin: 8 } }
const among = (listen: string, roles: readonly ('operator' | 'relay')[]) => ({
  net: { listen, isAmongOthers: true, roles, rules },
})
let house: House
let other: Node
let otherHome: string

before(async () => {
  if (skip !== false) return
  house = await openHouse(among('tcp://127.1.0.1:0', ['relay']))
  await house.node.operations.account.init({ name: 'Ada Lovelace', passphrase })
  otherHome = await mkdtemp(join(tmpdir(), 'anarq-other-'))
  const passphraseCost = { memoryKiB: 8, passes: 1, lanes: 1 }
  other = await openNode({
    home: otherHome,
    passphraseCost,
    ...among('tcp://127.2.0.1:0', ['operator', 'relay']),
  })
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

const fileItem = (path: string, content: Uint8Array): PutItem => ({
  kind: 'file',
  path,
  bytes: content.length,
  modifiedMs: 0,
  content: { kind: 'small', readAll: () => content },
})

async function* itemsOf(...items: readonly PutItem[]): AsyncIterable<readonly PutItem[]> {
  yield items
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
    await goTo(window, 'Roles')
    await window.getByText('Drawn for this period', { exact: true }).waitFor({ timeout: 90_000 })
    await window.getByText('Guarantees 99%').waitFor()
    await window.getByRole('meter', { name: 'Fitness' }).waitFor()

    await assertAccessible(page, 'roles')
  }),
)

test('people whose nodes answer are there', { skip }, () =>
  house.visit({ ...wide, colorScheme: 'dark' }, async ({ page }) => {
    const { operations } = house.node
    const [ada, bob] = [
      await operations.identities.show('Ada Lovelace'),
      await other.operations.identities.show('Bob'),
    ]
    await operations.identities.learn(bob.card)
    await other.operations.identities.learn(ada.card)
    await other.operations.drive.put(itemsOf(fileItem('letter.txt', new TextEncoder().encode('Dear Ada'))))
    const { ping } = await other.operations.sharing.share('letter.txt', { with: ada.did })
    await operations.sharing.open(ping)
    await unlock(page)
    const window = await openNetwork(page)
    await goTo(window, 'People')
    await window.getByText('Gave you letter.txt').waitFor()
    await window.getByText('There now', { exact: true }).waitFor()
    await assertAccessible(page, 'people')
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
    await window.getByRole('tab', { name: 'Roles' }).tap()
    await window.getByText('Guarantees 99%').waitFor()

    await assertAccessible(page, 'roles on a phone')
  }),
)

test('[AQ-UI-5] a node that is on no network is put among others by keyboard alone, says what does not read, and is taken off again', {
  skip,
}, async () => {
  const alone = await openHouse({ meetsAsChosen: true })
  try {
    await alone.node.operations.account.init({ name: 'Eve', passphrase })
    await alone.visit({ ...wide, colorScheme: 'dark' }, async ({ page }) => {
      await unlock(page)
      const window = await openNetwork(page)
      await window.getByText('This node is on no network').waitFor()
      await assertAccessible(page, 'on no network')
      await window.getByRole('radio', { name: 'Only gets what was shared' }).focus()
      await page.keyboard.press('ArrowDown')
      await page.keyboard.press('ArrowDown')
      await window.getByLabel('At this port').fill('70000')
      await window.getByRole('radio', { name: 'So much' }).press('Enter')
      await window.getByLabel('Size in GB').fill('2')
      await window.getByRole('button', { name: 'Meet others this way' }).press('Enter')
      await window.getByText('A port is a number from 1 to 65535.').waitFor()
      await assertAccessible(page, 'a port that is none')
      await window.getByRole('radio', { name: 'Goes out to others' }).focus()
      await page.keyboard.press('Space')
      await window.getByRole('button', { name: 'Meet others this way' }).press('Enter')
      await window.getByText('It knows no other node yet').waitFor()
      assert.deepEqual(alone.node.ways.get(), {
        ...{ way: 'out', port: 4610, giveBytes: 2 * 1024 ** 3 },
        isFixed: false,
      })
      await assertAccessible(page, 'among others')
    })
    await alone.visit({ ...phone, colorScheme: 'light', locale: 'es-ES' }, async ({ page }) => {
      await page.getByLabel('Frase de acceso', { exact: true }).fill(passphrase)
      await page.keyboard.press('Enter')
      await page.getByRole('main').getByRole('button', { name: 'Red', exact: true }).first().tap()
      await page
        .getByText(/^Solo busca lo compartido/)
        .last()
        .tap()
      await page.getByRole('button', { name: 'Conocer a otros así' }).tap()
      await page.getByText('Este nodo no está en ninguna red').waitFor()
      await assertAccessible(page, 'taken off, phone')
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390)
    })
  } finally {
    await alone.close()
  }
})
