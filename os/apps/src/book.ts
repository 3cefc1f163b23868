import { Fault, hasCode } from '@anarq/fault'
import type { DriveOperations } from '@anarq/kernel'
import { type AppFacts, type Caller, type Permission, readPermission } from '@anarq/sdk'
import { type Package, readAppId } from '@anarq/wxa'
import { factsOf } from './facts.ts'
import { type Kept, type KeptApp, packagePath, type Registry } from './registry.ts'
import type { Shelf } from './shelf.ts'

/** What is installed, and how one of them may act now. */
export type Book = {
  kept(): Promise<Kept>
  /** `missing.app` where it is not installed. */
  need(id: string): Promise<KeptApp>
  /** `refused.app` where it is turned off. */
  callerOf(id: string): Promise<Caller & { kind: 'app' }>
  packageOf(id: string): Promise<Package>
  /** Puts an app in the place of the one with its id, or beside the others. */
  keep(
    id: string,
    change: (before: KeptApp | undefined, kept: Kept) => Partial<Kept> & { app: KeptApp },
  ): Promise<AppFacts>
  /** Off the list, and what runs of it ends; whoever watches is told with `tell`, when all of it is gone. */
  drop(id: string): Promise<void>
  tell(): void
  /** Of what lies beside the apps. */
  change: Registry['change']
}

export type BookOptions = {
  registry: Registry
  shelf: Shelf
  /** An app is another one now, or gone: what runs of it ends. */
  stop(id: string): Promise<void>
  /** Something about the apps is different. */
  tell(): void
}

export function createBook({ registry, shelf, stop, tell }: BookOptions): Book {
  const need = async (id: string): Promise<KeptApp> => {
    const one = find(await registry.read(), id)
    if (one !== undefined) return one
    throw new Fault('missing.app', `${readAppId(id)} is not installed.`)
  }
  return {
    kept: registry.read,
    need,
    async callerOf(id) {
      const { current, granted, isOn } = await need(id)
      if (isOn) return { kind: 'app', id, permissions: permissionsOf(granted) }
      throw new Fault('refused.app', `${current.app.name} is turned off.`)
    },
    async packageOf(id) {
      const { current } = await need(id)
      return shelf.installed(packagePath(id, current.app.version))
    },
    async keep(id, change) {
      const kept = await registry.change((before) => {
        const { app, ...rest } = change(find(before, id), before)
        const others = before.apps.filter(({ current }) => current.app.id !== id)
        return { ...before, ...rest, apps: [...others, app] }
      })
      await stop(id)
      tell()
      return factsOf(find(kept, id) as KeptApp, kept.trusted)
    },
    async drop(id) {
      await registry.change((before) => {
        return { ...before, apps: before.apps.filter(({ current }) => current.app.id !== id) }
      })
      await stop(id)
    },
    tell,
    change: registry.change,
  }
}

export function find({ apps }: Kept, id: string): KeptApp | undefined {
  return apps.find(({ current }) => current.app.id === id)
}

export function permissionsOf(granted: readonly string[]): ReadonlySet<Permission> {
  return new Set(granted.map(readPermission))
}

/** Away for good; what is not there is away already. */
export async function removeForever(drive: DriveOperations, path: string): Promise<void> {
  await drive.remove(path, { isForever: true }).catch((error: unknown) => {
    if (!hasCode(error, 'missing')) throw error
  })
}
