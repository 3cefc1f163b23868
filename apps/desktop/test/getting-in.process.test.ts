/** The ways in: passkeys, another browser, words that wait to be confirmed. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import {
  assertAccessible,
  enter,
  type House,
  looks,
  openHouse,
  passphrase,
  phone,
  skip,
  unlock,
  wide,
} from './visit.ts'

let house: House
let words: readonly string[]

before(async () => {
  if (skip !== false) return
  house = await openHouse()
  const made = await house.node.operations.account.init({ name: 'Ada Lovelace', passphrase })
  words = made.words.split(' ')
})
after(async () => {
  await house?.close()
})

/** Passkeys are for names: at the address of numbers that the node prints, a browser has none. */
async function atName(page: Page): Promise<void> {
  await page.goto(house.address.replace('127.0.0.1', 'localhost'))
}

type Authenticator = { readonly id: string; send(method: string, more?: object): Promise<unknown> }

/** One inside the machine, as a laptop has; its owner always says yes. */
async function withAuthenticator(page: Page, options: object = {}): Promise<Authenticator> {
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('WebAuthn.enable')
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      ctap2Version: 'ctap2_1',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      hasPrf: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
      ...options,
    },
  })
  return {
    id: authenticatorId,
    send: (method, more = {}) =>
      cdp.send(`WebAuthn.${method}` as never, { authenticatorId, ...more } as never),
  }
}

async function lock(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Lock AnarQ' }).click()
  await page.getByText('AnarQ is locked').waitFor()
}

async function openPasskeys(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Acting as Ada Lovelace' }).click()
  await page.getByRole('menuitem', { name: 'Passkeys' }).click()
  await page.getByRole('dialog', { name: 'Passkeys' }).waitFor()
}

for (const colorScheme of looks)
  test(
    `a passkey is added with the passphrase, unlocks, survives a new passphrase, and opens nothing once removed: ${colorScheme}`,
    {
      skip,
    },
    () =>
      house.visit({ ...wide, colorScheme }, async ({ page }) => {
        await atName(page)
        await withAuthenticator(page)
        await unlock(page)
        await openPasskeys(page)
        await page.getByText('No passkey yet').waitFor()
        await assertAccessible(page, 'passkeys')
        const field = page.getByRole('dialog').getByLabel('Passphrase', { exact: true })
        await field.fill('not this passphrase')
        await page.getByRole('button', { name: 'Add a passkey' }).click()
        await page.getByText('That is not the passphrase').waitFor()
        await field.fill(passphrase)
        await page.keyboard.press('Enter')
        await page.getByRole('list', { name: 'Passkeys' }).getByText('Chrome on Linux').waitFor()
        await page.keyboard.press('Escape')

        const { account } = house.node.operations
        await account.changePassphrase({ from: passphrase, to: 'another passphrase' })
        await lock(page)
        await page.getByRole('button', { name: 'Use a passkey' }).waitFor()
        await assertAccessible(page, 'locked, with a passkey')
        await page.getByRole('button', { name: 'Use a passkey' }).click()
        await page.getByRole('main', { name: 'Desktop' }).waitFor()
        await account.changePassphrase({ from: 'another passphrase', to: passphrase })

        await openPasskeys(page)
        await page.getByRole('button', { name: 'Remove Chrome on Linux' }).click()
        await page.getByRole('alertdialog').getByRole('button', { name: 'Remove' }).click()
        await page.getByText('No passkey yet').waitFor()
        assert.deepEqual(await account.passkeys(), [])
        await page.keyboard.press('Escape')
        await lock(page)
        assert.equal(await page.getByRole('button', { name: 'Use a passkey' }).count(), 0)
      }),
  )

test(
  'a passkey that its owner does not confirm, or that is gone from the device, is said, and the passphrase still opens',
  {
    skip,
  },
  () =>
    house.visit({ ...phone, colorScheme: 'light' }, async ({ page }) => {
      await atName(page)
      const authenticator = await withAuthenticator(page)
      await unlock(page)
      await openPasskeys(page)
      await page.getByRole('dialog').getByLabel('Passphrase', { exact: true }).fill(passphrase)
      await page.getByRole('button', { name: 'Add a passkey' }).click()
      await page.getByRole('list', { name: 'Passkeys' }).waitFor()
      await assertAccessible(page, 'passkeys on a phone')
      await page.keyboard.press('Escape')
      await lock(page)
      await authenticator.send('setUserVerified', { isUserVerified: false })
      await page.getByRole('button', { name: 'Use a passkey' }).tap()
      await page.getByRole('alert').getByText('No passkey was given').waitFor()
      await unlock(page)
      const [known] = await house.node.operations.account.listPasskeys()
      await house.node.operations.account.removePasskey({ credential: known?.credential ?? '' })
    }),
)

