import type { Clock } from '@anarq/clock'
import { Fault } from '@anarq/fault'
import type { DriveOperations } from '@anarq/kernel'
import type { Random } from '@anarq/random'
import type { BackendRequest, BackendResponse, Runtime } from '@anarq/runtime'
import type { AppOperations, Dispatcher, Permission } from '@anarq/sdk'
import { createBackends } from './backends.ts'
import { type Book, createBook, find, permissionsOf } from './book.ts'
import { factsOf } from './facts.ts'
import { createFarFeeds } from './far-feeds.ts'
import { createFeeds } from './feeds.ts'
import { createInstalling } from './installing.ts'
import { createLaunches, type Launches } from './launches.ts'
import { createRegistry, type KeptApp } from './registry.ts'
import { createShelf, type OpenArchive } from './shelf.ts'
import type { Web } from './web.ts'

export type AppsOptions = {
  drive: DriveOperations
  runtime: Runtime
  dispatcher: Dispatcher
  openArchive: OpenArchive
  /** For feeds at https addresses; absent: there are none. */
  web?: Web | undefined
  /** Of this system. */
  version: string
  /** Apps that are parts of this system: they may do what their manifests ask for, and nothing takes their place. */
  builtIn?: readonly BuiltInApp[]
  clock: Clock
  random: Random
  /** Some app is installed, changed or gone. */
  onChanged(): void
  /** An app broke a rule of whatever shows it, and was cut off or not. */
  onReported?(id: string, why: string, isCutOff: boolean): void
}

/** What a manifest says of a part of the system. */
export type BuiltInApp = {
  readonly id: string
  readonly name: string
  readonly version: string
  readonly permissions: readonly string[]
}

/** One file of an app, and the hosts that it may reach. */
export type AppFile = { readonly bytes: Uint8Array; readonly network: readonly string[] }

export type Apps = {
  readonly operations: AppOperations
  /** What the person granted, or of a part of the system what its manifest asks for; undefined where there is none, or it is turned off. */
  permissionsOf(id: string): Promise<ReadonlySet<Permission> | undefined>
  /** One of its own files, under the key of its launch; undefined where there is none. */
  file(key: string, path: string): Promise<AppFile | undefined>
  /** What its backend answers at `/apps/ID/…`. */
  request(id: string, request: BackendRequest): Promise<BackendResponse>
  /** What the list of apps says may be another now: it is read anew when it is next needed. */
  reread(): void
  /** The node is locked, or another identity is in use: nothing of the apps goes on. */
  rest(): Promise<void>
}

export function createApps(options: AppsOptions): Apps {
  const { drive, runtime, dispatcher, clock, random, web, builtIn = [] } = options
  const registry = createRegistry(drive, clock)
  const shelf = createShelf(options)
  const launches = createLaunches(random)
  const book = createBook({
    registry,
    shelf,
    async stop(id) {
      launches.end(id)
      await backends.stop(id)
    },
    tell: options.onChanged,
  })
  const backends = createBackends({
    runtime,
    dispatcher,
    callerOf: book.callerOf,
    packageOf: book.packageOf,
    fieldsOf: async (id) => (await book.need(id)).current.app,
  })
  const { entryAt, ...feeds } = createFeeds({
    drive,
    book,
    clock,
    far: createFarFeeds({ drive, web, clock }),
  })
  const installing = createInstalling({ ...options, builtIn, book, shelf, feeds: { entryAt } })
  return {
    operations: { ...createDesk(book, launches, options.onReported), ...installing, ...feeds },
    async permissionsOf(id) {
      const part = builtIn.find((one) => one.id === id)
      if (part !== undefined) return permissionsOf(part.permissions)
      const one = find(await book.kept(), id)
      return one?.isOn === true ? permissionsOf(one.granted) : undefined
    },
    async file(key, path) {
      const id = launches.appOf(key)
      if (id === undefined) return undefined
      const { permissions } = await book.callerOf(id)
      const { manifest, read } = await book.packageOf(id)
      if (!manifest.files.some((file) => file.path === path)) return undefined
      return { bytes: await read(path), network: [...permissions].flatMap(hostOf) }
    },
    request: backends.request,
    reread: registry.forget,
    async rest() {
      registry.forget()
      launches.endAll()
      await backends.stopAll()
    },
  }
}

function createDesk(
  book: Book,
  launches: Launches,
  onReported: AppsOptions['onReported'],
): Pick<AppOperations, 'list' | 'turn' | 'grant' | 'launch' | 'report'> {
  return {
    async list() {
      const { apps, trusted } = await book.kept()
      return apps.map((one) => {
        const { id, icon } = one.current.app
        // Who is turned off gives no file out, and no picture either.
        const address = one.isOn ? { icon: `/apps/${id}/${launches.keyOf(id)}/${icon}` } : {}
        return { ...factsOf(one, trusted), ...address }
      })
    },
    async turn({ id, isOn }) {
      await book.need(id)
      return book.keep(id, (before) => ({ app: { ...(before as KeptApp), isOn } }))
    },
    async grant({ id, permission, isGranted }) {
      const { app } = (await book.need(id)).current
      if (!app.permissions.some((wanted) => wanted.id === permission))
        throw new Fault('invalid.permission', `${app.name} does not ask for "${permission}".`)
      return book.keep(id, (before) => {
        const one = before as KeptApp
        const others = one.granted.filter((known) => known !== permission)
        return { app: { ...one, granted: isGranted ? [...others, permission] : others } }
      })
    },
    async report({ id, why, isCutOff = true }) {
      await book.need(id)
      onReported?.(id, why, isCutOff)
    },
    async launch({ id }) {
      await book.callerOf(id)
      const { ui, name } = (await book.need(id)).current.app
      if (ui === undefined)
        throw new Fault('missing.ui', `${name} has nothing to show: it works in the background.`)
      return { kind: ui.kind, address: `/apps/${id}/${launches.keyOf(id)}/${ui.entry}` }
    },
  }
}

function hostOf(permission: Permission): readonly string[] {
  return permission.startsWith('network:') ? [permission.slice('network:'.length)] : []
}
