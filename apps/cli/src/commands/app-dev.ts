import { once } from 'node:events'
import { watch } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { asFault, Fault } from '@anarq/fault'
import { streamContent } from '@anarq/flows'
import { type AppFacts, appFolder, shellId } from '@anarq/sdk'
import { developmentNumberOf, developmentVersion, packFiles, withManifest } from '@anarq/wxa'
import { deflate, writeZip } from '@anarq/zip'
import { type Context, textOf, UsageError, type Values } from '../command.ts'
import { shown } from '../terminal.ts'
import { readAppFolder } from './app-folder.ts'

/** An editor writes a file in several steps, and a build several files: all of them are one change. */
const restMs = 120
const fileName = 'development.wxa'
const leftAlone = ['node_modules', /(^|[\\/])\./, /\.wxa$/]

type Grants = 'all' | 'none' | readonly string[]

/**
 * The folder as an app of the running node, packed and installed anew whenever a file changes, until the command ends.
 * Each is signed by the identity in use, under a version that comes before the one that will be published.
 */
export async function developApp(context: Context, args: readonly string[], values: Values): Promise<number> {
  const { terminal, signal, home } = context
  const folder = args[1] as string
  const { reachNode } = await import('@anarq/http/client')
  const node = await reachNode(home, { signal })
  await node?.close()
  if (node === undefined)
    throw new Fault('unavailable.node', 'No node runs in this home. Start it in another terminal: anarq up')
  const { id } = (await readAppFolder(folder)).draft
  await clear(context, id)
  const options = { folder, grants: grantsOf(textOf(values, 'grant')), trust: textOf(values, 'trust') }
  // From before the first package on: what changes while it is made is not missed.
  const changes = watchFolder(folder, signal)
  try {
    const first = await step(context, options, 1)
    terminal.result(
      first,
      `${said(first, folder)}\nEach change of ${shown(folder)} is seen at once. Ctrl-C ends it.`,
    )
    await follow(context, options, changes).finally(() =>
      remove(context, id, textOf(values, 'data') === 'erase' ? 'erase' : 'keep'),
    )
    terminal.note(`${shown(first.name)} is taken away again.`)
    return 0
  } finally {
    changes.close()
  }
}

/** A package for each change, until the command is to end. */
async function follow(context: Context, options: Options, changes: Changes): Promise<void> {
  const { terminal } = context
  for (let number = 2; await changes.next(); number += 1) {
    try {
      terminal.note(said(await step(context, options, number), options.folder))
    } catch (error) {
      // What is wrong is for whoever is typing just now; what was installed before goes on.
      terminal.note(asFault(error).message)
    }
  }
}

type Options = {
  readonly folder: string
  readonly grants: Grants | undefined
  readonly trust: string | undefined
}

/** One package of the folder as it is now, in the place of the one before. */
async function step(context: Context, { folder, grants, trust }: Options, number: number): Promise<AppFacts> {
  const { identities, drive } = await context.operations()
  const { apps, storage } = await context.sdk()
  const { draft, files } = await readAppFolder(folder)
  const version = developmentVersion(draft.version, number)
  const packed = packFiles(files, { ...draft, version }, { deflate })
  const bytes = writeZip(withManifest(packed.entries, await identities.signApp(packed.manifest)))
  const content = streamContent(one(bytes))
  const file = { kind: 'file' as const, path: fileName, bytes: bytes.length, modifiedMs: Date.now(), content }
  const { skipped } = await drive.put(one([file]), { to: `${appFolder(shellId)}/incoming`, isThorough: true })
  if (skipped[0] !== undefined) throw new Fault(skipped[0].code, skipped[0].sentence)
  const path = `app:/incoming/${fileName}`
  try {
    const { app, needsTrust } = await apps.inspect({ path })
    const own = app.publisher?.name ?? ''
    if (needsTrust && trust !== own)
      throw new UsageError(
        `${shown(draft.name)} is a component, which runs inside the desktop. Say that you trust yourself: --trust ${JSON.stringify(own)}`,
      )
    // What was turned on in the desktop meanwhile stays on.
    const granted = app.permissions.filter((asked) => asked.isGranted || isGranted(grants, asked.id))
    return await apps.install({ path, granted: granted.map((asked) => asked.id), trust })
  } finally {
    await storage.remove({ path, isForever: true }).catch(() => {})
  }
}

/** One that an earlier run left behind goes; one that was installed in earnest stays, with its data. */
async function clear(context: Context, id: string): Promise<void> {
  const { apps } = await context.sdk()
  const there = (await apps.list({})).find((app) => app.id === id)
  if (there === undefined) return
  if (there.publisher !== undefined && developmentNumberOf(there.version) === undefined)
    throw new Fault(
      'conflict.installed',
      `${shown(there.name)} ${there.version} is installed. Give the one in development another id, or take that one away first: anarq app uninstall ${id} --data keep`,
    )
  await apps.uninstall({ id, data: 'keep' })
}

async function remove(context: Context, id: string, data: 'keep' | 'erase'): Promise<void> {
  try {
    await (await context.sdk()).apps.uninstall({ id, data })
  } catch (error) {
    context.terminal.note(
      `${asFault(error).message} To take the app away when the node runs again: anarq app uninstall ${id} --data ${data}`,
    )
  }
}

type Changes = { next(): Promise<boolean>; close(): void }

/** `next` waits for a change and the rest after it; false when the command is to end. */
function watchFolder(folder: string, signal: AbortSignal): Changes {
  let isChanged = false
  const watcher = watch(folder, { recursive: true, ignore: leftAlone }, () => {
    isChanged = true
  })
  let broken: Error | undefined
  watcher.on('error', (error) => {
    broken = error
  })
  return {
    async next() {
      while (!isChanged && !signal.aborted && broken === undefined)
        await once(watcher, 'change', { signal }).catch(() => undefined)
      if (broken !== undefined)
        throw new Fault(
          'unavailable.folder',
          `${shown(folder)} cannot be watched any more: ${broken.message}`,
        )
      while (isChanged && !signal.aborted) {
        isChanged = false
        await wait(restMs, undefined, { signal }).catch(() => undefined)
      }
      return !signal.aborted
    },
    close: () => watcher.close(),
  }
}

function grantsOf(text: string | undefined): Grants | undefined {
  if (text === undefined || text === 'all' || text === 'none') return text
  return text.split(',').map((id) => id.trim())
}

function isGranted(grants: Grants | undefined, id: string): boolean {
  return grants === 'all' || (Array.isArray(grants) && grants.includes(id))
}

function said({ name, version, permissions }: AppFacts, folder: string): string {
  const off = permissions.filter(({ isGranted: is }) => !is).map(({ id }) => id)
  const wants = off.length === 0 ? '' : `; not granted: ${off.join(', ')} (--grant all, or in Apps)`
  return `${shown(name)} ${version} from ${shown(folder)}${wants}`
}

async function* one<T>(value: T): AsyncIterable<T> {
  yield value
}
