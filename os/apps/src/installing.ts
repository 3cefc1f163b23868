import type { Clock } from '@anarq/clock'
import { Fault } from '@anarq/fault'
import { type DriveOperations, putWhole } from '@anarq/kernel'
import {
  type AppOperations,
  type AppPlan,
  appFolder,
  type DataChoice,
  type IconType,
  iconBytesMax,
  readPermission,
} from '@anarq/sdk'
import {
  checkFeedPackage,
  decideInstall,
  type InstallDecision,
  type InstalledApp,
  isSigned,
  type Package,
} from '@anarq/wxa'
import type { BuiltInApp } from './apps.ts'
import { type Book, find, removeForever } from './book.ts'
import { describe } from './facts.ts'
import type { Feeds } from './feeds.ts'
import { type Kept, type KeptApp, type KeptVersion, packageFolder, packagePath } from './registry.ts'
import type { Shelf } from './shelf.ts'

export type InstallingOptions = {
  drive: DriveOperations
  book: Book
  shelf: Shelf
  builtIn: readonly BuiltInApp[]
  feeds: Pick<Feeds, 'entryAt'>
  /** Of this system. */
  version: string
  clock: Clock
}

type Installing = Pick<AppOperations, 'inspect' | 'install' | 'uninstall' | 'rollBack'>

export function createInstalling(options: InstallingOptions): Installing {
  return {
    inspect: (input) => inspect(options, input),
    install: (input) => install(options, input),
    uninstall: (input) => uninstall(options, input),
    rollBack: ({ id }) => rollBack(options, id),
  }
}

type Plan = {
  readonly kept: Kept
  readonly decision: Exclude<InstallDecision, { kind: 'refuse' }>
  readonly next: KeptVersion
  readonly bytes: Uint8Array
  readonly icon: AppPlan['icon'] | undefined
  /** A component of a publisher whom the person does not trust by name yet. */
  readonly needsTrust: boolean
  /** Where it was fetched to, to be looked at. */
  readonly copy: string | undefined
}

type Asked = Parameters<AppOperations['inspect']>[0]

/** Reads and verifies the package and decides; a refusal is thrown. Nothing is changed. */
async function plan(
  { shelf, book, builtIn, version, feeds }: InstallingOptions,
  { path, isDevelopment = false, feed }: Asked,
): Promise<Plan> {
  const named = feed === undefined ? undefined : await feeds.entryAt(feed, path)
  const opened = await shelf.open(named?.place ?? path, { allowsUnsigned: isDevelopment })
  if (named !== undefined) checkFeedPackage(named.feed, named.entry, opened)
  const kept = await book.kept()
  const { manifest, publisher } = opened.package
  const candidate = { manifest, ...(publisher === undefined ? {} : { publisher }) }
  const decision = decideInstall(candidate, {
    apps: [...builtIn.map((one) => ({ ...one, isBuiltIn: true })), ...kept.apps.map(installedAs)],
    system: version,
  })
  if (decision.kind === 'refuse') throw decision.fault
  const next = versionOf(opened.package)
  for (const { id } of next.app.permissions) readPermission(id)
  const isTrusted = kept.trusted.some(({ did }) => did === next.publisher?.did)
  return {
    kept,
    decision,
    next,
    bytes: opened.bytes,
    icon: await iconOf(opened.package),
    needsTrust: next.app.ui?.kind === 'component' && !isTrusted,
    copy: named?.isCopy === true ? named.place : undefined,
  }
}

async function inspect(options: InstallingOptions, asked: Asked): ReturnType<AppOperations['inspect']> {
  const { kept, decision, next, bytes, icon, needsTrust } = await plan(options, asked)
  return {
    kind: decision.kind,
    app: describe(next, kept.trusted, find(kept, next.app.id)?.granted ?? []),
    ...(decision.kind === 'update' ? { from: decision.from } : {}),
    asks: decision.asks.map(({ id }) => id),
    bytes: bytes.length,
    needsTrust,
    ...(icon === undefined ? {} : { icon }),
  }
}

const iconTypes: Readonly<Record<string, IconType>> = {
  svg: 'image/svg+xml',
  png: 'image/png',
  webp: 'image/webp',
}

async function iconOf({ manifest, read }: Package): Promise<AppPlan['icon']> {
  const file = manifest.files.find(({ path }) => path === manifest.icon)
  const type = iconTypes[manifest.icon.split('.').at(-1) ?? '']
  if (file === undefined || type === undefined || file.bytes > iconBytesMax) return undefined
  return { type, bytes: await read(file.path) }
}

