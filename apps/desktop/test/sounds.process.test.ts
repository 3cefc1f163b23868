import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { hum } from './hum.ts'
import { packApp } from './packages.ts'
import { enter, type House, openHouse, passphrase, skip, unlock } from './visit.ts'

let house: House

before(async () => {
  if (skip !== false) return
  house = await openHouse()
  await house.node.operations.account.init({ name: 'Ada', passphrase })
})
after(async () => {
  await house?.close()
})

test('[WX-DEV-5] the example of sounds keeps a file that is larger than a call, and plays it', { skip }, () =>
  house.visit({ viewport: { width: 1440, height: 900 } }, async ({ page }) => {
    const sdk = await enter(house.address)
    const bytes = await readFile(await packApp(house.node.home.root, 'sounds'))
    await sdk.storage.write({ path: '/sounds.wxa', bytes })
    await sdk.apps.install({ path: '/sounds.wxa', granted: [] })
    await unlock(page)
    await page
      .getByRole('list', { name: 'Apps', exact: true })
      .getByRole('button', { name: 'Sounds', exact: true })
      .evaluate((element: HTMLElement) => element.click())
    const frame = page.frameLocator('iframe[title="Sounds"]')
    const wave = { name: 'hum.wav', mimeType: 'audio/wav', buffer: hum(60) }
    assert.ok(wave.buffer.length > 5 * 1024 * 1024)
    await frame.getByLabel('Add a sound').setInputFiles(wave)
    await frame.getByText('hum.wav is kept.').waitFor()
    await frame.getByRole('button', { name: 'Play hum.wav' }).click()
    const seconds = await frame.locator('audio').evaluate(
      (player: HTMLAudioElement) =>
        new Promise<number>((resolve) => {
          const look = (): unknown => (player.duration > 0 ? resolve(player.duration) : setTimeout(look, 50))
          look()
        }),
    )
    assert.equal(Math.round(seconds), 60)
  }),
)
