/**
 * From nothing to the first stored file, and back from the words alone: by pointer and by keys, large and small, light and
 * dark, each in a home of its own. What is counted is what a person does, not how fast this machine is.
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Locator, Page } from 'playwright-core'
import { assertAccessible, type House, looks, openHouse, passphrase, skip } from './visit.ts'

const sizes = {
  wide: { viewport: { width: 1440, height: 900 } },
  phone: { viewport: { width: 390, height: 844 }, hasTouch: true },
} as const
let folder: string
let letter: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anarq-first-'))
  letter = join(folder, 'letter.txt')
  await writeFile(letter, 'The first thing that is kept.')
})
after(() => rm(folder, { recursive: true, force: true }))

/** A person: what they press and type, counted. */
type Hand = {
  readonly acts: string[]
  press(target: Locator): Promise<void>
  type(text: string): Promise<void>
}

function handOf(page: Page, by: 'pointer' | 'keys'): Hand {
  const acts: string[] = []
  return {
    acts,
    async press(target) {
      await target.waitFor()
      acts.push(`press ${(await target.getAttribute('aria-label')) ?? (await target.textContent())}`)
      if (by === 'pointer') await target.click()
      else {
        // Wherever the focus is, the thing is reached by tabs, and within a toolbar by arrows.
        for (let turn = 0; turn < 60 && !(await isFocused(target)); turn += 1)
          await page.keyboard.press((await isInItsBar(target)) ? 'ArrowRight' : 'Tab')
        assert.ok(await isFocused(target), `not in reach of the keyboard: ${acts.at(-1)}`)
        await page.keyboard.press('Enter')
      }
    },
    async type(text) {
      acts.push('type')
      await page.keyboard.type(text)
      await page.keyboard.press('Enter')
    },
  }
}

const isFocused = (target: Locator): Promise<boolean> =>
  target.evaluate((element) => element === document.activeElement)

const isInItsBar = (target: Locator): Promise<boolean> =>
  target.evaluate((element) => element.closest('[role=toolbar]')?.contains(document.activeElement) === true)

/** Twenty things to do, at three seconds each, are a minute. */
const actsMax = 20

const ways = [
  ['wide', 'pointer', 'light'],
  ['wide', 'keys', 'dark'],
  ['phone', 'pointer', 'dark'],
  ['phone', 'keys', 'light'],
] as const
for (const [size, by, colorScheme] of ways.filter(([, , look]) => looks.includes(look)))
  test(`from the printed address to the first stored file in ${actsMax} acts at most, and back from the words: ${size}, ${by}, ${colorScheme}`, {
    skip,
  }, async () => {
    const first = await openHouse()
    let words = ''
    try {
      words = await storeFirstFile(first, size, by, colorScheme)
    } finally {
      await first.close()
    }
    const second = await openHouse()
    try {
      await bringBack(second, words, size, by, colorScheme)
    } finally {
      await second.close()
    }
  })

async function storeFirstFile(
  house: House,
  size: keyof typeof sizes,
  by: 'pointer' | 'keys',
  colorScheme: 'light' | 'dark',
): Promise<string> {
  let words: readonly string[] = []
  await house.visit({ ...sizes[size], colorScheme }, async ({ page }) => {
    const hand = handOf(page, by)
    const button = (name: string): Locator => page.getByRole('button', { name, exact: true })
    await hand.press(button('Get started'))
    await page.getByLabel('Your name').waitFor()
    await hand.type('Ada')
    await page.getByLabel('Passphrase', { exact: true }).waitFor()
    await hand.type(passphrase)
    const list = page.getByRole('list', { name: 'Your 24 words' }).getByRole('listitem')
    await list.first().waitFor()
    words = (await list.allTextContents()).map((text) => text.match(/[a-z]+/)?.[0] ?? '')
    await hand.press(button('I have written them down'))
    await page.getByRole('heading', { name: 'Let us check three of them' }).waitFor()
    const fields = await page.getByRole('textbox').all()
    for (const [at, field] of fields.entries()) {
      const label = await field.evaluate((input: HTMLInputElement) => input.labels?.[0]?.textContent ?? '')
      const word = words[Number(label.match(/\d+/)?.[0]) - 1] as string
      if (by === 'pointer') await field.click()
      else while (!(await isFocused(field))) await page.keyboard.press('Tab')
      if (at === fields.length - 1) await hand.type(word)
      else {
        hand.acts.push('type')
        await page.keyboard.type(word)
      }
    }
    await hand.press(button('Go to the desktop'))
    await hand.press(button('End the tour'))
    await hand.press(page.getByRole('list', { name: 'Apps' }).getByRole('button', { name: 'Files' }))
    await hand.press(page.locator('.window').getByRole('button', { name: 'New', exact: true }))
    const item = page.getByRole('menuitem', { name: 'Upload files' })
    await item.waitFor()
    const chooser = page.waitForEvent('filechooser')
    hand.acts.push('press Upload files')
    if (by === 'pointer') await item.click()
    else {
      // The first entry of a menu has the keyboard once the menu is there.
      for (let turn = 0; turn < 100 && !(await isFocused(item)); turn += 1) await page.waitForTimeout(50)
      await page.keyboard.press('Enter')
    }
    hand.acts.push('choose a file')
    await (await chooser).setFiles(letter)
    await page.locator('[data-id]').filter({ hasText: 'letter.txt' }).first().waitFor()
    assert.ok(hand.acts.length <= actsMax, hand.acts.join(', '))
  })
  assert.equal((await house.node.operations.drive.entry('/letter.txt')).bytes, 29)
  return words.join(' ')
}

async function bringBack(
  house: House,
  words: string,
  size: keyof typeof sizes,
  by: 'pointer' | 'keys',
  colorScheme: 'light' | 'dark',
): Promise<void> {
  await house.visit({ ...sizes[size], colorScheme }, async ({ page }) => {
    const hand = handOf(page, by)
    await hand.press(page.getByRole('button', { name: 'I have 24 words' }))
    const field = page.getByLabel('Your 24 words')
    await field.waitFor()
    // Nonsense is not taken for words, and says so when it is tried.
    await page.keyboard.insertText(Array(24).fill('abandon').join(' '))
    await page.getByText('24 of 24').waitFor()
    await assertAccessible(page, 'words typed')
    await hand.press(page.getByRole('button', { name: 'Continue' }))
    await page.getByLabel('Your name').waitFor()
    await hand.type('Ada')
    await page.getByLabel('Passphrase', { exact: true }).waitFor()
    await hand.type(passphrase)
    await page
      .getByRole('alert')
      .getByText(/do not belong together/)
      .waitFor()
    assert.equal((await house.node.operations.account.status()).state, 'empty')
    await hand.press(page.getByRole('button', { name: 'Back', exact: true }))
    await page.getByLabel('Your name').waitFor()
    await hand.press(page.getByRole('button', { name: 'Back', exact: true }))
    await field.waitFor()
    await page.keyboard.insertText(words)
    await hand.press(page.getByRole('button', { name: 'Continue' }))
    await page.getByLabel('Your name').waitFor()
    await hand.type('Ada')
    await page.getByLabel('Passphrase', { exact: true }).waitFor()
    await hand.type('another passphrase than before')
    await hand.press(page.getByRole('button', { name: 'Go to the desktop' }))
    await page.getByRole('heading', { name: /, Ada$/ }).waitFor()
    assert.equal((await house.node.operations.identities.recovery()).areWordsConfirmed, true)
  })
  const { account, identities } = house.node.operations
  assert.equal(await identities.drill(words), true)
  await account.lock()
  await account.unlock({ passphrase: 'another passphrase than before' })
}
