import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { fromUtf8 } from '@anarq/bytes'
import { packFiles, withManifest } from '@anarq/wxa'
import { deflate, writeZip } from '@anarq/zip'
import { assertAccessible, enter, type House, openHouse, passphrase, skip, unlock } from './visit.ts'

let house: House

before(async () => {
  if (skip !== false) return
  house = await openHouse()
  const { operations } = house.node
  await operations.account.init({ name: 'Ada', passphrase })
  const { manifest, entries } = packFiles(
    [
      { path: 'icon.svg', bytes: fromUtf8('<svg xmlns="http://www.w3.org/2000/svg"/>') },
      { path: 'ui/index.html', bytes: fromUtf8(page) },
      { path: 'ui/app.js', bytes: fromUtf8(script) },
    ],
    curious,
    { deflate },
  )
  const bytes = writeZip(withManifest(entries, await operations.identities.signApp(manifest)))
  const sdk = await enter(house.address)
  await sdk.storage.write({ path: '/curious.wxa', bytes })
  const typing = packFiles(
    [
      { path: 'icon.svg', bytes: fromUtf8('<svg xmlns="http://www.w3.org/2000/svg"/>') },
      { path: 'ui/index.html', bytes: fromUtf8(typistPage) },
      { path: 'ui/app.js', bytes: fromUtf8(typistScript) },
    ],
    { ...curious, id: 'org.example.typist', name: 'Typist' },
    { deflate },
  )
  const signed = await operations.identities.signApp(typing.manifest)
  await sdk.storage.write({ path: '/typist.wxa', bytes: writeZip(withManifest(typing.entries, signed)) })
  await sdk.apps.install({ path: '/typist.wxa', granted: [] })
  await sdk.identity.create({ kind: 'sub', name: 'Work' })
  await sdk.identity.create({ kind: 'anonymous', name: 'Nobody' })
  await sdk.apps.install({ path: '/curious.wxa', granted: [] })
})
after(async () => {
  await house?.close()
})

const curious = {
  manifest: 1,
  id: 'org.example.curious',
  name: 'Curious',
  version: '1.0.0',
  category: 'productivity',
  description: 'Tries what it may.',
  permissions: [],
  icon: 'icon.svg',
  ui: { kind: 'frame', entry: 'ui/index.html' },
} as const

/** An app as people write them: it meets the shell by the script that the node gives it. */
const typistPage =
  '<!doctype html><html lang="en"><title>Typist</title><link rel="stylesheet" href="/design/anarq.css"><label>Text <input></label><script type="module" src="app.js"></script></html>'
const typistScript = `
import { connect } from '/design/anarq.js'
const told = new Promise((resolve) => {
  addEventListener('message', ({ ports: [port] }) => {
    const listener = ({ data }) => { if (data.id === 900) resolve(data.fault?.code ?? 'heard') }
    port.addEventListener('message', listener)
    port.postMessage({ v: 1, id: 900, call: 'shell.press', with: { keys: 'Alt+Shift+KeyL' } })
  })
})
await connect()
document.body.dataset.lock = await told
document.body.dataset.ready = ''
`

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
      locale: data.facts.locale,
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
          apps: 'refused.permission',
          parent: 'SecurityError',
          store: 'SecurityError',
          cookie: 'SecurityError',
          node: 'TypeError',
          world: 'TypeError',
          top: 'SecurityError',
        })
        await page.getByRole('button', { name: 'Light or dark' }).click()
        await page.frameLocator('iframe[title="Curious"]').locator('body[data-facts*="dark"]').waitFor()
        await assertAccessible(page, 'a framed app')
        // The browser says of each attempt that it was stopped: that is what was tried.
        complaints.length = 0
      },
    ),
)

