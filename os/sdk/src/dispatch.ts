import type { Clock } from '@anarq/clock'
import { Fault } from '@anarq/fault'
import type { Operations } from '@anarq/kernel'
import type { AppOperations } from './app-operations.ts'
import type { NetworkFacts } from './face.ts'
import type { AnyMethod, Caller, Method } from './method.ts'
import { methods } from './methods.ts'
import type { NetworkOperations, NetworkWays } from './network-operations.ts'
import { describePermission } from './permissions.ts'

/** Asks the system for one thing: the same door for a page, a backend, the sandbox and an assistant. */
export type Dispatcher = {
  /**
   * `missing.method` and `invalid.params` for what is no call, `refused.permission` for what the app was not granted; else
   * whatever the operation itself answers.
   */
  call(caller: Caller, method: string, params: unknown, signal?: AbortSignal): Promise<unknown>
}

export type DispatcherOptions = {
  operations: Operations
  /** The same as an app asks for them: what is decided for it names it. Absent: as the person. */
  operationsAs?: (app: string) => Operations
  clock: Clock
  /** Known later than the dispatcher, which the apps' own backends call. Absent: there are none here. */
  apps?: () => AppOperations | undefined
  /** Where the node is reached; known later, too. */
  network?: () => NetworkFacts | undefined
  /** This node among others, while it is. */
  nodes?: () => NetworkOperations | undefined
  /** How it meets others. */
  ways?: NetworkWays
  /** Hears of every call that an app had no permission for. */
  onRefused?: (app: string, method: string, permission: string) => void
}

export function createDispatcher({
  operations: own,
  operationsAs = () => own,
  clock,
  apps: known = () => undefined,
  network: reached = () => undefined,
  nodes = () => undefined,
  ways: chosen,
  onRefused = () => {},
}: DispatcherOptions): Dispatcher {
  const apps = (): AppOperations => {
    const here = known()
    if (here !== undefined) return here
    throw new Fault('unavailable.apps', 'This node has no apps.')
  }
  const network = (): NetworkFacts => {
    const facts = reached()
    if (facts !== undefined) return facts
    throw new Fault('unavailable.network', 'This node has no door open: nothing reaches it.')
  }
  const ways = (): NetworkWays => {
    if (chosen !== undefined) return chosen
    throw new Fault('unavailable.network', 'This node meets nobody: it has no way to.')
  }
  const browsersOf = (caller: Caller) => () => {
    if (caller.browsers !== undefined) return caller.browsers
    throw new Fault('unavailable.browsers', 'Browsers are managed from a browser. Open AnarQ in one.')
  }
  return {
    async call(caller, name, params, signal) {
      const method = methods.get(name) as Method<unknown, unknown> | undefined
      if (method === undefined)
        throw new Fault('missing.method', `The system has no method "${name.slice(0, 80)}".`)
      const read = method.params.read(params ?? {}, name)
      const needed = method.permission(read)
      if (caller.kind === 'app' && needed !== undefined && !caller.permissions.has(needed)) {
        onRefused(caller.id, name, needed)
        throw new Fault(
          'refused.permission',
          `This app was not allowed to do that. It needs: ${describePermission(needed)}.`,
          { data: { app: caller.id, permission: needed } },
        )
      }
      signal?.throwIfAborted()
      const operations = caller.kind === 'app' ? operationsAs(caller.id) : own
      return method.run(
        { operations, apps, network, nodes, ways, browsers: browsersOf(caller), clock, caller },
        read,
        signal,
      )
    },
  }
}

/** For documents and for tools that list what there is. */
export function describeMethods(): readonly {
  readonly name: string
  readonly summary: string
  readonly isChange: boolean
  readonly params: AnyMethod['params']['schema']
}[] {
  return [...methods].map(([name, { summary, isChange, params }]) => {
    return { name, summary, isChange, params: params.schema }
  })
}
