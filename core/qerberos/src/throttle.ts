import type { BucketLimit, Rules } from './rules.ts'

/** Tokens as they stood at `atMs`. */
export type Bucket = { readonly tokens: number; readonly atMs: number }

/** What the throttle keeps of one identity. */
export type Allowance = { readonly sinceMs: number; readonly buckets: Map<string, Bucket> }

export type Admission =
  | { readonly isAdmitted: true }
  | { readonly isAdmitted: false; readonly rule: string; readonly waitMs: number }

export type Throttle = {
  admit(allowance: Allowance, action: string, nowMs: number, rules: Rules['throttle']): Admission
}

/**
 * Token buckets: one for each identity and class of actions, one for all together, and a share that is each settled
 * identity's own. Whoever floods empties their own bucket first; even many who together empty the global one cannot
 * take the share of another.
 */
export function createThrottle(): Throttle {
  let global: Bucket | undefined
  return {
    admit({ sinceMs, buckets }, action, nowMs, rules) {
      const name = classOf(action, rules)
      const limit = rules.classes[name] ?? rules.global
      const own = refill(buckets.get(name), limit, nowMs)
      if (own.tokens < 1) return refusal(`throttle.${name}`, own, limit)
      global = refill(global, rules.global, nowMs)
      if (global.tokens >= 1) {
        global = spend(global)
      } else {
        const share = refill(buckets.get(shareKey), rules.share, nowMs)
        if (nowMs - sinceMs < rules.settleMs) return refusal('throttle.global', global, rules.global)
        if (share.tokens < 1) return refusal('throttle.global', share, rules.share)
        buckets.set(shareKey, spend(share))
      }
      buckets.set(name, spend(own))
      return admitted
    },
  }
}

/** Repeated refusals of one thing. */
export type Loop = { readonly code: string; readonly times: number; readonly lastMs: number }

/** The loop with one more refusal in it; another code, or a long silence, begins anew. */
export function countRefusal(
  before: Loop | undefined,
  code: string,
  nowMs: number,
  rules: Rules['loop'],
): Loop {
  const isSame = before?.code === code && nowMs - before.lastMs < rules.forgetMs
  return { code, times: isSame ? before.times + 1 : 1, lastMs: nowMs }
}

/** How long nobody may ask for this again, in ms from now; 0 when it is free. */
export function loopWaitMs(loop: Loop | undefined, nowMs: number, rules: Rules['loop']): number {
  if (loop === undefined || loop.times < rules.after) return 0
  const sinceMs = Math.max(0, nowMs - loop.lastMs)
  if (sinceMs >= rules.forgetMs) return 0
  const waitMs = Math.min(rules.waitMsMax, rules.waitMs * 2 ** Math.min(40, loop.times - rules.after))
  return Math.max(0, waitMs - sinceMs)
}

const admitted: Admission = { isAdmitted: true }
// No class can have this name: it is not among the rules' own.
const shareKey = '\u0000share'
const minuteMs = 60_000

const classesOf = new WeakMap<Rules['throttle'], Map<string, string>>()

function classOf(action: string, rules: Rules['throttle']): string {
  let byAction = classesOf.get(rules)
  if (byAction === undefined) {
    byAction = new Map()
    for (const [name, { actions }] of Object.entries(rules.classes)) {
      for (const listed of actions) byAction.set(listed, name)
    }
    classesOf.set(rules, byAction)
  }
  return byAction.get(action) ?? 'default'
}

/** A bucket nobody has touched is full; a clock that was set back fills nothing. */
function refill(bucket: Bucket | undefined, { perMinute, burst }: BucketLimit, nowMs: number): Bucket {
  if (bucket === undefined) return { tokens: burst, atMs: nowMs }
  const elapsedMs = Math.max(0, nowMs - bucket.atMs)
  return { tokens: Math.min(burst, bucket.tokens + (elapsedMs * perMinute) / minuteMs), atMs: nowMs }
}

function spend({ tokens, atMs }: Bucket): Bucket {
  return { tokens: tokens - 1, atMs }
}

function refusal(rule: string, { tokens }: Bucket, { perMinute }: BucketLimit): Admission {
  return { isAdmitted: false, rule, waitMs: Math.ceil(((1 - tokens) * minuteMs) / perMinute) }
}