for (const [size, colorScheme] of [
  [wide, 'light'],
  [phone, 'dark'],
] as const)
  test(
    `where a session ends, the passkey that unlocks is offered first again, beside all other ways: ${colorScheme}`,
    { skip },
    () =>
      house.visit({ ...size, colorScheme }, async ({ page }) => {
        await atName(page)
        await withAuthenticator(page)
        await unlock(page)
        await openPasskeys(page)
        await page.getByRole('dialog').getByLabel('Passphrase', { exact: true }).fill(passphrase)
        await page.getByRole('button', { name: 'Add a passkey' }).click()
        await page.getByRole('list', { name: 'Passkeys' }).waitFor()
        await page.keyboard.press('Escape')
        await endAll()
        await page.getByRole('heading', { name: 'Is it still you?' }).waitFor()
        await page.getByRole('button', { name: 'Use a passkey' }).waitFor()
        const ways = await page.locator('main button, main input').evaluateAll((all) =>
          all.flatMap((one) => {
            const name = one instanceof HTMLInputElement ? one.labels?.[0]?.textContent : one.textContent
            return name === null || name === undefined || name === '' ? [] : [name]
          }),
        )
        assert.deepEqual(ways.slice(0, 5), [
          'Use a passkey',
          'Passphrase',
          'Unlock',
          'Ask the other browser to let me in',
          'I forgot my passphrase',
        ])
        await assertAccessible(page, 'a session that ended')
        await page.getByRole('button', { name: 'Use a passkey' }).click()
        await page.getByRole('main', { name: 'Desktop' }).waitFor()
        const [known] = await house.node.operations.account.listPasskeys()
        await house.node.operations.account.removePasskey({ credential: known?.credential ?? '' })
      }),
  )

test('who forgot the passphrase comes in with the words, and has a new one', { skip }, () =>
  house.visit({ ...phone, colorScheme: 'light' }, async ({ page }) => {
    await unlock(page)
    await lock(page)
    await page.getByRole('button', { name: 'I forgot my passphrase' }).tap()
    await page.getByLabel('Your 24 words').fill(words.slice(0, 23).join(' '))
    await page.getByLabel('New passphrase').fill('seventeen copper trams at night')
    await page.getByRole('button', { name: 'Unlock, with the new passphrase' }).tap()
    await page.getByText('23 of 24').waitFor()
    await assertAccessible(page, 'in with the words')
    await page.getByLabel('Your 24 words').fill(words.join(' '))
    await page.getByRole('button', { name: 'Unlock, with the new passphrase' }).tap()
    await page.getByRole('main', { name: 'Desktop' }).waitFor()
    const { account } = house.node.operations
    await account.changePassphrase({ from: 'seventeen copper trams at night', to: passphrase })
  }),
)

/** Every browser that is in has to unlock again; the node stays open. */
async function endAll(): Promise<void> {
  const sdk = await enter(house.address)
  const others = (await sdk.browsers.list({})).filter(({ isCurrent }) => !isCurrent)
  assert.ok(others.length > 0)
  for (const { id } of others) await sdk.browsers.end({ id })
}

test('an authenticator that keeps no secret is refused, and one is told to take another', { skip }, () =>
  house.visit({ ...wide, colorScheme: 'light' }, async ({ page }) => {
    await atName(page)
    await withAuthenticator(page, { hasPrf: false })
    await unlock(page)
    await openPasskeys(page)
    await page.getByRole('dialog').getByLabel('Passphrase', { exact: true }).fill(passphrase)
    await page.getByRole('button', { name: 'Add a passkey' }).click()
    await page.getByText('cannot keep a secret').waitFor()
    assert.deepEqual(await house.node.operations.account.passkeys(), [])
  }),
)

test(
  'where the browser has no passkeys there is no button for them, and one is told where there are',
  {
    skip,
  },
  () =>
    house.visit({ ...wide, colorScheme: 'light' }, async ({ page }) => {
      await unlock(page)
      await openPasskeys(page)
      await page.getByRole('link', { name: /^http:\/\/localhost:\d+$/ }).waitFor()
      assert.equal(await page.getByRole('button', { name: 'Add a passkey' }).count(), 0)
    }),
)

