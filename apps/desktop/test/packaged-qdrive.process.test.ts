/**
 * The proof that the platform is real: Qdrive itself, packed as anybody packs an app, installed beside the built-in one on a
 * clean node with what its manifest asks for and nothing else, and used.
 */
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Locator, Page } from 'playwright-core'
import { buildModule } from '../build/module-package.ts'
import { anarq } from './packages.ts'
import { assertAccessible, type House, openHouse, passphrase, skip, unlock, until } from './visit.ts'

const wide = { viewport: { width: 1440, height: 900 }, colorScheme: 'light' } as const
const id = 'org.example.qdrive'
const name = 'Qdrive from a package'
const asked = ['drive.read', 'drive.write', 'consent.read', 'consent.manage', 'identity.read']

/** The packed screen as it is, with a button before it that asks for more with the very SDK that the screen was given. */
const probe = `import { mount as screen } from './main.js'
export function mount(element, shell) {
  const ask = document.createElement('button')
  const said = document.createElement('output')
  const place = document.createElement('div')
  place.style.height = 'calc(100% - 40px)'
  ask.textContent = 'Ask for more'
  ask.onclick = async () => {
    const tries = {
      guardian: () => shell.sdk.guardian.entries({}),
      identity: () => shell.sdk.identity.create({ kind: 'sub', name: 'Mine' }),
      apps: () => shell.sdk.apps.list({}),
      system: () => shell.sdk.system.status({}),
      browsers: () => shell.sdk.browsers.list({}),
      place: () => shell.sdk.storage.list({ path: '/.anarq/apps' }),
      bytes: () => shell.sdk.content.open({ path: '/.anarq/apps/installed.json' }),
      shell: () => shell.sdk.storage.list({ path: '/.anarq/data/os.anarq.shell' }),
    }
    const answers = []
    for (const [what, act] of Object.entries(tries))
      answers.push(what + ' ' + (await act().then(() => 'given', (fault) => fault.code)))
    said.textContent = answers.join(', ')
  }
  element.append(ask, said, place)
  return screen(place, shell)
}
`

let house: House
let work: string
let packed: string

before(async () => {
  if (skip !== false) return
  work = await mkdtemp(join(tmpdir(), 'anarq-packed-'))
  house = await openHouse()
  await house.node.operations.account.init({ name: 'Ada Lovelace', passphrase })
  await house.node.operations.identities.create({ kind: 'sub', name: 'Work' })
  const folder = join(work, 'app')
  await mkdir(folder)
  await buildModule('qdrive', folder, { id, name, ui: { kind: 'component', entry: 'ui/probe.js' } })
  await writeFile(join(folder, 'ui/probe.js'), probe)
  packed = join(work, 'qdrive.wxa')
  await anarq(['app', 'pack', folder, '-o', packed, '--home', house.node.home.root])
  await writeFile(join(work, 'letter.txt'), 'first line\nsecond line\n')
  await writeFile(join(work, 'large.bin'), Buffer.alloc(9_000_000, 7))
})
after(async () => {
  await house?.close()
  if (work !== undefined) await rm(work, { recursive: true, force: true })
})

const appOf = (page: Page): Locator => page.locator('.app-component')
const rowOf = (page: Page, file: string): Locator =>
  appOf(page).locator('[data-id]').filter({ hasText: file }).first()

/** By the launcher: it reaches every app, whatever lies before the home screen. */
async function openApp(page: Page, app: string): Promise<void> {
  await page.keyboard.press('Control+k')
  await page.getByRole('dialog', { name: 'Find' }).waitFor()
  await page.keyboard.type(app)
  await page.getByRole('option', { name: app }).first().waitFor()
  await page.keyboard.press('Enter')
}

async function textOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of stream) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}

async function installPacked(page: Page): Promise<void> {
  await page.getByRole('list', { name: 'Apps', exact: true }).getByRole('button', { name: 'Apps' }).click()
  const store = page.getByRole('region', { name: 'Apps', exact: true })
  await page.locator('input[type=file][accept=".wxa"]').setInputFiles(packed)
  await store.getByRole('heading', { name: `Install ${name}?` }).waitFor()
  const switches = store.getByRole('switch')
  assert.equal(await switches.count(), asked.length)
  for (const one of await switches.all()) await one.locator('xpath=ancestor::label').click()
  await store.getByLabel('Type “Ada Lovelace” to trust them').fill('Ada Lovelace')
  await store.getByRole('button', { name: 'Install and allow 5 things' }).click()
  await store.getByRole('button', { name: 'Open' }).click()
  await appOf(page).getByRole('navigation', { name: 'Places' }).waitFor()
}

