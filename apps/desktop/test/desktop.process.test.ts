import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { appFolder, shellId } from '@anarq/sdk'
import type { Locator, Page } from 'playwright-core'
import {
  assertAccessible,
  type House,
  looks,
  openHouse,
  passphrase,
  phone,
  skip,
  unlock,
  until,
  wide,
} from './visit.ts'

let house: House

before(async () => {
  if (skip === false) house = await openHouse()
})
after(async () => {
  await house?.close()
})

test(
  'first run: from the printed address to the desktop by keyboard alone, in well under a minute',
  { skip },
  () =>
    house.visit({ ...wide, colorScheme: 'light' }, async ({ page }) => {
      const startedMs = performance.now()
      await page.getByRole('heading', { level: 1 }).waitFor()
      await assertAccessible(page, 'welcome')
      await press(page, page.getByRole('button', { name: 'Get started' }))
      await page.keyboard.type('Ada Lovelace')
      await page.keyboard.press('Enter')
      await page.getByLabel('Passphrase', { exact: true }).waitFor()
      await page.keyboard.type('password')
      await page.keyboard.press('Enter')
      await page.getByText('This is easy to guess').waitFor()
      await assertAccessible(page, 'passphrase')
      await page.keyboard.press('Control+a')
      await page.keyboard.type(passphrase)
      await page.keyboard.press('Enter')
      const words = await wordsOn(page)
      assert.equal(words.length, 24)
      await assertAccessible(page, 'words')
      await press(page, page.getByRole('button', { name: 'I have written them down' }))
      await page.getByRole('heading', { name: 'Let us check three of them' }).waitFor()
      await page.keyboard.type('nonsense')
      await page.keyboard.press('Enter')
      await page
        .getByText(/That is not word/)
        .first()
        .waitFor()
      await assertAccessible(page, 'confirm')
      for (const field of await page.getByRole('textbox').all()) {
        const label = await field.evaluate((input: HTMLInputElement) => input.labels?.[0]?.textContent ?? '')
        await field.focus()
        await page.keyboard.press('Control+a')
        await page.keyboard.type(words[Number(label.match(/\d+/)?.[0]) - 1] as string)
      }
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'You are in, Ada Lovelace' }).waitFor()
      await assertAccessible(page, 'ready')
      await press(page, page.getByRole('button', { name: 'Put some examples into my files' }))
      await page.getByText('Three files lie in the folder “Examples”').waitFor()
      await press(page, page.getByRole('button', { name: 'Go to the desktop' }))
      await page.getByRole('heading', { name: /Ada Lovelace/ }).waitFor()
      const tour = page.getByRole('dialog', { name: 'Your apps' })
      await tour.waitFor()
      await assertAccessible(page, 'tour')
      for (const title of ['Find anything', 'Arrange windows', 'Who you are', 'Lock when you leave']) {
        await page.keyboard.press('ArrowRight')
        await page.getByRole('dialog', { name: title }).waitFor()
        assert.equal(await page.locator('[data-toured]').count(), 1, title)
      }
      await page.keyboard.press('ArrowRight')
      await page.locator('.tour-card').waitFor({ state: 'detached' })
      await assertAccessible(page, 'home')
      assert.ok(performance.now() - startedMs < 60_000)
    }),
)

test('AQ-UI-1, AQ-UI-2: every app and the identity in use are in reach from the start screen', { skip }, () =>
  house.visit({ ...wide, colorScheme: 'dark' }, async ({ page }) => {
    await unlock(page)
    await page.getByRole('list', { name: 'Apps' }).getByRole('button', { name: 'Settings' }).click()
    await page.getByRole('region', { name: 'Settings' }).waitFor()
    assert.ok(await page.getByRole('button', { name: 'Acting as Ada Lovelace' }).isVisible())
    await assertAccessible(page, 'settings, dark')
  }),
)