for (const [colorScheme, size] of [
  ['light', wide],
  ['dark', phone],
] as const)
  test(
    `a second browser shows six digits, is let in by the first, and is told when it is refused: ${colorScheme}`,
    {
      skip,
    },
    () =>
      house.visit({ ...wide, colorScheme: 'light' }, async ({ page: first }) => {
        await unlock(first)
        await house.visit({ ...size, colorScheme }, async ({ page: second }) => {
          const ask = async (): Promise<string> => {
            const shown = second.getByRole('img', { name: /^Six digits/ })
            await shown.waitFor()
            return ((await shown.textContent()) ?? '').replace(/\s/g, '')
          }
          const answer = async (digits: string, act: RegExp): Promise<void> => {
            await first
              .getByText(`${digits.slice(0, 3)} ${digits.slice(3)}`)
              .first()
              .waitFor()
            await first.getByRole('button', { name: /^Notifications/ }).click()
            const waiting = first.getByRole('list', { name: 'Waiting for you' }).getByRole('listitem')
            await waiting
              .filter({ hasText: `${digits.slice(0, 3)} ${digits.slice(3)}` })
              .getByRole('button', { name: 'Answer' })
              .click()
            await first
              .getByRole('list', { name: 'Browsers that ask' })
              .getByRole('button', { name: act })
              .click()
          }
          await second.getByRole('button', { name: 'Ask the other browser to let me in' }).click()
          const refused = await ask()
          assert.match(refused, /^\d{6}$/)
          await assertAccessible(second, 'asking')
          await answer(refused, /^No: /)
          await second.getByText('The other browser said no').waitFor()
          await second.getByRole('button', { name: 'Ask again' }).click()
          const digits = await ask()
          assert.notEqual(digits, refused)
          await answer(digits, /^Yes, let it in: /)
          await second.getByRole('main', { name: 'Desktop' }).waitFor()
        })
        await lock(first)
      }),
  )

test('who asks while the node is locked meanwhile is told, and finds the way back', { skip }, () =>
  house.visit({ ...wide, colorScheme: 'light' }, async ({ page: first }) => {
    await unlock(first)
    await house.visit({ ...wide, colorScheme: 'light' }, async ({ page: second }) => {
      await second.getByRole('button', { name: 'Ask the other browser to let me in' }).click()
      await second.getByRole('img', { name: /^Six digits/ }).waitFor()
      await lock(first)
      await second.getByText('Nobody answered').waitFor()
      await second.getByRole('button', { name: 'Back' }).click()
      await second.getByText('AnarQ is locked').waitFor()
      assert.equal(await second.getByRole('button', { name: /Ask the other browser/ }).count(), 0)
    })
  }),
)

test(
  'whoever left before the words were confirmed is reminded until they are, and sees them again until then',
  {
    skip,
  },
  () =>
    house.visit({ ...phone, colorScheme: 'dark' }, async ({ page }) => {
      await unlock(page)
      await page.getByRole('button', { name: 'Notifications, 1 unread' }).tap()
      await page.getByText('Your 24 words are not confirmed').waitFor()
      await assertAccessible(page, 'a reminder')
      await page.getByRole('button', { name: 'Confirm them now' }).tap()
      await page.getByRole('heading', { name: 'Your 24 words once more' }).waitFor()
      await page.getByLabel('Passphrase', { exact: true }).fill(passphrase)
      await page.keyboard.press('Enter')
      await page.getByRole('list', { name: 'Your 24 words' }).waitFor()
      assert.deepEqual(
        (await page.getByRole('list', { name: 'Your 24 words' }).getByRole('listitem').allInnerTexts()).map(
          (text) => text.match(/[a-z]+/)?.[0],
        ),
        words,
      )
      await assertAccessible(page, 'words once more')
      await page.getByRole('button', { name: 'I have written them down' }).tap()
      for (const field of await page.getByRole('textbox').all()) {
        const label = await field.evaluate((input: HTMLInputElement) => input.labels?.[0]?.textContent ?? '')
        await field.fill(words[Number(label.match(/\d+/)?.[0]) - 1] as string)
      }
      await page.keyboard.press('Enter')
      await page.getByRole('button', { name: 'Notifications', exact: true }).waitFor()
      assert.equal((await house.node.operations.identities.recovery()).areWordsConfirmed, true)
      await page.reload()
      await unlock(page)
      await page.waitForTimeout(500)
      await page.getByRole('button', { name: 'Notifications', exact: true }).waitFor()
    }),
)
