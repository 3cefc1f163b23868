/** Feeds in a real browser: a publisher's folder is added, apps come from it, and what was tampered with does not. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { readTree } from '@anarq/files'
import type { Locator, Page } from 'playwright-core'
import { anarq } from './packages.ts'
import {
  assertAccessible,
  type House,
  openAppsInSpanish,
  openHouse,
  passphrase,
  phone,
  skip,
  unlock,
  until,
  wide,
} from './visit.ts'

let house: House
let folder: string
let feed: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anarq-feed-'))
  feed = join(folder, 'from-eve')
  if (skip !== false) return
  house = await openHouse()
  await house.node.operations.account.init({ name: 'Ada Lovelace', passphrase })
  await writeFile(join(folder, 'passphrase'), 'other copper meadow tram\n')
  await eve('init', '--name', 'Eve')
  await publish('tea', '0.1.0')
  await publish('pot', '0.1.0')
})
after(async () => {
  await house?.close()
  await rm(folder, { recursive: true, force: true })
})

/** The publisher, with a home of her own. */
const eve = (...args: string[]): Promise<string> =>
  anarq([...args, '--home', join(folder, 'eve'), '--passphrase-file', join(folder, 'passphrase')])

async function publish(name: string, version: string, more: object = {}): Promise<void> {
  const app = join(folder, name)
  if (version === '0.1.0') await eve('app', 'new', app, '--id', `org.example.${name}`)
  const place = join(app, 'manifest.json')
  const manifest = JSON.parse(await readFile(place, 'utf8')) as object
  await writeFile(place, JSON.stringify({ ...manifest, version, ...more }))
  await eve('app', 'pack', app, '-o', `${app}.wxa`, '--force')
  await eve('app', 'submit', `${app}.wxa`, '--to', feed)
}

async function openStore(page: Page, name = 'Apps'): Promise<Locator> {
  await page.getByRole('list', { name, exact: true }).getByRole('button', { name, exact: true }).click()
  const store = page.getByRole('region', { name, exact: true })
  await store.waitFor()
  return store
}

/** Of folders of feeds, in the storage of the app. */
const copies = async (): Promise<number> =>
  (await house.node.operations.drive.list('/.anarq/data/org.anarq.store/feeds', {})).length

const add = (page: Page, place: string): Promise<void> =>
  page.locator('input[webkitdirectory]').setInputFiles(place)

test(
  '[WX-DEV-10] [WX-APP-5] a folder of this computer is added as a feed, and apps are installed and updated from it',
  { skip },
  () =>
    house.visit({ ...wide, colorScheme: 'light' }, async ({ page }) => {
      await unlock(page)
      const store = await openStore(page)
      await add(page, feed)
      const list = store.getByRole('region', { name: 'From Eve' })
      await list.getByText('Feed 2').waitFor()
      await assertAccessible(page, 'a feed')
      await shoot(page, 'feed')
      await list.getByRole('button', { name: 'Look at tea 0.1.0' }).click()
      await store.getByRole('heading', { name: 'Install tea?' }).waitFor()
      await store.getByText('Signed by Eve.').waitFor()
      await store.getByRole('button', { name: 'Install', exact: true }).click()
      await store.getByRole('heading', { name: 'tea', exact: true }).waitFor()

      await publish('tea', '0.2.0', { permissions: [{ id: 'drive.read', why: 'To count what you wrote.' }] })
      await store.getByRole('button', { name: 'All apps' }).click()
      await add(page, feed)
      await list.getByText('Feed 3').waitFor()
      await list.getByRole('button', { name: 'Update to 0.2.0: tea' }).waitFor()
      await shoot(page, 'feed-update')
      await store.getByRole('list', { name: 'Installed apps' }).getByRole('button', { name: /tea/ }).click()
      await store.getByRole('button', { name: 'Update to 0.2.0' }).click()
      await store.getByRole('heading', { name: 'New in this version' }).waitFor()
      await store.getByRole('switch', { name: /See and open all files/ }).waitFor()
      await store.getByRole('button', { name: 'Update', exact: true }).click()
      await store.getByText('Version 0.2.0').waitFor()
      // One copy of the folder is kept, of the newest.
      await until(async () => (await copies()) === 1, 'one copy is kept')
    }),
)

