import { basename } from 'node:path'
import { formatBytes } from '@anarq/bytes'
import { readTree } from '@anarq/files'
import { type AppPlan, appFolder, type DataChoice, type Sdk, shellId } from '@anarq/sdk'
import { type Context, textOf, UsageError, type Values } from '../command.ts'
import { shown, table } from '../terminal.ts'

/** Packages wait here while they are looked at: in the system's own storage, sealed like everything else. */
const incoming = 'app:/incoming'

export async function installApp(context: Context, args: readonly string[], values: Values): Promise<number> {
  const { terminal } = context
  const { apps, storage } = await context.sdk()
  const isDevelopment = values.unsigned === true
  const named = await inFeeds(apps, args[1] as string)
  const path = named?.path ?? (await bring(context, args[1] as string))
  const from = { path, ...(named === undefined ? { isDevelopment } : { feed: named.feed }) }
  try {
    const plan = await apps.inspect(from)
    if (!terminal.isJson) terminal.note(describePlan(plan))
    const granted = await chooseGrants(context, plan, textOf(values, 'grant'))
    if (granted === undefined) {
      terminal.note('Nothing was installed.')
      return 1
    }
    const trust = textOf(values, 'trust')
    const facts = await apps.install({ ...from, granted, trust })
    terminal.result(
      facts,
      `${shown(facts.name)} ${facts.version} is ${plan.kind === 'update' ? 'updated' : 'installed'}.`,
    )
    return 0
  } finally {
    if (named === undefined) await forget(storage, path)
  }
}

/** What is no file and has the form of an id is an app that some feed offers. */
async function inFeeds(
  apps: Sdk['apps'],
  what: string,
): Promise<{ readonly path: string; readonly feed: string } | undefined> {
  if (/\.wxa$/i.test(what) || !/^[a-z][a-z0-9-]*(\.[a-z0-9-]+)+$/.test(what)) return undefined
  const found = (await apps.feeds({})).flatMap(({ did, apps: offered }) =>
    offered.filter(({ id }) => id === what).map(({ path }) => ({ path, feed: did })),
  )
  if (found.length > 1)
    throw new UsageError(
      `Several feeds offer ${what}. Remove those that you do not mean: anarq app feed list`,
    )
  return found[0]
}

export async function listApps(context: Context): Promise<number> {
  const apps = await (await context.sdk()).apps.list({})
  const rows = apps.map(({ id, name, version, isOn, publisher }) => [
    id,
    shown(name),
    version,
    isOn ? 'on' : 'off',
    publisher === undefined ? 'unsigned' : shown(publisher.name),
  ])
  context.terminal.result(
    apps,
    apps.length === 0 ? 'No app is installed. Make one with: anarq app new NAME' : table(rows),
  )
  return 0
}

export async function uninstallApp(
  context: Context,
  args: readonly string[],
  values: Values,
): Promise<number> {
  const id = args[1] as string
  const data = textOf(values, 'data')
  if (data !== 'keep' && data !== 'export' && data !== 'erase')
    throw new UsageError(
      'What becomes of its data? --data keep, --data export (a folder of your drive) or --data erase.',
    )
  const { exportedTo } = await (await context.sdk()).apps.uninstall({ id, data })
  context.terminal.result({ id, data, exportedTo }, `${id} is gone. ${afterwards(data, exportedTo)}`)
  return 0
}

export async function rollBackApp(context: Context, args: readonly string[]): Promise<number> {
  const facts = await (await context.sdk()).apps.rollBack({ id: args[1] as string })
  context.terminal.result(facts, `${shown(facts.name)} is at ${facts.version} again. Its data is as it was.`)
  return 0
}

/** The file of the outside, into the system's own storage; gives its path there. */
async function bring(context: Context, file: string): Promise<string> {
  const { drive } = await context.operations()
  const to = `${appFolder(shellId)}/incoming`
  const { skipped } = await drive.put(readTree([file], { signal: context.signal }), { to, isThorough: true })
  const [first] = skipped
  if (first !== undefined) throw new UsageError(first.sentence)
  return `${incoming}/${basename(file)}`
}

async function forget(storage: Sdk['storage'], path: string): Promise<void> {
  await storage.remove({ path, isForever: true }).catch(() => {})
}

/** What is granted: as the command says, or as the person answers; undefined where they would rather not. */
async function chooseGrants(
  { terminal }: Context,
  { app, asks }: AppPlan,
  grant: string | undefined,
): Promise<string[] | undefined> {
  const before = app.permissions.filter(({ isGranted }) => isGranted).map(({ id }) => id)
  if (grant === 'all') return app.permissions.map(({ id }) => id)
  if (grant === 'none') return []
  if (grant !== undefined) return [...before, ...grant.split(',').map((id) => id.trim())]
  if (asks.length === 0) return before
  if (!terminal.isInteractive || terminal.isJson)
    throw new UsageError(`It asks for ${asks.join(', ')}. Say what you grant: --grant all, none, or ID,ID.`)
  const answer = (await terminal.ask('Grant this and install it? (y/N) ')).trim().toLowerCase()
  return answer === 'y' || answer === 'yes' ? [...before, ...asks] : undefined
}

function describePlan({ kind, app, from, asks, bytes, needsTrust }: AppPlan): string {
  const { publisher, permissions } = app
  const lines = [
    `${shown(app.name)} ${app.version} (${app.id}, ${formatBytes(bytes)})${kind === 'update' ? `, instead of ${from}` : ''}`,
    publisher === undefined
      ? 'Nobody signed it: a package in development.'
      : `From ${shown(publisher.name)}, ${publisher.did}`,
    shown(app.description),
  ]
  for (const { id, means, why } of permissions)
    lines.push(`  ${asks.includes(id) ? 'asks' : 'may already'}: ${means}  [${id}]`, `    "${shown(why)}"`)
  if (permissions.length === 0) lines.push('  It asks for nothing.')
  if (needsTrust) lines.push('It runs inside the shell. To trust its publisher: --trust NAME')
  return lines.join('\n')
}

function afterwards(data: DataChoice, exportedTo: string | undefined): string {
  switch (data) {
    case 'keep':
      return 'What it kept is there for when you install it again.'
    case 'erase':
      return 'What it kept is erased.'
    case 'export':
      return exportedTo === undefined ? 'It had kept nothing.' : `What it kept is in ${exportedTo}.`
    default:
      return data satisfies never
  }
}
