import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { fromUtf8 } from '@anarq/bytes'
import { createPageClient, createPageKey, createSdk, type PageSession } from '@anarq/sdk/browser'
import { packFiles, withManifest } from '@anarq/wxa'
import { deflate, writeZip } from '@anarq/zip'
import { assertAccessible, executable, type House, openHouse, passphrase, skip, unlock } from './visit.ts'

let house: House

before(async () => {
  if (executable === undefined && skip !== false) return
  house = await openHouse()
  const { operations } = house.node
  await operations.account.init({ name: 'Ada', passphrase })
  const { manifest, entries } = packFiles(
    [
      { path: 'icon.svg', bytes: fromUtf8('<svg xmlns="http://www.w3.org/2000/svg"/>') },
      { path: 'ui/index.html', bytes: fromUtf8(page) },
      { path: 'ui/app.js', bytes: fromUtf8(script) },
    ],
    {
      manifest: 1,
      id: 'org.example.curious',
      name: 'Curious',
      version: '1.0.0',
      category: 'productivity',
      description: 'Tries what it may.',
      permissions: [],
      icon: 'icon.svg',
      ui: { kind: 'frame', entry: 'ui/index.html' },
    },
    { deflate },
  )
  const bytes = writeZip(withManifest(entries, await operations.identities.signApp(manifest)))
  const sdk = await enter(house.address)
  await sdk.storage.write({ path: '/curious.wxa', bytes })
  await sdk.identity.create({ kind: 'sub', name: 'Work' })
  await sdk.identity.create({ kind: 'anonymous', name: 'Nobody' })
  await sdk.apps.install({ path: '/curious.wxa', granted: [] })
})
after(async () => {
  await house?.close()
})

const page =
  '<!doctype html><html lang="en"><title>Curious</title><link rel="stylesheet" href="/design/anarq.css"><main><h1>Curious</h1><pre id="told"></pre></main><script src="app.js"></script></html>'

/** Tells what came of each thing that it tried. */
const script = `
addEventListener('message', ({ data, ports: [port] }) => {
  if (data.anarq !== 1 || port === undefined) return
  const answers = new Map()
  let id = 0
  const call = (name, input) => new Promise((resolve) => {
    answers.set(++id, resolve)
    port.postMessage({ v: 1, id, call: name, with: input })
  })
  port.onmessage = ({ data }) => {
    if (data.event !== undefined) { document.body.dataset[data.event] = JSON.stringify(data.value); return }
    answers.get(data.id)?.('ok' in data ? data.ok : data.fault.code)
  }
  const attempt = async (act) => { try { await act(); return 'reached' } catch (error) { return error.name } }
  void (async () => {
    await call('storage.write', { path: 'app:/note.txt', bytes: new TextEncoder().encode('kept') })
    const told = {
      locale: data.locale,
      accent: getComputedStyle(document.body).getPropertyValue('--aq-accent') !== '',
      font: (await document.fonts.load('16px "Inter Variable"')).length,
      own: new TextDecoder().decode((await call('storage.read', { path: 'app:/note.txt' })).bytes),
      drive: await call('storage.list', { path: '/' }),
      identities: await call('identity.list', {}),
      apps: await call('apps.list', {}),
      parent: await attempt(() => parent.document.title),
      store: await attempt(() => localStorage.length),
      cookie: await attempt(() => document.cookie),
      node: await attempt(() => fetch('/api/v1/status')),
      world: await attempt(() => fetch('https://example.org/')),
      top: await attempt(() => { top.location = 'https://example.org/' }),
    }
    document.getElementById('told').textContent = JSON.stringify(told)
  })()
})
`

test(
  'WX-APP-4, WX-APP-6: an app in a frame has its own storage, hears of language and theme, and reaches nothing else',
  { skip },
  () =>
    house.visit(
      { viewport: { width: 1440, height: 900 }, colorScheme: 'light' },
      async ({ page, complaints }) => {
        await unlock(page)
        await page.getByRole('list', { name: 'Apps' }).getByRole('button', { name: 'Curious' }).click()
        const told = page.frameLocator('iframe[title="Curious"]').locator('#told')
        await told.filter({ hasText: 'world' }).waitFor()
        assert.deepEqual(JSON.parse((await told.textContent()) ?? ''), {
          locale: 'en',
          accent: true,
          font: 1,
          own: 'kept',
          drive: 'refused.permission',
          identities: 'refused.permission',
          apps: 'refused.method',
          parent: 'SecurityError',
          store: 'SecurityError',
          cookie: 'SecurityError',
          node: 'TypeError',
          world: 'TypeError',
          top: 'SecurityError',
        })
        await page.getByRole('button', { name: 'Light or dark' }).click()
        await page.frameLocator('iframe[title="Curious"]').locator('body[data-theme*="dark"]').waitFor()
        await assertAccessible(page, 'a framed app')
        // The browser says of each attempt that it was stopped: that is what was tried.
        complaints.length = 0
      },
    ),
)

test(
  'AQ-UI-2: another identity is one menu away; the desktop is its own at once, and its apps ask for it',
  { skip },
  () =>
    house.visit({ viewport: { width: 1440, height: 900 }, colorScheme: 'dark' }, async ({ page }) => {
      await unlock(page)
      await page.getByRole('button', { name: 'Acting as Ada' }).click()
      await page.getByRole('menuitem', { name: /Nobody/ }).waitFor()
      await assertAccessible(page, 'the identity menu')
      await page.getByRole('menuitem', { name: /Work/ }).click()
      await page.getByRole('button', { name: 'Acting as Work' }).waitFor()
      await page
        .getByRole('navigation', { name: 'Open apps' })
        .getByRole('button', { name: 'Settings' })
        .click()
      await page.getByRole('option', { name: 'About' }).click()
      await page.locator('.facts').getByText('Work', { exact: true }).waitFor()
      await page.getByRole('button', { name: 'Acting as Work' }).click()
      await page.getByRole('menuitem', { name: /Ada/ }).click()
      await page.getByRole('button', { name: 'Acting as Ada' }).waitFor()
    }),
)

async function enter(origin: string): Promise<ReturnType<typeof createSdk>> {
  const key = await createPageKey()
  let session: PageSession | undefined
  const client = createPageClient({ key, session: () => session, origin })
  session = await client.open<PageSession>('/api/v1/sessions', { json: { passphrase, key: key.publicKey } })
  return createSdk(client.callAs())
}