test(
  'a feed that was changed, one that is older, and a folder without one are refused, and nothing of them stays',
  { skip },
  () =>
    house.visit({ ...wide, colorScheme: 'dark' }, async ({ page }) => {
      const { drive } = house.node.operations
      await unlock(page)
      const store = await openStore(page)
      await store.getByRole('region', { name: 'From Eve' }).waitFor()
      const changed = join(folder, 'changed')
      await cp(feed, changed, { recursive: true })
      const text = await readFile(join(changed, 'feed.json'), 'utf8')
      await writeFile(join(changed, 'feed.json'), text.replace('"name":"tea"', '"name":"Tea"'))
      await add(page, changed)
      await store.getByRole('heading', { name: 'This feed was not added' }).waitFor()
      await store.getByText('The signature of this feed does not hold').waitFor()
      await assertAccessible(page, 'a refused feed')
      await shoot(page, 'feed-refused-dark')
      await store.getByRole('button', { name: 'All apps' }).click()
      await add(page, join(folder, 'tea'))
      await store.getByText('tea holds no feed').waitFor()
      await store.getByRole('button', { name: 'All apps' }).click()
      await until(async () => (await copies()) === 1, 'nothing stays of what was refused')

      // In a drive: whoever puts another package into the place of the one that is named gets it refused.
      await drive.put(readTree([feed], {}), { to: '/Shelf', isThorough: true })
      await store.getByRole('button', { name: 'Install an app' }).click()
      await page.getByRole('menuitem', { name: 'Add a feed from my drive…' }).click()
      await page.getByLabel('Path of the folder').fill('/Shelf/from-eve')
      await page.keyboard.press('Enter')
      await store.getByText('/Shelf/from-eve', { exact: true }).waitFor()
      const pot = join(folder, 'org.example.pot-0.1.0.wxa')
      await cp(join(feed, 'org.example.tea-0.2.0.wxa'), pot)
      await drive.put(readTree([pot], {}), { to: '/Shelf/from-eve', isThorough: true })
      await store.getByRole('button', { name: 'Look at pot 0.1.0' }).click()
      await store.getByText('is not the package that the feed names').waitFor()
      await store.getByRole('button', { name: 'All apps' }).click()

      await store.getByRole('button', { name: 'Remove the feed of Eve' }).click()
      await page.getByRole('alertdialog').getByRole('button', { name: 'Remove' }).click()
      await store.getByRole('region', { name: 'From Eve' }).waitFor({ state: 'detached' })
      await store.getByRole('button', { name: /tea/ }).waitFor()
      await until(async () => (await copies()) === 0, 'no copy is left')
      await house.node.operations.drive.entry('/Shelf/from-eve/feed.json')
    }),
)

test('on a phone, in Spanish, a feed is read with one hand', { skip }, () =>
  house.visit({ ...phone, colorScheme: 'dark', locale: 'es-ES' }, async ({ page }) => {
    await openAppsInSpanish(page)
    await page.getByRole('button', { name: 'Instalar una aplicación' }).waitFor()
    await add(page, feed)
    await page.getByRole('button', { name: 'Ver pot 0.1.0' }).waitFor()
    await assertAccessible(page, 'a feed on a phone')
    await shoot(page, 'feed-phone-es-dark')
  }),
)

/** For whoever wants to look: `ANARQ_SHOTS` names a folder. */
async function shoot(page: Page, name: string): Promise<void> {
  const place = process.env.ANARQ_SHOTS
  if (place !== undefined) await page.screenshot({ path: `${place}/store-${name}.png` })
}
