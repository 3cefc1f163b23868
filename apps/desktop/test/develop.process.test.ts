/** Apps as a developer makes them: begun by the command, opened in a real browser, changed while they run. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { anarq } from './packages.ts'
import { assertAccessible, type House, openHouse, passphrase, skip, unlock, wide } from './visit.ts'

const command = fileURLToPath(new URL('../../cli/bin/anarq.js', import.meta.url))
let house: House
let folder: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anarq-develop-'))
  if (skip !== false) return
  house = await openHouse()
  await house.node.operations.account.init({ name: 'Ada Lovelace', passphrase })
})
after(async () => {
  await house?.close()
  await rm(folder, { recursive: true, force: true })
})

const run = (...args: string[]): Promise<string> => anarq([...args, '--home', house.node.home.root])

async function open(page: Page, app: string): Promise<void> {
  await page.getByRole('list', { name: 'Apps', exact: true }).getByRole('button', { name: app }).click()
}

test(
  '[WX-DEV-10] the app that a developer begins with counts in a real browser, as a page and as a component',
  { skip },
  () =>
    house.visit({ ...wide, colorScheme: 'light' }, async ({ page }) => {
      for (const [name, more] of [
        ['Tea Counter', []],
        ['Coffee Counter', ['--kind', 'component', '--backend']],
      ] as const) {
        const app = join(folder, name.toLowerCase().replace(' ', '-'))
        await run('app', 'new', join(folder, name), ...more)
        await run('app', 'pack', app, '-o', `${app}.wxa`)
        await run('app', 'install', `${app}.wxa`, '--grant', 'none', '--trust', 'Ada Lovelace')
      }
      await unlock(page)
      await open(page, 'Tea Counter')
      const tea = page.frameLocator('iframe.app-frame')
      await tea.getByRole('button', { name: 'One more' }).click()
      await page.getByRole('region', { name: 'Counted: 1' }).waitFor()
      await page.getByRole('region', { name: 'Counted: 1' }).getByRole('button', { name: 'Close' }).click()
      await open(page, 'Tea Counter')
      // It counts on where it was: the number lies in its own storage.
      await tea.getByText('1', { exact: true }).waitFor()
      await page.getByRole('region', { name: 'Counted: 1' }).getByRole('button', { name: 'Close' }).click()
      await open(page, 'Coffee Counter')
      const coffee = page.locator('.app-component')
      await coffee.getByRole('button', { name: 'One more' }).click()
      await coffee.getByText('1', { exact: true }).waitFor()
      await assertAccessible(page, 'two templates')
    }),
)

test(
  '[WX-DEV-10] an app in development is seen anew when a file changes, marked as such, and gone when the command ends',
  { skip },
  () =>
    house.visit({ ...wide, colorScheme: 'dark' }, async ({ page }) => {
      await run('app', 'new', join(folder, 'Draft'), '--id', 'org.example.draft')
      const app = join(folder, 'draft')
      await unlock(page)
      const developing = develop(app)
      try {
        await developing.says(/Draft 0\.1\.0-dev\.1/)
        await open(page, 'Draft (dev)')
        const frame = page.frameLocator('iframe.app-frame')
        await frame.getByRole('button', { name: 'One more' }).click()
        await page.getByRole('region', { name: 'Counted: 1' }).waitFor()
        const place = join(app, 'ui/index.html')
        const before = await readFile(place, 'utf8')
        const fromMs = performance.now()
        await writeFile(place, before.replace('One more', 'Again'))
        await frame.getByRole('button', { name: 'Again' }).waitFor()
        console.log(`a change was seen after ${(performance.now() - fromMs).toFixed(0)} ms`)
        await frame.getByText('1', { exact: true }).waitFor()

        // A slip of the pen says so, and what was there goes on.
        const manifest = join(app, 'manifest.json')
        const written = await readFile(manifest, 'utf8')
        await writeFile(manifest, written.replace('{', ''))
        await developing.says(/manifest\.json is not JSON/)
        await frame.getByRole('button', { name: 'Again' }).waitFor()
        await writeFile(manifest, written.replace('Counts what you count.', 'Counts all.'))
        await developing.says(/Draft 0\.1\.0-dev\.[34]/)
        const [facts] = (await listed()).filter(({ id }) => id === 'org.example.draft')
        assert.deepEqual([facts?.isDevelopment, facts?.description], [true, 'Counts all.'])
      } finally {
        await developing.end()
      }
      await page.locator('iframe.app-frame').waitFor({ state: 'detached' })
      assert.ok((await listed()).every(({ id }) => id !== 'org.example.draft'))
      // Its data is kept, for the next time.
      await house.node.operations.drive.entry('/.anarq/data/org.example.draft/count.txt')
    }),
)

test('what was installed in earnest is not taken over by one in development', { skip }, async () => {
  const refused = develop(join(folder, 'tea-counter'))
  await refused.says(/Tea Counter 0\.1\.0 is installed\. Give the one in development another id/)
  assert.equal(await refused.exit(), 1)
  const [facts] = (await listed()).filter(({ id }) => id === 'org.example.tea-counter')
  assert.deepEqual([facts?.version, facts?.isDevelopment], ['0.1.0', false])
})

type Listed = {
  readonly id: string
  readonly version: string
  readonly description: string
  readonly isDevelopment: boolean
}

async function listed(): Promise<Listed[]> {
  return JSON.parse(await run('app', 'list', '--json')) as Listed[]
}

type Developing = {
  says(pattern: RegExp): Promise<void>
  exit(): Promise<number | null>
  end(): Promise<number | null>
}

function develop(app: string): Developing {
  const child: ChildProcess = spawn(
    process.execPath,
    [command, 'app', 'dev', app, '--home', house.node.home.root],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let heard = ''
  const ended = once(child, 'exit') as Promise<[number | null]>
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (piece: Buffer) => {
      heard += piece.toString()
      child.emit('heard')
    })
  const exit = async (): Promise<number | null> => (await ended)[0]
  return {
    exit,
    async says(pattern) {
      const signal = AbortSignal.timeout(15_000)
      while (!pattern.test(heard))
        await once(child, 'heard', { signal }).catch(() => assert.fail(`not ${pattern} in: ${heard}`))
    },
    async end() {
      child.kill('SIGINT')
      return exit()
    },
  }
}