test(
  '[WX-DEV-3] [WX-DEV-5] [WX-APP-6] Qdrive from a package does beside the built-in one what its manifest asks for, and nothing else',
  { skip },
  () =>
    house.visit(wide, async ({ page }) => {
      const { drive, sharing, identities, audit } = house.node.operations
      await unlock(page)
      await installPacked(page)
      await assertAccessible(page, 'the packed screen')

      await appOf(page)
        .locator('input[name=files]')
        .setInputFiles([join(work, 'letter.txt'), join(work, 'large.bin')])
      await page.getByText('2 items added').waitFor()
      await rowOf(page, 'letter.txt').waitFor()
      assert.equal((await drive.entry('/large.bin')).bytes, 9_000_000)
      await page.getByRole('region', { name: 'Uploads' }).getByRole('button', { name: 'Close' }).click()

      await rowOf(page, 'letter.txt').click()
      await page.keyboard.press('F2')
      await page.getByRole('dialog', { name: 'Rename' }).waitFor()
      await page.keyboard.press('Control+a')
      await page.keyboard.type('epistle.txt')
      await page.keyboard.press('Enter')
      await rowOf(page, 'epistle.txt').dblclick()
      await page.getByRole('dialog', { name: 'Preview of epistle.txt' }).getByText('second line').waitFor()
      await page.keyboard.press('Escape')
      await drive.entry('/epistle.txt')

      await rowOf(page, 'epistle.txt').click()
      const saved = page.waitForEvent('download')
      await page.keyboard.press('d')
      assert.equal(await readFile(await (await saved).path(), 'utf8'), 'first line\nsecond line\n')

      await rowOf(page, 'epistle.txt').click()
      await page.keyboard.press('s')
      const dialog = page.getByRole('dialog', { name: /^Share/ })
      await dialog.getByRole('button', { name: 'Work' }).click()
      await dialog.getByRole('button', { name: 'Share' }).click()
      const sealed = page.waitForEvent('download')
      await page.getByRole('button', { name: 'Save the ping file' }).click()
      const ping = await readFile(await (await sealed).path())
      await page.getByRole('button', { name: 'Done' }).click()
      await identities.use('Work')
      assert.equal(await textOf((await sharing.open(ping)).stream), 'first line\nsecond line\n')
      await identities.use('Ada Lovelace')

      // Who asked stands in what was decided.
      const decided = await audit.tail({ action: 'decision.qnt.write', limit: 50 })
      assert.ok(decided.some(({ details }) => details.module === id))
    }),
)

test(
  '[WX-APP-6] asked with its own SDK for what its manifest lacks, it is refused each time, and it is on record',
  { skip },
  () =>
    house.visit(wide, async ({ page }) => {
      const { audit } = house.node.operations
      await unlock(page)
      await openApp(page, name)
      await appOf(page).getByRole('button', { name: 'Ask for more' }).click()
      const said = appOf(page).locator('> output')
      await said.filter({ hasText: 'shell ' }).waitFor()
      assert.equal(
        await said.textContent(),
        [
          'guardian refused.permission',
          'identity refused.permission',
          'apps refused.permission',
          'system refused.permission',
          'browsers refused.permission',
          'place refused.place',
          'bytes refused.place',
          'shell refused.place',
        ].join(', '),
      )
      const noted = async (): Promise<unknown[]> =>
        (await audit.tail({ action: 'app.refused', limit: 20 }))
          .filter(({ details }) => details.app === id)
          .map(({ details }) => details.permission)
      // The answer does not wait until it is written down.
      await until(async () => (await noted()).length >= 5, 'each refusal is written down')
      assert.deepEqual((await noted()).sort(), [
        'apps.manage',
        'browsers.manage',
        'guardian.read',
        'identity.manage',
        'system.read',
      ])
    }),
)

test(
  '[WX-DEV-4] the built-in one beside it shows the same files, and each keeps its own things',
  { skip },
  () =>
    house.visit(wide, async ({ page }) => {
      await unlock(page)
      await openApp(page, 'Files')
      const files = page.locator('section.window:not(:has(.app-component)):has(.qd)')
      await files.locator('[data-id]').filter({ hasText: 'epistle.txt' }).first().waitFor()
      await openApp(page, name)
      await rowOf(page, 'epistle.txt').waitFor()
      assert.deepEqual(
        (await house.node.operations.identities.list()).map((one) => one.name).sort(),
        ['Ada Lovelace', 'Work'],
        'nobody was made',
      )
    }),
)
