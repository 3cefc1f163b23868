/** A feed at an https address in a real browser: added, looked at, refreshed, updated from, and removed. */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, before, test } from 'node:test'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { openTestSite, type TestSite, testCertificate } from '@anarq/web/testing'
import type { Locator, Page } from 'playwright-core'
import { anarq } from './packages.ts'
import { assertAccessible, type House, openHouse, passphrase, skip, unlock } from './visit.ts'

let house: House
let folder: string
let feed: string
let site: TestSite
let asked: string[] = []

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anarq-feed-address-'))
  feed = join(folder, 'site')
  if (skip !== false) return
  setDefaultCACertificates([...getCACertificates('default'), testCertificate])
  site = await openTestSite((request, response) => {
    asked.push(request.url ?? '')
    readFile(join(feed, basename(request.url ?? ''))).then(
      (bytes) => response.end(bytes),
      () => response.writeHead(404).end(),
    )
  })
  house = await openHouse()
  await house.node.operations.account.init({ name: 'Ada Lovelace', passphrase })
  await writeFile(join(folder, 'passphrase'), 'other copper meadow tram\n')
  await eve('init', '--name', 'Eve')
  await publish('0.1.0')
})
after(async () => {
  await house?.close()
  await site?.close()
  await rm(folder, { recursive: true, force: true })
})

/** The publisher, with a home of her own. */
const eve = (...args: string[]): Promise<string> =>
  anarq([...args, '--home', join(folder, 'eve'), '--passphrase-file', join(folder, 'passphrase')])

async function publish(version: string): Promise<void> {
  const app = join(folder, 'tea')
  if (version === '0.1.0') await eve('app', 'new', app, '--id', 'org.example.tea')
  const place = join(app, 'manifest.json')
  const manifest = JSON.parse(await readFile(place, 'utf8')) as object
  await writeFile(place, JSON.stringify({ ...manifest, version }))
  await eve('app', 'pack', app, '-o', `${app}.wxa`, '--force')
  await eve('app', 'submit', `${app}.wxa`, '--to', feed)
}

async function openStore(page: Page): Promise<Locator> {
  const bar = page.getByRole('list', { name: 'Apps', exact: true })
  await bar.getByRole('button', { name: 'Apps', exact: true }).click()
  const store = page.getByRole('region', { name: 'Apps', exact: true })
  await store.waitFor()
  return store
}

test(
  '[WX-DEV-10] [WX-APP-5] a feed at an address is added when it is known to be in one’s own network, and apps come and are updated from it',
  { skip },
  () =>
    house.visit({ viewport: { width: 1440, height: 900 }, colorScheme: 'light' }, async ({ page }) => {
      await unlock(page)
      const store = await openStore(page)
      await store.getByRole('button', { name: 'Install an app' }).first().click()
      await page.getByRole('menuitem', { name: 'Add a feed from an address…' }).click()
      const dialog = page.getByRole('dialog', { name: 'A feed at an address' })
      await dialog.getByLabel('Address').fill(`127.0.0.1:${site.port}/apps/`)
      await assertAccessible(page, 'the address of a feed')
      await shoot(page, 'address')
      await page.keyboard.press('Enter')
      await store.getByRole('heading', { name: 'This feed was not added' }).waitFor()
      await store.getByText('is a machine of a private network').waitFor()
      assert.deepEqual(asked, [], 'nothing went out')
      await shoot(page, 'private')
      await store.getByRole('button', { name: 'It is in my own network' }).click()
      const list = store.getByRole('region', { name: 'From Eve' })
      await list.getByText(`https://127.0.0.1:${site.port}/apps/`).waitFor()
      await list.getByText(/^Fetched /).waitFor()
      assert.deepEqual(asked, ['/apps/feed.json'])
      await shoot(page, 'list')

      await list.getByRole('button', { name: 'Look at tea 0.1.0' }).click()
      await store.getByRole('heading', { name: 'Install tea?' }).waitFor()
      await store.getByRole('button', { name: 'Install', exact: true }).click()
      await store.getByRole('heading', { name: 'tea', exact: true }).waitFor()
      assert.deepEqual(asked, ['/apps/feed.json', '/apps/org.example.tea-0.1.0.wxa'])
      await store.getByRole('button', { name: 'All apps' }).click()

      await publish('0.2.0')
      await list.getByRole('button', { name: 'Look again what Eve has' }).click()
      await page.getByText('New: 0. Updates: 1.').first().waitFor()
      await list.getByRole('button', { name: 'Update to 0.2.0: tea' }).click()
      await store.getByRole('button', { name: 'Update', exact: true }).click()
      await store.getByText('Version 0.2.0').waitFor()
      await store.getByRole('button', { name: 'All apps' }).click()
      await list.getByRole('button', { name: 'Look again what Eve has' }).click()
      await page.getByText('Nothing is new in it.').first().waitFor()
    }),
)

test('on a phone, where the address is away, what was seen stays; the feed is removed', { skip }, () =>
  house.visit(
    { viewport: { width: 390, height: 844 }, hasTouch: true, colorScheme: 'dark' },
    async ({ page }) => {
      await unlock(page)
      const store = await openStore(page)
      const list = store.getByRole('region', { name: 'From Eve' })
      await list.getByText(/^Fetched /).waitFor()
      await assertAccessible(page, 'a feed of an address on a phone')
      await shoot(page, 'list-phone-dark')
      await rm(feed, { recursive: true })
      await list.getByRole('button', { name: 'Look again what Eve has' }).tap()
      await page.getByText('The feed of Eve was not refreshed').first().waitFor()
      await list.getByText('0.2.0 installed').waitFor()
      await list.getByRole('button', { name: 'Remove the feed of Eve' }).tap()
      await page.getByRole('alertdialog').getByRole('button', { name: 'Remove' }).tap()
      await list.waitFor({ state: 'detached' })
      await store.getByRole('button', { name: /tea/ }).waitFor()
      asked = []
    },
  ),
)

/** For whoever wants to look: `ANARQ_SHOTS` names a folder. */
async function shoot(page: Page, name: string): Promise<void> {
  const place = process.env.ANARQ_SHOTS
  if (place !== undefined) await page.screenshot({ path: `${place}/feed-${name}.png` })
}
