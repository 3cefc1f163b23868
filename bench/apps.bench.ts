/**
 * Apps: what installing one takes, and what a hundred of them cost a node that starts: `npm run bench apps`. Each app is a
 * framed one with a backend and 200 KiB of files, signed, put into the drive and installed as the store does it.
 */
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fromUtf8 } from '@anarq/bytes'
import { openNode } from '@anarq/node'
import { createSdk } from '@anarq/sdk'
import { packFiles, withManifest } from '@anarq/wxa'
import { deflate, writeZip } from '@anarq/zip'
import { openApps } from '../apps/node/src/apps.ts'
import { createAnarq } from './data-path/anarq.ts'
import { markdown, median, ratio, seconds, spread } from './table.ts'
import { createTools, processFacts } from './tools.ts'

const appsMax = 100
const rounds = 9
const settleMs = 5000
const tools = createTools()
const anarq = await createAnarq(tools)
const none = await anarq.openHome(join(tools.folder, 'none'))
const full = await anarq.openHome(join(tools.folder, 'full'))
const installMs = await installAll(full.folder)
const starts = { none: [] as number[], full: [] as number[] }
const idle = { none: 0, full: 0 }
for (let round = 0; round < rounds; round += 1) {
  for (const [name, home] of [
    ['none', none],
    ['full', full],
  ] as const) {
    const isLast = round === rounds - 1
    const startedMs = performance.now()
    const service = await home.up()
    const { address } = JSON.parse(service.line) as { address: string }
    await (await fetch(address)).text()
    starts[name].push(performance.now() - startedMs)
    if (isLast) await new Promise((resolve) => setTimeout(resolve, settleMs))
    if (isLast) idle[name] = processFacts(service.pid)?.residentBytes ?? 0
    await service.stop()
  }
}
const mebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(0)} MiB`
console.log(
  `\nInstalling one of ${appsMax}: ${seconds(median(installMs) ?? Number.NaN)} s, at most ${seconds(Math.max(...installMs))} s\n`,
)
console.log(
  markdown(
    ['', 'start to first page: median (least–most)', 'idle after 5 s'],
    [
      ['no app', spread(starts.none), mebibytes(idle.none)],
      [`${appsMax} apps`, spread(starts.full), mebibytes(idle.full)],
      ['ratio', ratio(median(starts.full), median(starts.none)), ratio(idle.full, idle.none)],
    ],
  ),
)

/** How long each took, from the package in the drive to the installed app. */
async function installAll(home: string): Promise<number[]> {
  await using node = await openNode({ home })
  const passphrase = (await readFile(join(tools.folder, 'passphrase'), 'utf8')).trim()
  await node.operations.account.unlock({ passphrase })
  const opened = openApps(node)
  const { apps, storage } = createSdk((method, params) =>
    opened.dispatcher.call({ kind: 'person' }, method, params),
  )
  const times: number[] = []
  for (let at = 0; at < appsMax; at += 1) {
    const path = `/app-${at}.wxa`
    await storage.write({ path, bytes: await packed(node, at) })
    const startedMs = performance.now()
    await apps.install({ path, granted: ['drive.read'] })
    times.push(performance.now() - startedMs)
  }
  await opened.close()
  return times
}

async function packed({ operations }: Awaited<ReturnType<typeof openNode>>, at: number): Promise<Uint8Array> {
  const { manifest, entries } = packFiles(
    [
      { path: 'icon.svg', bytes: fromUtf8('<svg xmlns="http://www.w3.org/2000/svg"/>') },
      { path: 'ui/index.html', bytes: fromUtf8(`<!doctype html><title>${at}</title>`) },
      { path: 'ui/main.js', bytes: randomBytes(200 * 1024) },
      { path: 'backend/main.js', bytes: fromUtf8('export default {}') },
    ],
    {
      manifest: 1,
      id: `org.example.app${at}`,
      name: `App number ${at}`,
      version: '1.0.0',
      category: 'productivity',
      description: 'One of a hundred.',
      permissions: [{ id: 'drive.read', why: 'Keeps what you write.' }],
      icon: 'icon.svg',
      ui: { kind: 'frame', entry: 'ui/index.html' },
      backend: { entry: 'backend/main.js' },
    },
    { deflate },
  )
  return writeZip(withManifest(entries, await operations.identities.signApp(manifest)))
}