test('AQ-UI-16: windows are opened, snapped, moved, put away and closed without a pointer', { skip }, () =>
  house.visit({ ...wide, colorScheme: 'light' }, async ({ page }) => {
    await unlock(page)
    await page.keyboard.press('Control+k')
    await page.getByRole('dialog', { name: 'Find' }).waitFor()
    await assertAccessible(page, 'launcher')
    await page.keyboard.type('sett')
    // The window may be open already: who was here before left it so.
    await page
      .getByRole('option', { name: /^Settings/ })
      .first()
      .waitFor()
    await page.keyboard.press('Enter')
    const window = page.getByRole('region', { name: 'Settings', exact: true })
    await window.waitFor()
    await page.waitForFunction(() => document.activeElement?.closest('.window') !== null)
    await page.keyboard.press('Alt+Shift+ArrowLeft')
    assert.equal(await window.getAttribute('data-zone'), 'left')
    await page.keyboard.press('Alt+Shift+M')
    await page.getByText(/^Moving\./).waitFor()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('Enter')
    assert.equal(await window.getAttribute('data-zone'), null)
    await page.keyboard.press('Alt+Shift+ArrowUp')
    assert.equal(await window.getAttribute('data-zone'), 'full')
    await page.keyboard.press('Alt+Shift+D')
    await window.waitFor({ state: 'hidden' })
    await page.keyboard.press('Control+Backquote')
    await window.waitFor()
    await page.keyboard.press('F6')
    assert.ok(await page.evaluate(() => document.activeElement?.closest('.shelf') !== null))
    await page.keyboard.press('Shift+F6')
    await page.keyboard.press('Alt+Shift+K')
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
    await assertAccessible(page, 'keys')
    await page.keyboard.press('Escape')
    await page.keyboard.press('Alt+Shift+W')
    await window.waitFor({ state: 'detached' })
  }),
)

test('a window follows the pointer, snaps at an edge, and lies where it lay after a reload', { skip }, () =>
  house.visit({ ...wide, colorScheme: 'light' }, async ({ page }) => {
    await unlock(page)
    await page
      .getByRole('navigation', { name: 'Open apps' })
      .getByRole('button', { name: 'Settings' })
      .click()
    const window = page.getByRole('region', { name: 'Settings', exact: true })
    const title = window.locator('.title-bar')
    await page.waitForTimeout(300)
    const from = await boxOf(window)
    await drag(page, await middleOf(title), { x: 200, y: 60 })
    const moved = await boxOf(window)
    assert.ok(Math.abs(moved.x - from.x - 200) < 2 && Math.abs(moved.y - from.y - 60) < 2)
    await drag(page, { x: moved.x + moved.width - 1, y: moved.y + moved.height - 1 }, { x: -100, y: -80 })
    const smaller = await boxOf(window)
    assert.ok(
      Math.abs(smaller.width - (moved.width - 100)) < 3 && Math.abs(smaller.height - (moved.height - 80)) < 3,
    )
    const grip = await middleOf(title)
    await drag(page, grip, { x: 1439 - grip.x, y: 300 - grip.y })
    assert.equal(await window.getAttribute('data-zone'), 'right')
    await layoutIsKept('right')
    await page.reload()
    await unlock(page)
    assert.equal(await page.locator('.tour-card').count(), 0, 'the tour comes once')
    assert.equal(
      await page.getByRole('region', { name: 'Settings', exact: true }).getAttribute('data-zone'),
      'right',
    )
  }),
)

test(
  'the launcher finds files too, by words of their names, and opens what it found, by keys alone',
  { skip },
  () =>
    house.visit({ ...wide, colorScheme: 'dark' }, async ({ page }) => {
      await unlock(page)
      await page.keyboard.press('Control+k')
      await page.getByRole('dialog', { name: 'Find' }).waitFor()
      await page.keyboard.type('shopping')
      await page.getByRole('option', { name: /^Shopping list\.txt/ }).waitFor()
      await assertAccessible(page, 'launcher with files')
      await page.keyboard.press('Enter')
      const preview = page.getByRole('dialog', { name: 'Preview of Shopping list.txt' })
      await preview.getByRole('document').waitFor()
      await assertAccessible(page, 'a file that the launcher found')
      await page.keyboard.press('Escape')
      await preview.waitFor({ state: 'detached' })
      // It lies chosen in its folder, under the keyboard: one key opens it again.
      const files = page.getByRole('region', { name: 'Examples' })
      await files.locator('[aria-selected=true]').filter({ hasText: 'Shopping list.txt' }).waitFor()
      await page.keyboard.press('Enter')
      await preview.waitFor()
    }),
)

