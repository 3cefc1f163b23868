/** Takes the pictures of the user guide anew: `npm run pictures`. They go to docs/pictures, small enough to be kept. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type PutItem, streamContent } from '@anarq/flows'
import { type Node, openNode } from '@anarq/node'
import type { BrowserContextOptions, Locator, Page } from 'playwright-core'
import { type House, openHouse, passphrase, unlock } from './visit.ts'

const folder = fileURLToPath(new URL('../../../docs/pictures/', import.meta.url))
const wide: BrowserContextOptions = { viewport: { width: 1440, height: 900 }, colorScheme: 'light' }
const phone: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  hasTouch: true,
  colorScheme: 'light',
}
/** What moves has arrived, and notices have been read. */
const settleMs = 900
const quality = 80

async function take(page: Page, name: string): Promise<void> {
  await page.mouse.move(0, 0)
  await page.waitForTimeout(settleMs)
  const session = await page.context().newCDPSession(page)
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality })
  await session.detach()
  await writeFile(`${folder}${name}.webp`, Buffer.from(data, 'base64'))
  console.log(`docs/pictures/${name}.webp`)
}

/** A home that somebody lives in: files, identities, something shared, taken back, and a decoy that was touched. */
async function furnish({ operations }: Node): Promise<void> {
  const { account, identities, sharing, tools } = operations
  const ada = await account.init({ name: 'Ada Lovelace', passphrase })
  const work = await identities.create({ kind: 'sub', name: 'Work' })
  await identities.create({ kind: 'anonymous', name: 'Night reader' })
  await identities.create({ kind: 'organisation', name: 'Reading circle' })
  for (const path of [
    'Letters/To Charles.md',
    'Letters/To Mary.md',
    'Notes on the engine.md',
    'Holiday plan.txt',
    'Invoices/2026-10.csv',
    'Invoices/2026-11.csv',
    'Poems.txt',
  ])
    await keep(operations, path, `# ${path}\n\nWhat stands here is nobody's business.\n`)
  await keep(operations, 'Photos/album.bin', 'x'.repeat(900_000))
  await sharing.share('/Holiday plan.txt', { with: work.did, uses: 3, purpose: 'planning' })
  const letter = await sharing.share('/Poems.txt', { with: work.did })
  await sharing.revoke(letter.grant.id)
  await keep(operations, 'passwords.txt', 'hunter2', true)
  const bait = await sharing.share('/passwords.txt', { with: work.did })
  await identities.use(work.did)
  await sharing.open(letter.ping).catch(() => undefined)
  await sharing.open(bait.ping).catch(() => undefined)
  await identities.use(ada.did)
  await identities.createChild({
    name: 'Byron',
    birthMs: Date.UTC(2016, 1, 28),
    device: await deviceText(),
    second: 'Work',
  })
  const untilMs = Date.now() + 90 * 24 * 60 * 60 * 1000
  await tools.create({ name: 'Laptop’s file manager', door: 'webdav', rights: 'write', untilMs })
  await tools.create({ name: 'Assistant', door: 'mcp', folder: '/Letters', rights: 'read', untilMs })
}

/** What a child's own device shows: it is another home. */
async function deviceText(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'anarq-device-'))
  const node = await openNode({ home })
  try {
    return (await node.operations.account.enrol({ name: 'Byron', passphrase })).device
  } finally {
    await node.close()
    await rm(home, { recursive: true, force: true })
  }
}

/** The first screens of an empty home: a backup comes back, and a child's device waits for its guardian. */
async function takeBeginnings({ visit }: House): Promise<void> {
  await visit(wide, async ({ page }) => {
    await take(page, 'first-run')
    await page.getByRole('button', { name: 'Restore from a backup' }).click()
    await page.getByRole('button', { name: 'Choose the backup' }).waitFor()
    await take(page, 'restore')
  })
}

async function takeWard(): Promise<void> {
  const house = await openHouse({ meetsAsChosen: true })
  try {
    await house.visit(phone, async ({ page }) => {
      await page.getByRole('button', { name: 'Join with what a guardian gave you' }).click()
      await page.getByLabel('Your name').fill('Byron')
      await page.getByLabel('Passphrase', { exact: true }).fill(passphrase)
      await page.keyboard.press('Enter')
      await page.getByLabel('The text of this device').waitFor()
      await take(page, 'join')
    })
  } finally {
    await house.close()
  }
}

async function keep(
  { drive }: Node['operations'],
  path: string,
  text: string,
  isDecoy = false,
): Promise<void> {
  const bytes = Buffer.from(text)
  async function* once<T>(value: T): AsyncIterable<T> {
    yield value
  }
  const slash = path.lastIndexOf('/')
  const item: PutItem = {
    kind: 'file',
    path: path.slice(slash + 1),
    bytes: bytes.length,
    modifiedMs: Date.now() - bytes.length * 60_000,
    content: streamContent(once(bytes)),
  }
  await drive.put(once([item]), { isDecoy, to: slash < 0 ? '/' : `/${path.slice(0, slash)}` })
}

async function openApp(page: Page, name: string): Promise<Locator> {
  await page.getByRole('main').getByRole('button', { name, exact: true }).first().click()
  // Its title may become that of what it shows.
  const window = page.locator('.window').last()
  await window.waitFor()
  return window
}