/** The package first, then the list that names it: whatever breaks in between, the app is the old one or the new one. */
async function install(
  options: InstallingOptions,
  { granted, trust, ...asked }: Parameters<AppOperations['install']>[0],
): ReturnType<AppOperations['install']> {
  const { drive, book, shelf, clock } = options
  const { next, bytes, needsTrust, copy } = await plan(options, asked)
  const { app, publisher } = next
  const stranger = granted.find((id) => !app.permissions.some((wanted) => wanted.id === id))
  if (stranger !== undefined)
    throw new Fault(
      'invalid.permission',
      `${app.name} does not ask for "${stranger}". Grant only what it asks for.`,
    )
  if (needsTrust && (publisher === undefined || trust !== publisher.name))
    throw new Fault(
      'refused.trust',
      `${app.name} runs inside the shell, with all that the shell can do. Trust its publisher by name first, or do not install it.`,
    )
  const place = packagePath(app.id, app.version)
  await putWhole(drive, place, bytes, { type: 'application/zip', modifiedMs: clock.nowMs() })
  shelf.forget(place)
  let older: KeptVersion | undefined
  const facts = await book.keep(app.id, (before, { trusted }) => {
    older = before?.previous
    const previous = before?.current
    const added = needsTrust && publisher !== undefined ? [{ did: publisher.did, name: publisher.name }] : []
    return {
      trusted: [...trusted, ...added],
      app: {
        current: next,
        ...(previous === undefined ? {} : { previous }),
        granted: [...granted],
        installedMs: clock.nowMs(),
        isOn: true,
      },
    }
  })
  const old = older?.app.version
  if (old !== undefined && old !== app.version) await removeForever(drive, packagePath(app.id, old))
  if (copy !== undefined) await removeForever(drive, copy)
  return facts
}

async function uninstall(
  { drive, book, shelf }: InstallingOptions,
  { id, data }: Parameters<AppOperations['uninstall']>[0],
): ReturnType<AppOperations['uninstall']> {
  const { current, previous } = await book.need(id)
  await book.drop(id)
  try {
    await removeForever(drive, packageFolder(id))
    for (const kept of [current, previous])
      if (kept !== undefined) shelf.forget(packagePath(id, kept.app.version))
    const exportedTo = await settleData(drive, id, current.app.name, data)
    return exportedTo === undefined ? {} : { exportedTo }
  } finally {
    book.tell()
  }
}

async function settleData(
  drive: DriveOperations,
  id: string,
  name: string,
  data: DataChoice,
): Promise<string | undefined> {
  switch (data) {
    case 'keep':
      return undefined
    case 'erase':
      await removeForever(drive, appFolder(id))
      return undefined
    case 'export':
      return exportData(drive, id, name)
    default:
      return data satisfies never
  }
}

async function rollBack({ book }: InstallingOptions, id: string): ReturnType<AppOperations['rollBack']> {
  const { current, previous } = await book.need(id)
  if (previous === undefined)
    throw new Fault('missing.version', `There is no older version of ${current.app.name} to go back to.`)
  return book.keep(id, (before) => {
    const { granted, ...rest } = before as KeptApp
    const wanted = new Set(previous.app.permissions.map((permission) => permission.id))
    return {
      app: {
        ...rest,
        current: previous,
        previous: current,
        granted: granted.filter((one) => wanted.has(one)),
      },
    }
  })
}

function versionOf({ manifest, publisher, bytes }: Package): KeptVersion {
  const { files: _files, publisher: _publisher, ...rest } = manifest
  const { signature: _signature, ...app } = { signature: undefined, ...rest }
  if (publisher === undefined || !isSigned(manifest)) return { app, bytes }
  const { did, log } = publisher
  return {
    app,
    bytes,
    publisher: { did, name: manifest.publisher.name, ...(log === undefined ? {} : { log }) },
  }
}

function installedAs({ current: { app, publisher } }: KeptApp): InstalledApp {
  const { id, name, version, permissions } = app
  return {
    id,
    name,
    version,
    permissions: permissions.map((one) => one.id),
    ...(publisher === undefined ? {} : { publisher }),
  }
}

/** Its own storage becomes a folder of the drive, under a name that is free; undefined where it kept nothing. */
async function exportData(drive: DriveOperations, id: string, name: string): Promise<string | undefined> {
  const isThere = (path: string): Promise<boolean> =>
    drive.entry(path).then(
      () => true,
      () => false,
    )
  if (!(await isThere(appFolder(id)))) return undefined
  const plain = `${name.replaceAll('/', '-')} data`
  let free = plain
  for (let i = 2; await isThere(`/${free}`); i += 1) free = `${plain} ${i}`
  await drive.move(appFolder(id), { folder: '/', name: free })
  return `/${free}`
}
