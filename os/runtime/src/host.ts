import { asFault, Fault, kindOf } from '@anarq/fault'
import type { Random } from '@anarq/random'
import type { RuntimeLimits } from './limits.ts'
import type { Timers } from './timers.ts'

/** The only thing that a backend reaches. What it must not have, `call` refuses with a `refused` fault. */
export type Host = {
  call(method: string, params: unknown, signal: AbortSignal): Promise<unknown>
}

export type HostPorts = { host: Host; random: Random; timers: Timers; limits: RuntimeLimits }

/** The host, and in front of it what the runtime itself gives: `runtime.sleep` and `runtime.random`. */
export function withOwnMethods({ host, random, timers, limits }: HostPorts): Host {
  const { sleepMsMax, randomBytesMax } = limits
  return {
    async call(method, params, signal) {
      if (!method.startsWith('runtime.')) return host.call(method, params, signal)
      const fields = (params ?? {}) as Readonly<Record<string, unknown>>
      if (method === 'runtime.random') return random.bytes(wholeFrom(fields.length, 'bytes', randomBytesMax))
      if (method !== 'runtime.sleep')
        throw new Fault('missing.method', `There is no ${method}. The runtime has sleep and random.`)
      const ms = wholeFrom(fields.ms, 'milliseconds', sleepMsMax)
      return new Promise((resolve) => {
        const cancel = timers.after(ms, () => resolve(null), true)
        signal.addEventListener('abort', cancel, { once: true })
      })
    },
  }
}

function wholeFrom(value: unknown, unit: string, max: number): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= max)
    return value as number
  throw new Fault('invalid.params', `Give a whole number of ${unit} from 0 to ${max}.`)
}

/** What a backend is told of a fault. Our own defects and the state of our disks are none of its business. */
export function toldOf(thrown: unknown): { readonly code: string; readonly message: string } {
  const fault = asFault(thrown)
  const kind = kindOf(fault)
  if (kind === 'internal' || kind === 'damaged')
    return { code: `${kind}.host`, message: 'Something went wrong inside AnarQ. Try again.' }
  return { code: fault.code, message: fault.message }
}
