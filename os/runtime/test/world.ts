import { setImmediate as turn } from 'node:timers/promises'
import { Fault } from '@anarq/fault'
import {
  type Backend,
  createRuntime,
  type Engine,
  type Host,
  type Incident,
  type Runtime,
  type RuntimeLimits,
} from '@anarq/runtime'
import { createManualTime, createMemoryEngine, type ManualTime } from '@anarq/runtime/testing'

export type World = {
  readonly runtime: Runtime
  readonly time: ManualTime
  readonly incidents: Incident[]
  readonly calls: { method: string; params: unknown; signal: AbortSignal }[]
  start(main: string, app?: string): Promise<Backend>
}

export const noBody: Uint8Array = new Uint8Array(0)

export const hostOf = (call: Host['call']): Host => ({ call })

/** A host that gives back what it gets, never answers `slow.*`, and refuses `secret.*`. */
export function createWorld(
  limits: Partial<RuntimeLimits> = {},
  engine: Engine = createMemoryEngine(),
): World {
  const time = createManualTime()
  const incidents: Incident[] = []
  const calls: World['calls'] = []
  const runtime = createRuntime({
    engine,
    limits,
    clock: time.clock,
    timers: time.timers,
    onIncident: (incident) => incidents.push(incident),
  })
  const host = hostOf(async (method, params, signal) => {
    calls.push({ method, params, signal })
    if (method.startsWith('secret.')) throw new Fault('refused.permission', `It was not given ${method}.`)
    if (method.startsWith('slow.')) return new Promise(() => {})
    if (method.startsWith('broken.')) throw new Error('/home/someone/secret: EACCES')
    if (method.startsWith('odd.')) return new Map()
    return params
  })
  return {
    runtime,
    time,
    incidents,
    calls,
    start: (main, app = 'app') =>
      runtime.start({ app, source: { entry: 'main.js', modules: new Map([['main.js', main]]) }, host }),
  }
}

/** A backend whose request handler has this body. */
export const handling = (body: string): string =>
  `export default { async request(request, anarq) { ${body} }, async event(event, anarq) { await anarq.seen.event(event) } }`

export async function get(backend: Backend, path = '/'): Promise<{ status: number; text: string }> {
  const { status, body } = await backend.request({
    method: 'GET',
    path,
    query: {},
    headers: {},
    body: noBody,
  })
  return { status, text: new TextDecoder().decode(body) }
}

/** Lets everything happen that needs no time. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 5; i += 1) await turn()
}

/** The code of the fault that it fails with, or what it gave. */
export function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => value,
    (error) => (error instanceof Fault ? error.code : error),
  )
}
