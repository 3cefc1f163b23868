/** docs/apps.md, followed to the letter: each of its commands is run as it stands there, and each of its scripts. */
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Locator, Page } from 'playwright-core'
import { type House, openHouse, passphrase, skip, unlock } from './visit.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const command = join(root, 'apps/cli/bin/anarq.js')
const text = await readFile(join(root, 'docs/apps.md'), 'utf8')
const run = promisify(execFile)
let house: House
let folder: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anarq-page-'))
  await symlink(join(root, 'examples'), join(folder, 'examples'))
  if (skip !== false) return
  house = await openHouse()
  await house.node.operations.account.init({ name: 'Ada', passphrase })
})
after(async () => {
  await house?.close()
  await rm(folder, { recursive: true, force: true })
})

/** What stands in the fences of one language, in the order of the page. */
function blocks(language: string): string[] {
  return [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)]
    .filter(([, of]) => of === language)
    .map(([, , content = '']) => content)
}

const commands = blocks('').flatMap((block) => block.trim().split('\n'))

/** Words of a command line, as a shell has them. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
}

/** Types the next command of the page. */
async function type(expected: RegExp): Promise<string> {
  const line = commands.shift() ?? 'nothing'
  assert.match(line, expected)
  const [program, ...args] = wordsOf(line)
  assert.equal(program, 'anarq')
  const { stdout } = await run(process.execPath, [command, ...args, '--home', house.node.home.root], {
    cwd: folder,
  })
  return stdout
}

const edit = async (path: string, from: string, to: string): Promise<void> => {
  const place = join(folder, path)
  const before = await readFile(place, 'utf8')
  assert.ok(before.includes(from), `${path} has no ${from}`)
  await writeFile(place, before.replace(from, to))
}

/** The words that the page prints in bold are on the screen. */
function bold(words: string): string {
  assert.ok(text.includes(`**${words}**`), `the page has no **${words}**`)
  return words
}

test(
  '[WX-DEV-10] whoever follows the page has an app on the desktop, in a feed, and the commands are the ones that stand there',
  { skip },
  () =>
    house.visit({ viewport: { width: 1440, height: 900 }, colorScheme: 'light' }, async ({ page }) => {
      const fromMs = performance.now()
      assert.equal(commands.shift(), 'anarq up')
      await unlock(page)
      await type(/^anarq app new/)
      assert.ok(text.includes('`"id": "org.yours.tea"`'))
      await edit('tea-counter/manifest.json', '"id": "org.example.tea-counter"', '"id": "org.yours.tea"')
      const { frame } = await develop(page)
      await type(/^anarq app pack/)
      assert.match(await type(/^anarq app verify/), /Tea Counter 0\.1\.0/)

      const store = await openStore(page)
      await store.getByRole('button', { name: bold('Install an app') }).click()
      const [chooser] = await Promise.all([
        page.waitForEvent('filechooser'),
        page.getByRole('menuitem', { name: bold('From this computer…'), exact: true }).click(),
      ])
      await chooser.setFiles(join(folder, 'tea.wxa'))
      await store.getByRole('button', { name: bold('Install'), exact: true }).click()
      await store.getByRole('button', { name: bold('Open') }).click()
      // What was counted in development is there still.
      await frame.getByText('1', { exact: true }).waitFor()
      await page.getByRole('region', { name: 'Counted: 1' }).getByRole('button', { name: 'Close' }).click()

      await edit('tea-counter/manifest.json', '"version": "0.1.0"', '"version": "0.2.0"')
      await type(/^anarq app pack .* --force$/)
      await page.locator('input[type=file][accept=".wxa"]').setInputFiles(join(folder, 'tea.wxa'))
      await store.getByRole('button', { name: 'Update', exact: true }).click()
      await store.getByRole('button', { name: bold('Back to 0.1.0') }).waitFor()

      await type(/^anarq app submit/)
      await store.getByRole('button', { name: 'All apps' }).click()
      await store.getByRole('button', { name: 'Install an app' }).click()
      await page.getByRole('menuitem', { name: bold('Add a feed from this computer…') }).waitFor()
      await page.keyboard.press('Escape')
      await page.locator('input[webkitdirectory]').setInputFiles(join(folder, 'my-apps'))
      await store.getByRole('region', { name: 'From Ada' }).getByText('0.2.0 installed').waitFor()
      const seconds = (performance.now() - fromMs) / 1000
      console.log(`followed in ${seconds.toFixed(1)} s, without reading and typing`)
      assert.ok(text.includes(bold('It is my own, in development')))
      for (const expected of [/ draft\.wxa --unsigned$/, / examples\/timer /, / examples\/notes /])
        await type(expected)
      assert.deepEqual(commands, [])
    }),
)

