/** The browser that tests drive: the one that `npm test` fetched, or one that the machine has. */
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'
import { fetchedBrowser } from './get-browser.mjs'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** `ANARQ_BROWSER` names another; nothing where there is none. */
export function findBrowser(env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (env.ANARQ_BROWSER !== undefined) return env.ANARQ_BROWSER
  if (existsSync(fetchedBrowser)) return fetchedBrowser
  const folders = (env.PATH ?? '').split(delimiter)
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find((file) => existsSync(file))
}

const noBrowser = 'No Chromium or Chrome here: install one, or set ANARQ_BROWSER.'

/** Where no browser is, and nobody promised one (`CI`), the tests that need one are left out, and say so. */
export const skipWithoutBrowser: string | false =
  findBrowser() === undefined && process.env.CI === undefined ? noBrowser : false

let shared: Promise<Browser> | undefined
let sharing = 0
const lingerMs = 2000

/** One for all tests of this process; it ends when nobody wants it for a while. */
export async function shareBrowser(): Promise<{ browser: Browser; leave: () => void }> {
  const executablePath = findBrowser()
  if (executablePath === undefined) throw new Error(noBrowser)
  sharing += 1
  shared ??= chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
  const mine = shared
  const leave = (): void => {
    sharing -= 1
    setTimeout(async () => {
      if (sharing > 0 || shared !== mine) return
      shared = undefined
      await (await mine).close()
    }, lingerMs).unref()
  }
  return { browser: await mine, leave }
}
