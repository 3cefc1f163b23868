/** A node with a home of its own, and browsers that visit it, as people do. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Node, type NodeOptions, openNode } from '@anarq/node'
import { serveNode } from '@anarq/node/serve'
import { appFolder, shellId } from '@anarq/sdk'
import { createPageClient, createPageKey, createSdk, type PageSession } from '@anarq/sdk/browser'
import type axe from 'axe-core'
import type { Browser, BrowserContextOptions, Page, Request } from 'playwright-core'
import { shareBrowser, skipWithoutBrowser } from '../../../tools/browser.ts'
import { buildDesktop } from '../../../tools/build-desktop.mjs'

/** In which each screen is looked at; `ANARQ_LOOKS` names one alone. */
export const looks: readonly ('dark' | 'light')[] = (['light', 'dark'] as const).filter(
  (look) => (process.env.ANARQ_LOOKS ?? look) === look,
)
export const wide = { viewport: { width: 1440, height: 900 } } as const satisfies BrowserContextOptions
export const phone = {
  viewport: { width: 390, height: 844 },
  hasTouch: true,
} as const satisfies BrowserContextOptions
export const passphrase = 'copper meadow tram seventeen'

export type Visit = { readonly page: Page; readonly address: string; readonly complaints: string[] }
export type House = {
  readonly node: Node
  readonly address: string
  visit(options: BrowserContextOptions, act: (visit: Visit) => Promise<void>): Promise<void>
  /** The node goes away, its home stays. */
  stop(): Promise<void>
  close(): Promise<void>
}

export const skip: string | false = skipWithoutBrowser

export async function openHouse(options: Pick<NodeOptions, 'meetsAsChosen' | 'net'> = {}): Promise<House> {
  if (!isBuilt) buildDesktop()
  isBuilt = true
  const home = await mkdtemp(join(tmpdir(), 'anarq-desktop-'))
  // A guess at this passphrase may be cheap: the home lasts as long as the tests.
  const node = await openNode({ home, ...options, passphraseCost: { memoryKiB: 8, passes: 1, lanes: 1 } })
  const served = await serveNode(node, { port: 0, host: '127.0.0.1' })
  const { browser, leave } = await shareBrowser()
  const { address } = served
  let isRunning = true
  let visits = 0
  const stop = async (): Promise<void> => {
    if (!isRunning) return
    isRunning = false
    await served.close()
    await node[Symbol.asyncDispose]()
  }
  return {
    node,
    address,
    async visit(options, act) {
      if (visits === 0 && isRunning) await forgetDesk(node)
      visits += 1
      try {
        await visit(browser, address, options, act)
      } finally {
        visits -= 1
      }
    },
    stop,
    async close() {
      leave()
      await stop()
      await rm(home, { recursive: true, force: true })
    },
  }
}

let isBuilt = false

/** What a visit before left open, and how it liked things to look: each begins as the first did, unless another goes on. */
async function forgetDesk({ operations: { account, drive } }: Node): Promise<void> {
  const { state } = await account.status()
  if (state !== 'open' && state !== 'locked') return
  if (state === 'locked') await account.unlock({ passphrase })
  await drive.remove(appFolder(shellId), { isForever: true }).catch(() => undefined)
  if (state === 'locked') await account.lock()
}

async function visit(
  browser: Browser,
  address: string,
  options: BrowserContextOptions,
  act: (visit: Visit) => Promise<void>,
): Promise<void> {
  // One that takes the shell in for later costs each visit a quarter of a second: who needs it says so.
  const context = await browser.newContext({
    locale: 'en-US',
    reducedMotion: 'reduce',
    serviceWorkers: 'block',
    ...options,
  })
  const page = await context.newPage()
  await page.addInitScript(drawPlainly)
  const complaints: string[] = []
  const writes = writesOf(page)
  page.setDefaultTimeout(30_000)
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    if (/Content Security Policy|Refused to|Warning:|Error:/.test(message.text()))
      complaints.push(message.text())
  })
  try {
    await page.goto(address)
    await act({ page, address, complaints })
    assert.deepEqual(complaints, [])
    await writes.settled()
  } finally {
    await context.close()
  }
}

const settlesWithinMs = 2000

