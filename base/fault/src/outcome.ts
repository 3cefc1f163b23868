import { Fault, type FaultCode, type FaultOptions } from './fault.ts'

/** A result whose failure the caller can act on. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly fault: Fault }

export function ok<T>(value: T): Outcome<T> {
  return { ok: true, value }
}

export function failed(code: FaultCode, message: string, options?: FaultOptions): Outcome<never> {
  return { ok: false, fault: new Fault(code, message, options) }
}

/** The value, or the fault thrown. */
export function unwrap<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value
  throw outcome.fault
}
