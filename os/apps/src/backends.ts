import { toUtf8 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import type { Backend, BackendRequest, BackendResponse, Runtime } from '@anarq/runtime'
import type { Caller, Dispatcher } from '@anarq/sdk'
import type { AppFields, Package } from '@anarq/wxa'
import { checkRoute } from './routes.ts'

/** What the backends of apps need of the rest. */
export type BackendsOptions = {
  runtime: Runtime
  dispatcher: Dispatcher
  /** The app as it may act at this moment; throws where it may not at all. */
  callerOf(app: string): Promise<Caller>
  packageOf(app: string): Promise<Package>
  /** What the manifest of the installed version says. */
  fieldsOf(app: string): Promise<AppFields>
}

/** One backend an app, started when it is first asked for. */
export type Backends = {
  request(app: string, request: BackendRequest): Promise<BackendResponse>
  stop(app: string): Promise<void>
  stopAll(): Promise<void>
}

const modulePattern = /\.(?:js|mjs|json)$/
const modulesBytesMax = 8 * 1024 * 1024

export function createBackends({
  runtime,
  dispatcher,
  callerOf,
  packageOf,
  fieldsOf,
}: BackendsOptions): Backends {
  const started = new Map<string, Promise<Backend>>()

  async function start(app: string): Promise<Backend> {
    const source = await sourceOf(await packageOf(app))
    return runtime.start({
      app,
      source,
      host: {
        call: async (method, params, signal) => dispatcher.call(await callerOf(app), method, params, signal),
      },
    })
  }

  return {
    async request(app, request) {
      await callerOf(app)
      checkRoute(request.path, await fieldsOf(app))
      const backend = started.get(app) ?? start(app)
      started.set(app, backend)
      backend.catch(() => started.delete(app))
      return (await backend).request(request)
    },
    async stop(app) {
      const backend = started.get(app)
      started.delete(app)
      await (await backend?.catch(() => undefined))?.stop()
    },
    async stopAll() {
      started.clear()
      await Promise.all(runtime.backends().map((backend) => backend.stop()))
    },
  }
}

/** The modules beside and below the entry: what the backend may import. */
async function sourceOf({
  manifest,
  read,
}: Package): Promise<{ entry: string; modules: Map<string, string> }> {
  const { backend, name } = manifest
  if (backend === undefined) throw new Fault('missing.backend', `${name} has no backend.`)
  const slash = backend.entry.lastIndexOf('/')
  const folder = slash < 0 ? '' : backend.entry.slice(0, slash + 1)
  const modules = new Map<string, string>()
  let bytes = 0
  for (const file of manifest.files) {
    if (!file.path.startsWith(folder) || !modulePattern.test(file.path)) continue
    bytes += file.bytes
    if (bytes > modulesBytesMax)
      throw new Fault('limit.backend', `The backend of ${name} is larger than ${modulesBytesMax} bytes.`)
    modules.set(file.path, toUtf8(await read(file.path)))
  }
  return { entry: backend.entry, modules }
}