/** What a page sent and has no answer to: one that reaches the node after the visit would be part of the next one. */
function writesOf(page: Page): { settled(): Promise<void> } {
  const pending = new Set<Request>()
  page.on('request', (request) => {
    if (request.method() !== 'GET') pending.add(request)
  })
  const answered = (request: Request): boolean => pending.delete(request)
  page.on('requestfinished', answered)
  page.on('requestfailed', answered)
  return {
    async settled() {
      const untilMs = performance.now() + settlesWithinMs
      while (pending.size > 0 && performance.now() < untilMs) await page.waitForTimeout(20)
    },
  }
}

const axeSource = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8')
declare const window: { readonly axe?: typeof axe }

/** In the page: what lies under glass is not blurred, which without a graphics card takes much of what drawing takes. */
function drawPlainly(): void {
  if (self !== top) return
  const plain = new CSSStyleSheet()
  plain.replaceSync('* { backdrop-filter: none !important }')
  document.adoptedStyleSheets.push(plain)
}

/** Nothing serious or critical on what is shown now. */
export async function assertAccessible(page: Page, where: string): Promise<void> {
  // What moves is looked at when it has arrived.
  await page.waitForTimeout(350)
  // Once a document: `@axe-core/playwright` opens a page of its own and sends axe to both, at ten times the price.
  if (await page.evaluate(() => window.axe === undefined)) await page.evaluate(axeSource)
  assert.deepEqual(await page.evaluate(findGrave), [], where)
}

/** In the page: what is wrong, each with where it is. */
async function findGrave(): Promise<string[]> {
  const { run } = window.axe as typeof axe
  // Frames hold pages of others, whose policy lets nobody in. What was announced names the button that was pressed for some
  // seconds, and that may be gone with its place: react-aria's own.
  const exclude = [['iframe.app-frame'], ['[data-live-announcer]']]
  const { violations } = await run({ exclude }, { iframes: false, resultTypes: ['violations'] })
  const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  return grave.map(
    ({ id, nodes }) =>
      `${id}: ${nodes.map(({ html, failureSummary }) => `${html}\n${failureSummary}`).join('\n')}`,
  )
}

export async function unlock(page: Page): Promise<void> {
  await page.getByLabel('Passphrase', { exact: true }).fill(passphrase)
  await page.keyboard.press('Enter')
  await page.getByRole('main', { name: 'Desktop' }).waitFor()
}

/** Unlocks, and opens Files where no window is open from before. */
export async function openFiles(page: Page): Promise<void> {
  await unlock(page)
  // Windows come with the desktop, what is in them a moment later. This one soon has the name of the folder that it shows.
  if ((await page.locator('.window[data-landmark]').count()) === 0)
    await page.getByRole('main').getByRole('button', { name: 'Files', exact: true }).first().click()
  await page.getByRole('navigation', { name: 'Places' }).waitFor()
}

/** What comes a moment after the screen says so: what the node writes down, what is taken away behind it. */
export async function until(isSo: () => Promise<boolean>, what: string): Promise<void> {
  const endMs = performance.now() + 30_000
  while (!(await isSo())) {
    assert.ok(performance.now() < endMs, `within half a minute it did not come to be that ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Unlocks in a browser that speaks Spanish, and opens the app of apps. */
export async function openAppsInSpanish(page: Page): Promise<void> {
  await page.getByLabel('Frase de acceso', { exact: true }).fill(passphrase)
  await page.keyboard.press('Enter')
  await page.getByRole('list', { name: 'Aplicaciones' }).getByRole('button', { name: 'Aplicaciones' }).click()
}

/** The SDK of the person, without a browser. */
export async function enter(origin: string): Promise<ReturnType<typeof createSdk>> {
  const key = await createPageKey()
  let session: PageSession | undefined
  const client = createPageClient({ key, session: () => session, origin })
  session = await client.open<PageSession>('/api/v1/sessions', { json: { passphrase, key: key.publicKey } })
  return createSdk(client.callAs())
}

/** A line on which so many bytes a second go out; what it gives ends that. */
export async function slowLine(page: Page, uploadThroughput: number): Promise<() => Promise<void>> {
  const line = await page.context().newCDPSession(page)
  const rest = { offline: false, latency: 0, downloadThroughput: -1 }
  await line.send('Network.emulateNetworkConditions', { ...rest, uploadThroughput })
  return async () => {
    await line.send('Network.emulateNetworkConditions', { ...rest, uploadThroughput: -1 })
  }
}