/** What the shell keeps of where windows lie is in the node a moment later. */
async function layoutIsKept(zone: string): Promise<void> {
  const path = `${appFolder(shellId)}/layout.json`
  const isKept = async (): Promise<boolean> => {
    const content = await house.node.operations.drive.get(path).catch(() => undefined)
    let text = ''
    for await (const piece of content?.stream ?? []) text += new TextDecoder().decode(piece)
    return text.includes(`"zone":"${zone}"`)
  }
  await until(isKept, 'the layout is kept')
}

test('language and appearance follow at once, and are remembered', { skip }, () =>
  house.visit({ ...wide, colorScheme: 'light', reducedMotion: 'no-preference' }, async ({ page }) => {
    await unlock(page)
    await page
      .getByRole('navigation', { name: 'Open apps' })
      .getByRole('button', { name: 'Settings' })
      .click()
    await page.getByRole('option', { name: 'Language' }).click()
    await page.getByText('Español', { exact: true }).click()
    await page.getByRole('heading', { name: 'Idioma' }).waitFor()
    await page.getByRole('option', { name: 'Apariencia' }).click()
    await page.getByText('Oscuro', { exact: true }).click()
    await page.getByRole('radiogroup', { name: 'Contraste' }).getByText('Más').click()
    assert.deepEqual(
      await page.evaluate(() => ({
        ...document.documentElement.dataset,
        lang: document.documentElement.lang,
      })),
      { theme: 'dark', contrast: 'more', motion: 'full', lang: 'es' },
    )
    await assertAccessible(page, 'settings, dark, more contrast, Spanish')
    await page.reload()
    await page.getByRole('heading', { name: 'Qué bueno verte de nuevo' }).waitFor()
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark')
    // Another browser, which was never here: what one likes comes from the node.
    await house.visit({ ...wide, colorScheme: 'light' }, async ({ page: other }) => {
      await other.getByLabel('Passphrase', { exact: true }).fill(passphrase)
      await other.keyboard.press('Enter')
      await other.getByRole('main', { name: 'Escritorio' }).waitFor()
      await other.waitForFunction(() => document.documentElement.dataset.theme === 'dark')
      assert.deepEqual(
        await other.evaluate(() => [document.documentElement.lang, Object.keys({ ...localStorage })]),
        ['es', ['anarq.preferences.last']],
      )
    })
  }),
)

for (const colorScheme of looks)
  test(
    `on a phone one app fills the screen, and the others are one press away: ${colorScheme}`,
    { skip },
    () =>
      house.visit({ ...phone, colorScheme }, async ({ page }) => {
        await assertAccessible(page, 'locked')
        await unlock(page)
        await assertAccessible(page, 'home')
        await page.getByRole('list', { name: 'Apps' }).getByRole('button', { name: 'Settings' }).tap()
        const window = page.getByRole('region', { name: 'Settings', exact: true })
        await page.getByRole('heading', { name: 'Appearance' }).waitFor()
        assert.equal(Math.round((await boxOf(window)).width), 390)
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390)
        await assertAccessible(page, 'an app')
        await page.getByRole('button', { name: 'Open apps, 1' }).tap()
        await assertAccessible(page, 'open apps')
        await page.getByRole('button', { name: 'Home' }).tap()
        await window.waitFor({ state: 'hidden' })
        await page.getByRole('button', { name: 'Notifications' }).tap()
        await page.getByText('All quiet').waitFor()
        await assertAccessible(page, 'notifications')
        await page.keyboard.press('Escape')
        await page.getByRole('button', { name: 'Lock AnarQ' }).tap()
        await page.getByText('AnarQ is locked').waitFor()
      }),
  )