const goTo = (window: Locator, place: string): Promise<void> =>
  window.locator('.aq-sidebar').getByRole('option', { name: place, exact: true }).click()

type Place = { readonly app: string; readonly place?: string; readonly ready: string; readonly name: string }
const places: readonly Place[] = [
  { app: 'Files', ready: 'Letters', name: 'files' },
  { app: 'Identities', ready: 'Reading circle', name: 'identities' },
  { app: 'Identities', place: 'Recovery', ready: 'Check the words', name: 'recovery' },
  { app: 'Identities', place: 'Children', ready: 'What Byron may do', name: 'children' },
  { app: 'Consent', ready: 'Holiday plan.txt', name: 'consent' },
  { app: 'Guardian', ready: 'A decoy was touched', name: 'guardian-alerts' },
  { app: 'Guardian', place: 'Live', ready: 'Something comes in', name: 'guardian-live' },
  { app: 'Guardian', place: 'Risk', ready: 'Work', name: 'guardian-risk' },
  { app: 'Guardian', place: 'Decoys', ready: '/passwords.txt', name: 'guardian-decoys' },
  { app: 'Guardian', place: 'Audit log', ready: 'Verify the log', name: 'guardian-log' },
  { app: 'Apps', ready: 'Apps', name: 'store' },
  { app: 'Settings', ready: 'Theme', name: 'settings-appearance' },
  { app: 'Settings', place: 'Storage', ready: 'Free on the disk', name: 'settings-storage' },
  { app: 'Settings', place: 'Keys for tools', ready: 'Assistant', name: 'settings-keys' },
  { app: 'Network', ready: 'How your node meets others', name: 'network-way' },
  { app: 'Settings', place: 'Network', ready: 'This node only goes out.', name: 'settings-network' },
  { app: 'Settings', place: 'About', ready: 'Libraries and their licences', name: 'settings-about' },
]

async function takeWindows({ visit }: House): Promise<void> {
  for (const { app, place, ready, name } of places) {
    await visit(wide, async ({ page }) => {
      await unlock(page)
      const window = await openApp(page, app)
      if (place !== undefined) await goTo(window, place)
      await window.getByText(ready, { exact: false }).or(window.getByLabel(ready)).first().waitFor()
      await take(page, name)
    })
  }
}

async function takeDrill({ visit, node }: House): Promise<void> {
  const pieces: Uint8Array[] = []
  for await (const piece of node.operations.health.backup()) pieces.push(piece)
  const file = { name: 'anarq-backup.car', mimeType: '', buffer: Buffer.concat(pieces) }
  await visit(wide, async ({ page }) => {
    await unlock(page)
    const window = await openApp(page, 'Settings')
    await goTo(window, 'Backup')
    await window.locator('input[type=file]').setInputFiles(file)
    await window.getByText('would bring everything back').waitFor()
    await take(page, 'settings-backup')
  })
}

/** A node among six others. */
async function takeNetwork(): Promise<void> {
  const net = (at: number) => ({ net: { listen: `tcp://127.${at}.0.1:4610`, isAmongOthers: true } })
  const one = await openHouse(net(1))
  const homes = await mkdtemp(join(tmpdir(), 'anarq-others-'))
  const others: Node[] = []
  try {
    await one.node.operations.account.init({ name: 'Ada Lovelace', passphrase })
    await keep(one.node.operations, 'Poems.txt', 'x'.repeat(200_000))
    for (let at = 2; at < 8; at += 1) {
      const node = await openNode({ home: join(homes, String(at)), ...net(at) })
      others.push(node)
      await node.operations.account.init({ name: `Node ${at}`, passphrase })
      const invitation = (await one.node.settledNet())?.operations?.invite().invitation ?? ''
      await (await node.settledNet())?.operations?.join(invitation)
    }
    await one.visit(wide, async ({ page }) => {
      await unlock(page)
      const window = await openApp(page, 'Network')
      await window.getByRole('button', { name: 'Make an invitation' }).click()
      await window.getByRole('img', { name: 'The invitation as a code for a camera' }).waitFor()
      await take(page, 'network')
      await goTo(window, 'Neighbours')
      await window.getByText('7 of 25 seats taken').waitFor({ timeout: 120_000 })
      await window.getByText('everything, as it is now').waitFor({ timeout: 120_000 })
      await take(page, 'network-neighbours')
    })
  } finally {
    await one.close()
    await Promise.all(others.map((node) => node.close()))
    await rm(homes, { recursive: true, force: true })
  }
}

const house = await openHouse()
try {
  await mkdir(folder, { recursive: true })
  await takeBeginnings(house)
  await takeWard()
  await furnish(house.node)
  await house.visit(wide, async ({ page }) => {
    await take(page, 'unlock')
    await unlock(page)
    await take(page, 'home')
    await page.keyboard.press('Control+k')
    await page.getByRole('dialog').waitFor()
    await take(page, 'launcher')
  })
  await takeWindows(house)
  await takeDrill(house)
  await takeNetwork()
  await house.visit({ ...wide, colorScheme: 'dark' }, async ({ page }) => {
    await unlock(page)
    const window = await openApp(page, 'Files')
    await window.getByText('Letters').first().waitFor()
    await take(page, 'files-dark')
  })
  await house.visit(phone, async ({ page }) => {
    await unlock(page)
    await take(page, 'phone-home')
  })
} finally {
  await house.close()
}