test('the script of a page, and that of a component, run as they stand on the page', { skip }, () =>
  house.visit({ viewport: { width: 1440, height: 900 }, colorScheme: 'dark' }, async ({ page }) => {
    const anarq = (...args: string[]): Promise<unknown> =>
      run(process.execPath, [command, 'app', ...args, '--home', house.node.home.root], { cwd: folder })
    const [script] = blocks('js')
    const [component] = blocks('ts')
    assert.ok(script !== undefined && component !== undefined)
    await anarq('new', 'Script', '--backend')
    await writeFile(
      join(folder, 'script/ui/app.js'),
      `${script}\ndocument.body.textContent = JSON.stringify({ status, said: json() })\n`,
    )
    await anarq('new', 'Part', '--kind', 'component')
    await writeFile(join(folder, 'part/ui/app.ts'), component)
    for (const name of ['script', 'part']) {
      await anarq('pack', name, '-o', `${name}.wxa`)
      await anarq('install', `${name}.wxa`, '--grant', 'none', '--trust', 'Ada')
    }
    await unlock(page)
    await openApp(page, 'Part')
    await page.locator('.app-component').getByText('Tea', { exact: true }).waitFor()
    await page.getByRole('region', { name: 'Part' }).getByRole('button', { name: 'Close' }).click()
    await openApp(page, 'Script')
    await page.frameLocator('iframe.app-frame').getByText('{"status":200,"said":{"hello":"Ada"}}').waitFor()
    await page.getByRole('region', { name: 'Tea', exact: true }).waitFor()
    const [json] = blocks('json')
    assert.doesNotThrow(() => JSON.parse(`{${json}}`))
  }),
)

async function openApp(page: Page, name: string): Promise<void> {
  const apps = page.getByRole('list', { name: 'Apps', exact: true })
  // Windows come back where they were: what lies over the home screen is closed first.
  for (const region of await page.locator('section.window').all())
    await region.getByRole('button', { name: 'Close' }).click()
  await apps.getByRole('button', { name, exact: true }).click()
}

async function openStore(page: Page): Promise<Locator> {
  await openApp(page, bold('Apps'))
  const store = page.getByRole('region', { name: 'Apps', exact: true })
  await store.waitFor()
  return store
}

/** The part of the page in which the app is seen while it is made. */
async function develop(page: Page) {
  const line = commands.shift() ?? ''
  assert.match(line, /^anarq app dev tea-counter$/)
  const args = [command, ...wordsOf(line).slice(1), '--home', house.node.home.root]
  const child = spawn(process.execPath, args, { cwd: folder, stdio: 'ignore' })
  const ended = once(child, 'exit')
  try {
    await openApp(page, bold('Tea Counter (dev)'))
    const frame = page.frameLocator('iframe.app-frame')
    await frame.getByRole('button', { name: bold('One more') }).click()
    await page.getByRole('region', { name: 'Counted: 1' }).waitFor()
    await edit('tea-counter/ui/index.html', 'One more', 'Another cup')
    await frame.getByRole('button', { name: 'Another cup' }).waitFor()
    await frame.getByText('1', { exact: true }).waitFor()
    return { frame }
  } finally {
    child.kill('SIGINT')
    await ended
  }
}