test('the desktop hears its own keys while an app in a frame has the keyboard, and no others', { skip }, () =>
  house.visit(
    { viewport: { width: 1440, height: 900 }, colorScheme: 'light' },
    async ({ page, complaints }) => {
      await unlock(page)
      await page.getByRole('list', { name: 'Apps' }).getByRole('button', { name: 'Typist' }).click()
      const field = page.frameLocator('iframe[title="Typist"]').getByLabel('Text')
      await page.frameLocator('iframe[title="Typist"]').locator('body[data-ready]').waitFor()
      await field.click()
      await page.keyboard.type('Ada K ')
      await page.keyboard.press('Control+a')
      await page.keyboard.press('Control+k')
      await page.getByRole('dialog', { name: 'Find' }).waitFor()
      await page.keyboard.press('Escape')
      await field.click()
      const window = page.getByRole('region', { name: 'Typist', exact: true })
      await page.keyboard.press('Alt+Shift+ArrowLeft')
      await page.waitForFunction(
        () => document.querySelector('.window')?.getAttribute('data-zone') === 'left',
      )
      await page.keyboard.press('F6')
      await page.waitForFunction(() => document.activeElement?.closest('.shelf') !== null)
      await field.click()
      await page.keyboard.press('Alt+Shift+W')
      await window.waitFor({ state: 'detached' })
      complaints.length = 0
    },
  ),
)

test('an app that presses the desktop’s keys by itself is not heard', { skip }, () =>
  house.visit({ viewport: { width: 1440, height: 900 }, colorScheme: 'light' }, async ({ page }) => {
    await unlock(page)
    await page.getByRole('list', { name: 'Apps' }).getByRole('button', { name: 'Typist' }).press('Enter')
    const frame = page.frameLocator('iframe[title="Typist"]')
    await frame.locator('body[data-ready]').waitFor()
    assert.equal(await frame.locator('body').getAttribute('data-lock'), 'refused.keys')
    await page.getByRole('main', { name: 'Desktop' }).waitFor()
  }),
)

test('WX-APP-6: an app leads neither its own frame nor the page to another host', { skip }, async () => {
  const reached: string[] = []
  const elsewhere = createServer(({ url = '' }, answer) => {
    reached.push(url)
    answer.end('<title>elsewhere</title>')
  })
  await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve))
  const host = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`
  try {
    await house.visit({ viewport: { width: 1440, height: 900 } }, async ({ page, complaints }) => {
      await unlock(page)
      for (const way of [
        `location.href = '${host}/location'`,
        `location.replace('${host}/replace')`,
        `open('${host}/self', '_self')`,
        `open('${host}/blank')`,
        `try { top.location.href = '${host}/top' } catch {}; try { parent.location.href = '${host}/parent' } catch {}`,
        `const a = document.createElement('a'); a.href = '${host}/link'; document.body.append(a); a.click(); a.target = '_top'; a.click()`,
        `const m = document.createElement('meta'); m.httpEquiv = 'refresh'; m.content = '0;url=${host}/meta'; document.head.append(m)`,
        `const f = document.createElement('form'); f.action = '${host}/form'; document.body.append(f); f.submit()`,
        `location.href = 'data:text/html,<script>fetch("${host}/data")</' + 'script>'`,
        `const i = document.createElement('iframe'); i.src = '${host}/inner'; document.body.append(i)`,
      ]) {
        await page.getByRole('list', { name: 'Apps' }).getByRole('button', { name: 'Typist' }).press('Enter')
        await page.frameLocator('iframe[title="Typist"]').locator('body[data-ready]').waitFor()
        const frame = page.frames().find((one) => one !== page.mainFrame())
        await frame?.evaluate(way).catch(() => undefined)
        await page.waitForTimeout(400)
        assert.equal(new URL(page.url()).origin, house.address, way)
        await page.getByRole('region', { name: 'Typist', exact: true }).focus()
        await page.keyboard.press('Alt+Shift+W')
        await page.locator('iframe').waitFor({ state: 'detached' })
      }
      assert.deepEqual(reached, [])
      complaints.length = 0
    })
  } finally {
    elsewhere.close()
  }
})

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
      await page.locator('.aq-facts').getByText('Work', { exact: true }).waitFor()
      await page.getByRole('button', { name: 'Acting as Work' }).click()
      await page.getByRole('menuitem', { name: /Ada/ }).click()
      await page.getByRole('button', { name: 'Acting as Ada' }).waitFor()
    }),
)
