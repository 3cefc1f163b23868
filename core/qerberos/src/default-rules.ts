import type { Rules } from './rules.ts'

const secondMs = 1000
const minuteMs = 60 * secondMs
const dayMs = 24 * 60 * minuteMs

/** For one person's or one family's node: wide enough for a first upload of a whole disk, narrow for strangers' habits. */
export const defaultRules: Rules = {
  version: 1,
  name: 'default',
  risk: {
    weights: {
      refusal: 15,
      policy: 20,
      signature: 40,
      damaged: 60,
      order: 150,
      coherence: 200,
      flood: 60,
      loop: 40,
      rate: 120,
      decoy: 1000,
    },
    levels: { medium: 300, high: 600, critical: 850 },
  },
  rate: { windowMs: minuteMs, learnWindows: 20, warmWindows: 5, deviations: 6, eventsMin: 120 },
  throttle: {
    classes: {
      default: { perMinute: 120_000, burst: 20_000, actions: [] },
      share: { perMinute: 600, burst: 200, actions: ['/qnt/share'] },
      'sign-in': { perMinute: 12, burst: 10, actions: ['sign-in', 'unlock', 'recover'] },
    },
    global: { perMinute: 1_200_000, burst: 100_000 },
    share: { perMinute: 3000, burst: 300 },
    settleMs: 5 * minuteMs,
  },
  loop: { after: 5, waitMs: secondMs, waitMsMax: 5 * minuteMs, forgetMs: 15 * minuteMs },
  reactions: [{ on: 'decoy', scoreMin: 0, mode: 'decoy-only', forMs: dayMs }],
  quietMs: {
    refusal: minuteMs,
    policy: 10 * secondMs,
    signature: 10 * secondMs,
    damaged: 10 * secondMs,
    order: 0,
    coherence: 0,
    flood: minuteMs,
    loop: minuteMs,
    rate: minuteMs,
    decoy: 0,
    risk: minuteMs,
  },
  spared: [],
}
