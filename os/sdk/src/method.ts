import type { Clock } from '@anarq/clock'
import type { Operations } from '@anarq/kernel'
import type { AppOperations } from './app-operations.ts'
import type { BrowserOperations } from './browser-operations.ts'
import type { NetworkFacts } from './face.ts'
import type { NetworkOperations, NetworkWays } from './network-operations.ts'
import type { Permission } from './permissions.ts'
import type { Shape } from './shape.ts'

/** Who calls: an app with what it was granted, or the shell itself, which stands for the person. */
export type Caller = (
  | { readonly kind: 'person' }
  | { readonly kind: 'app'; readonly id: string; readonly permissions: ReadonlySet<Permission> }
) & {
  /** Lent by the door that a page's call came by; elsewhere there are no browsers to speak of. */
  readonly browsers?: BrowserOperations
}

export type MethodContext = {
  readonly operations: Operations
  /** `refused.apps` where this node has none. */
  apps(): AppOperations
  /** `unavailable.browsers` for a call that came by no page's door. */
  browsers(): BrowserOperations
  /** `unavailable.network` where no door is open. */
  network(): NetworkFacts
  /** This node among others; undefined where it is on no network. */
  nodes(): NetworkOperations | undefined
  /** `unavailable.network` where it cannot be chosen. */
  ways(): NetworkWays
  readonly clock: Clock
  readonly caller: Caller
}

/** One thing that can be asked of the system. Everything that offers it (HTTP, the sandbox, MCP, the reference) reads this. */
export type Method<Params, Result> = {
  readonly summary: string
  /** What an app needs for these parameters; undefined: nothing. */
  permission(params: Params): Permission | undefined
  /** Whether something is different afterwards. */
  readonly isChange: boolean
  readonly params: Shape<Params>
  run(context: MethodContext, params: Params, signal: AbortSignal | undefined): Promise<Result>
}

export type MethodsOf<Namespace> = {
  readonly [Name in keyof Namespace]: Namespace[Name] extends (input: infer Params) => Promise<infer Result>
    ? Method<Params, Result>
    : never
}

/** Any method, where its types do not matter. */
export type AnyMethod = Method<never, unknown>
