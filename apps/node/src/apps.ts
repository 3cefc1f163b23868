import { type Apps, createApps, type Web } from '@anarq/apps'
import { type Clock, systemClock } from '@anarq/clock'
import type { Operations } from '@anarq/kernel'
import { createQuickjs } from '@anarq/quickjs'
import { systemRandom } from '@anarq/random'
import { createRuntime, type Incident } from '@anarq/runtime'
import { createDispatcher, type Dispatcher, type NetworkFacts, observed } from '@anarq/sdk'
import { createWeb } from '@anarq/web'
import { openZipBytes } from '@anarq/zip'
import { systemApps } from './built-in.ts'
import type { Node } from './node.ts'
import { version } from './version.ts'

export type OpenApps = {
  readonly apps: Apps
  /** The operations as an app asks for them. */
  operationsAs(app: string): Operations
  /** On record: an app asked at some door for what it may not do. */
  refused(app: string, asked: string, permission: string): void
  /** The SDK with apps behind it. */
  readonly dispatcher: Dispatcher
  close(): Promise<void>
}

export type OpenAppsOptions = Pick<Node, 'kernel' | 'operations' | 'feed'> & {
  net?: Node['net']
  clock?: Clock
  network?: () => NetworkFacts | undefined
  ways?: Node['ways']
  /** What feeds at addresses are fetched by. */
  web?: Web
}

/** The apps of a node: a module of its own, so that a command that has nothing to do with them loads nothing of it. */
export function openApps({
  kernel,
  operations,
  feed,
  clock = systemClock,
  network,
  net = () => undefined,
  ways,
  web = createWeb(),
}: OpenAppsOptions): OpenApps {
  const told = new Map<string, number>()
  /** Charged to the app, and written down for whoever installed it; of what is alike, one a minute. */
  const tell = (app: string, code: string, details: Readonly<Record<string, string | number>>): void => {
    const like = JSON.stringify([app, code, details])
    const nowMs = clock.nowMs()
    if (nowMs - (told.get(like) ?? Number.NEGATIVE_INFINITY) < quietMs) return
    if (told.size >= likesMax) told.clear()
    told.set(like, nowMs)
    kernel.guardian.observe(`app:${app}`, { kind: 'policy', action: 'app', code, rule: code })
    kernel.note({ action: 'app.refused', verdict: 'refused', code, details: { app, ...details } })
  }
  const runtime = createRuntime({
    engine: createQuickjs(),
    onIncident({ app, kind, sentence, evidence }: Incident) {
      // What the dispatcher refused it has told already.
      if (evidence.code !== 'refused.permission') tell(app, `sandbox.${kind}`, { sentence })
    },
  })
  /** By the names that apps are known by to rules; made once for each that asked. */
  const asked = new Map<string, Operations>()
  const operationsAs = (app: string): Operations => {
    const module = systemApps.find(({ id }) => id === app)?.module ?? app
    const known = asked.get(module) ?? observed(kernel.operationsAs(module), feed)
    if (asked.size >= likesMax) asked.clear()
    asked.set(module, known)
    return known
  }
  const refused = (app: string, method: string, permission: string): void =>
    tell(app, 'refused.permission', { method, permission })
  let apps: Apps | undefined
  const dispatcher = createDispatcher({
    operations,
    operationsAs,
    clock,
    apps: () => apps?.operations,
    ...(network === undefined ? {} : { network }),
    nodes: () => net()?.operations,
    ...(ways === undefined ? {} : { ways }),
    onRefused: refused,
  })
  apps = createApps({
    drive: operations.drive,
    runtime,
    dispatcher,
    openArchive: openZipBytes,
    web,
    version,
    clock,
    random: systemRandom,
    builtIn: systemApps,
    onChanged: () => feed.emit('apps'),
    onReported: (app, why, isCutOff) => tell(app, isCutOff ? 'frame.cut-off' : 'frame.refused', { why }),
  })
  const stop = feed.on(({ topic }) => {
    // Who acts is another one now, or nobody: what ran for the one before ends.
    if (topic === 'lock' || topic === 'identity') void apps?.rest()
    // An older version of the list may have been brought back.
    if (topic === 'drive') apps?.reread()
  })
  return {
    apps,
    dispatcher,
    operationsAs,
    refused,
    async close() {
      stop()
      await apps?.rest()
      await runtime.close()
    },
  }
}

const quietMs = 60_000
const likesMax = 1000
