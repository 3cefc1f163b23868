import assert from 'node:assert/strict'
import { createManualClock, type ManualClock } from '@anarq/clock/testing'
import { Fault } from '@anarq/fault'
import {
  type Alert,
  createGuardian,
  defaultRules,
  type Guardian,
  type GuardianLimits,
  type Rules,
} from '@anarq/qerberos'

export const me: string = 'did:squid:me'
export const other: string = 'did:squid:other'
export const minuteMs: number = 60_000

export type Watch = { guardian: Guardian; clock: ManualClock; alerts: Alert[] }

export function watch(rules: Partial<Rules> = {}, limits: Partial<GuardianLimits> = {}): Watch {
  const alerts: Alert[] = []
  const clock = createManualClock()
  const guardian = createGuardian({
    log: (alert) => alerts.push(alert),
    clock,
    rules: { ...defaultRules, ...rules },
    limits,
  })
  return { guardian, clock, alerts }
}

export function bucket(perMinute: number, burst: number): { perMinute: number; burst: number } {
  return { perMinute, burst }
}

export function throttled(change: Partial<Rules['throttle']>): Partial<Rules> {
  return { throttle: { ...defaultRules.throttle, ...change } }
}

export function codeOf(act: () => unknown): string {
  try {
    act()
    return 'ok'
  } catch (error) {
    assert.ok(error instanceof Fault)
    return error.code
  }
}
