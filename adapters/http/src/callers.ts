import type { IncomingHttpHeaders } from 'node:http'
import { Fault } from '@anarq/fault'
import type { Operations } from '@anarq/kernel'
import { type Caller, describePermission, type Permission, placeOf } from '@anarq/sdk'

/** What the door needs of apps. */
export type InstalledApps = {
  /** A file of the app that was launched under this key, and the hosts that it may reach. */
  file(key: string, path: string): Promise<{ bytes: Uint8Array; network: readonly string[] } | undefined>
  /** What its backend answers. */
  request(id: string, request: AppRequest): Promise<AppResponse>
  /** What the person granted this app; undefined where it is not installed. */
  permissionsOf(id: string): Promise<ReadonlySet<Permission> | undefined>
  /** The operations as this app asks for them; undefined: nobody tells apps apart here. */
  operationsAs(id: string): Operations | undefined
  /** It asked at an address for what it may not do. */
  refused(id: string, asked: string, permission: string): void
}

export type AppRequest = {
  readonly method: string
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

export type AppResponse = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

export const noApps: InstalledApps = {
  permissionsOf: async () => undefined,
  file: async () => undefined,
  operationsAs: () => undefined,
  refused: () => {},
  async request() {
    throw new Fault('missing.app', 'This app is not installed.')
  },
}

/** For whom a request is made, by its header `Anarq-App`. */
export function createCallers(apps: InstalledApps): (headers: IncomingHttpHeaders) => Promise<Caller> {
  return async (headers) => {
    const id = headers['anarq-app']
    if (id === undefined) return { kind: 'person' }
    const permissions = typeof id === 'string' ? await apps.permissionsOf(id) : undefined
    if (permissions === undefined)
      throw new Fault('refused.app', 'This app is not installed. Install it first.')
    return { kind: 'app', id: id as string, permissions }
  }
}

/** The app, where it was granted what this address needs; `refused.permission` with the sentence otherwise, and on record. */
export function appWith(
  needed: Permission,
  caller: Caller,
  onRefused: (app: string) => void,
): AppCaller | undefined {
  if (caller.kind === 'person') return undefined
  if (caller.permissions.has(needed)) return caller
  onRefused(caller.id)
  throw new Fault(
    'refused.permission',
    `This app was not allowed to do that. It needs: ${describePermission(needed)}.`,
    { data: { app: caller.id, permission: needed } },
  )
}

type AppCaller = Caller & { readonly kind: 'app' }

/** Apps do not see the system's own folders; the person at the door does. */
export function checkPlace(path: string, app: AppCaller | undefined): string {
  return app === undefined ? path : placeOf(path, app)
}
