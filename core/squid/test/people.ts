import { fromUtf8 } from '@anarq/bytes'
import { createManualClock, type ManualClock } from '@anarq/clock/testing'
import { Fault, type FaultCode, type Outcome } from '@anarq/fault'
import type { Random } from '@anarq/random'
import { createSeededRandom } from '@anarq/random/testing'
import { createDevice, createKeyring, type Device, type Keyring } from '@anarq/squid'

export const dayMs = 86_400_000
export const someDay: number = Date.UTC(2026, 5, 1, 12)

export type Person = {
  readonly clock: ManualClock
  readonly random: Random
  readonly entropy: Uint8Array
  readonly device: Device
  readonly keyring: Keyring
}

/** A person with a keyring; the same seed is the same person. */
export function person(seed: number, clock: ManualClock = createManualClock(someDay)): Person {
  const random = createSeededRandom(seed)
  const entropy = random.bytes(32)
  const device = createDevice('laptop', random)
  return { clock, random, entropy, device, keyring: createKeyring({ entropy, device, clock, random }) }
}

export function isFault(code: FaultCode): (error: unknown) => boolean {
  return (error) => {
    if (!(error instanceof Fault)) throw error
    if (error.code !== code) throw new Error(`expected ${code}, got ${error.code}: ${error.message}`)
    return true
  }
}

/** The code of a failed outcome, or 'ok'. */
export function codeOf(outcome: Outcome<unknown>): string {
  return outcome.ok ? 'ok' : outcome.fault.code
}

export function messageOf(outcome: Outcome<unknown>): string {
  return outcome.ok ? 'ok' : outcome.fault.message
}

export const text: (text: string) => Uint8Array = fromUtf8
