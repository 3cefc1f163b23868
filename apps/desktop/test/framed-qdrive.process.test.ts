/** Qdrive itself as a page in a frame, with nothing but messages between it and the system. */
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { buildModule } from '../build/module-package.ts'
import { anarq } from './packages.ts'
import { enter, executable, type House, openHouse, passphrase, skip, unlock } from './visit.ts'

const id = 'org.example.qdrive'
const name = 'Qdrive in a frame'
const granted = ['drive.read', 'drive.write', 'consent.read', 'consent.manage', 'identity.read']

let house: House
let work: string

before(async () => {
  if (executable === undefined && skip !== false) return
  work = await mkdtemp(join(tmpdir(), 'anarq-framed-'))
  house = await openHouse()
  await house.node.operations.account.init({ name: 'Ada', passphrase })
  const folder = join(work, 'app')
  await mkdir(folder)
  await buildModule('qdrive', folder, { id, name, ui: { kind: 'frame', entry: 'ui/index.html' } })
  const packed = join(work, 'qdrive.wxa')
  await anarq(['app', 'pack', folder, '-o', packed, '--home', house.node.home.root])
  const sdk = await enter(house.address)
  await sdk.storage.write({ path: '/qdrive.wxa', bytes: await readFile(packed) })
  await sdk.apps.install({ path: '/qdrive.wxa', granted })
  await writeFile(join(work, 'large.bin'), Buffer.alloc(20_000_000, 7))
  await writeFile(join(work, 'long.txt'), `first line\n${'another line of many\n'.repeat(300_000)}`)
})
after(async () => {
  await house?.close()
  if (work !== undefined) await rm(work, { recursive: true, force: true })
})

test(
  '[WX-DEV-5] [WX-APP-4] Qdrive in a frame puts files larger than a call, and shows one of them',
  { skip },
  () =>
    house.visit({ viewport: { width: 1440, height: 900 }, colorScheme: 'light' }, async ({ page }) => {
      await unlock(page)
      await page
        .getByRole('list', { name: 'Apps', exact: true })
        .getByRole('button', { name, exact: true })
        .evaluate((element: HTMLElement) => element.click())
      const frame = page.frameLocator(`iframe[title="${name}"]`)
      await frame.getByRole('navigation', { name: 'Places' }).waitFor()
      await frame
        .locator('input[name=files]')
        .setInputFiles([join(work, 'large.bin'), join(work, 'long.txt')])
      await frame.getByText('2 items added').waitFor({ timeout: 60_000 })
      const { drive, audit } = house.node.operations
      assert.equal((await drive.entry('/large.bin')).bytes, 20_000_000)
      assert.ok((await drive.entry('/long.txt')).bytes > 6_000_000)
      await frame.locator('[data-id]').filter({ hasText: 'long.txt' }).first().dblclick()
      await frame.getByRole('dialog', { name: 'Preview of long.txt' }).getByText('first line').waitFor()
      const decided = await audit.tail({ action: 'decision.qnt.write', limit: 50 })
      assert.ok(decided.some(({ details }) => details.module === id))
    }),
)
