/** Where a browser is that tests can drive: the one that `npm test` fetched, or one that the machine has. */
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fetchedBrowser } from './get-browser.mjs'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** `ANARQ_BROWSER` names another; nothing where there is none. */
export function findBrowser(env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (env.ANARQ_BROWSER !== undefined) return env.ANARQ_BROWSER
  if (existsSync(fetchedBrowser)) return fetchedBrowser
  const folders = (env.PATH ?? '').split(delimiter)
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find((file) => existsSync(file))
}
