import { createRequire } from 'node:module'
import v8 from 'node:v8'
import { Fault } from '@anarq/fault'
import type * as CedarWasm from '@cedar-policy/cedar-wasm/nodejs'

export type Cedar = typeof CedarWasm

/** The one WebAssembly instance of this process: about 15 MB, which a node that decides nothing does not pay. */
export type Engine = {
  /** Rises when the instance had to be replaced: what was preparsed in the one before is gone. */
  generation(): number
  /** A name for a preparsed set that no other owner has. Give it back, because the instance never forgets a name. */
  takeName(): string
  giveBack(name: string): void
  /**
   * For a process that asks a few questions and ends. V8 then leaves Cedar as it compiled it first: to compile it again, better, on
   * other threads, took a fifth of a command's processor time and 30 MB.
   */
  beBrief(): void
  /**
   * Calls Cedar, loading it the first time (about 15 ms). A call that overruns WebAssembly's stack leaves the instance
   * unusable, so it is dropped, the next call gets a new one, and this one throws `limit.policy`.
   */
  call<T>(use: (cedar: Cedar) => T): T
}

/** Of WebAssembly that one function has run when V8 compiles it again: V8's own measure, and one that no command comes to. */
const [usualBytes, unreachedBytes] = [13_000_000, 1_000_000_000]

const packageName = '@cedar-policy/cedar-wasm/nodejs'

function createEngine(): Engine {
  const load = createRequire(import.meta.url)
  const free: string[] = []
  let cedar: Cedar | undefined
  let generation = 0
  let named = 0
  let isBrief = false
  const compileAgainAfter = (bytes: number): void => v8.setFlagsFromString(`--wasm-tiering-budget=${bytes}`)
  const loadCedar = (): Cedar => {
    if (isBrief) compileAgainAfter(unreachedBytes)
    try {
      return load(packageName) as Cedar
    } finally {
      if (isBrief) compileAgainAfter(usualBytes)
    }
  }
  return {
    generation: () => generation,
    takeName() {
      named += 1
      return free.pop() ?? `set-${named}`
    },
    giveBack(name) {
      cedar?.preparsePolicySet(name, { staticPolicies: {} })
      free.push(name)
    },
    beBrief() {
      isBrief = true
    },
    call(use) {
      cedar ??= loadCedar()
      try {
        return use(cedar)
      } catch (cause) {
        cedar = undefined
        generation += 1
        delete load.cache[load.resolve(packageName)]
        throw new Fault('limit.policy', 'These rules are too complex to be evaluated. Split them.', { cause })
      }
    },
  }
}

export const engine: Engine = createEngine()