test(
  'a wrong passphrase is said, and the right one opens; nothing of the session is kept in the browser',
  { skip },
  () =>
    house.visit({ ...wide, colorScheme: 'light' }, async ({ page, complaints }) => {
      await page.getByLabel('Passphrase', { exact: true }).fill('not this one')
      await page.keyboard.press('Enter')
      await page
        .getByRole('alert')
        .getByText(/That is not the passphrase/)
        .waitFor()
      await unlock(page)
      const kept = await page.evaluate(async () => ({
        local: Object.values({ ...localStorage }).join(' '),
        session: sessionStorage.length,
        cookies: document.cookie,
        databases: (await indexedDB.databases()).length,
      }))
      assert.doesNotMatch(kept.local, /certificate|keyid|passphrase|copper/)
      assert.deepEqual([kept.session, kept.cookies, kept.databases], [0, '', 0])
      complaints.length = 0
    }),
)

test('a clock that is set while somebody is in, forward and back, puts nobody out', { skip }, () =>
  house.visit({ ...wide, colorScheme: 'dark' }, async ({ page }) => {
    await unlock(page)
    for (const [name, offMs] of [
      ['Consent', 3 * 3_600_000],
      ['Guardian', -3 * 3_600_000],
    ] as const) {
      await page.clock.setSystemTime(Date.now() + offMs)
      await page.getByRole('main').getByRole('button', { name, exact: true }).first().click()
      const window = page.getByRole('region', { name, exact: true })
      await window.getByRole('tablist').or(window.locator('.aq-sidebar')).first().waitFor()
      await window.getByRole('heading').first().waitFor()
      await window.getByRole('button', { name: 'Minimise' }).click()
    }
    await page.getByRole('main', { name: 'Desktop' }).waitFor()
  }),
)

test('the shell is kept by the browser, opens without the node, and says so', { skip }, () =>
  house.visit({ ...wide, colorScheme: 'light', serviceWorkers: 'allow' }, async (visit) => {
    const { page, address, complaints } = visit
    await page.getByLabel('Passphrase', { exact: true }).waitFor()
    await page.evaluate(() => navigator.serviceWorker.ready)
    await page.waitForFunction(() => navigator.serviceWorker.controller !== null)
    await page.reload()
    const kept = await page.evaluate(async () => {
      const names = await caches.keys()
      const requests = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()))
      return requests.flat().map(({ url }) => new URL(url).pathname)
    })
    assert.ok(
      kept.includes('/') &&
        kept.every((path) => path === '/' || /^\/(assets|icons)\/|^\/manifest/.test(path)),
      String(kept),
    )
    await house.stop()
    await page.goto(address)
    await page.getByRole('heading', { name: 'The node does not answer' }).waitFor()
    await assertAccessible(page, 'without the node')
    complaints.length = 0
  }),
)

async function press(page: Page, button: Locator): Promise<void> {
  await button.focus()
  await page.keyboard.press('Enter')
}

async function wordsOn(page: Page): Promise<string[]> {
  const list = page.getByRole('list', { name: 'Your 24 words' })
  await list.waitFor({ timeout: 20_000 })
  return list.locator('li').evaluateAll((items) => items.map((item) => item.lastChild?.textContent ?? ''))
}

async function boxOf(locator: Locator): Promise<{ x: number; y: number; width: number; height: number }> {
  await locator.page().waitForTimeout(300)
  const box = await locator.boundingBox()
  assert.ok(box !== null)
  return box
}

async function middleOf(locator: Locator): Promise<{ x: number; y: number }> {
  const { x, y, width, height } = await boxOf(locator)
  return { x: x + width / 2, y: y + height / 2 }
}

async function drag(page: Page, from: { x: number; y: number }, by: { x: number; y: number }): Promise<void> {
  await page.mouse.move(from.x, from.y)
  await page.mouse.down()
  await page.mouse.move(from.x + by.x / 2, from.y + by.y / 2, { steps: 4 })
  await page.mouse.move(from.x + by.x, from.y + by.y, { steps: 4 })
  await page.mouse.up()
}
