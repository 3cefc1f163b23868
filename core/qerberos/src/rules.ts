import { Fault } from '@anarq/fault'
import { readArray, readFields, readInt, readText } from '@anarq/ipld'

/** What the guardian counts against an identity. */
export type IncidentKind =
  | 'refusal'
  | 'policy'
  | 'signature'
  | 'damaged'
  | 'order'
  | 'coherence'
  | 'flood'
  | 'loop'
  | 'rate'
  | 'decoy'

/** An alert is about an incident, or about a score that crossed a level. */
export type AlertKind = IncidentKind | 'risk'

export const incidentKinds: readonly IncidentKind[] = [
  'refusal',
  'policy',
  'signature',
  'damaged',
  'order',
  'coherence',
  'flood',
  'loop',
  'rate',
  'decoy',
]
const alertKinds: readonly AlertKind[] = [...incidentKinds, 'risk']

/** `decoy-only`: answer with decoys and nothing else. `blocked`: do not answer. */
export type Mode = 'normal' | 'decoy-only' | 'blocked'

/** A token bucket: `burst` at once, then so many a minute. */
export type BucketLimit = { readonly perMinute: number; readonly burst: number }

export type ActionClass = BucketLimit & { readonly actions: readonly string[] }

export type Reaction = {
  readonly on: AlertKind
  /** Only when the identity's score is at least this. */
  readonly scoreMin: number
  readonly mode: Exclude<Mode, 'normal'>
  readonly forMs: number
}

/** Data, so that they can be read, replaced while everything runs, and compared. `parseRules` checks them. */
export type Rules = {
  readonly version: 1
  readonly name: string
  readonly risk: {
    /** Points that one incident adds to a score of 0 to 1000. */
    readonly weights: Readonly<Record<IncidentKind, number>>
    /** Scores from which an identity is of medium, high and critical risk. */
    readonly levels: { readonly medium: number; readonly high: number; readonly critical: number }
  }
  /** When a rate is unlike what was learned of this identity and action. */
  readonly rate: {
    readonly windowMs: number
    /** The baseline forgets over about so many windows. */
    readonly learnWindows: number
    /** Nothing is judged before so many windows were seen. */
    readonly warmWindows: number
    /** Standard deviations above the mean. */
    readonly deviations: number
    /** Fewer events than this in a window are never too many. */
    readonly eventsMin: number
  }
  readonly throttle: {
    /** Of one identity, for each class of actions; "default" is for all that no class lists. */
    readonly classes: Readonly<Record<string, ActionClass>>
    /** Of all identities together. */
    readonly global: BucketLimit
    /** What a settled identity gets even while others use up the global bucket. */
    readonly share: BucketLimit
    /** An identity is settled once it has been known so long. */
    readonly settleMs: number
  }
  /** The same refusal again and again: the wait doubles from `waitMs` up to `waitMsMax`. */
  readonly loop: {
    readonly after: number
    readonly waitMs: number
    readonly waitMsMax: number
    readonly forgetMs: number
  }
  /** The first that fits an alert is what happens to its identity. */
  readonly reactions: readonly Reaction[]
  /** An alert of this kind about the same thing is only counted while the last one is younger than this. */
  readonly quietMs: Readonly<Record<AlertKind, number>>
  /** Identities that no reaction touches: the owner's own, so that nobody can lock them out by acting in their name. */
  readonly spared: readonly string[]
}

/** The rule set, or `invalid.rules` with a sentence that names what is wrong. */
export function parseRules(value: unknown): Rules {
  try {
    return readRules(value)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new Fault('invalid.rules', `These rules were not taken: ${why} The former rules stay.`, { cause })
  }
}

const dayMs = 24 * 60 * 60 * 1000
const yearMs = 366 * dayMs
const classesMax = 32

function readRules(value: unknown): Rules {
  const rules = readFields(
    value,
    ['version', 'name', 'risk', 'rate', 'throttle', 'loop', 'reactions', 'quietMs', 'spared'],
    'The rule set',
  )
  readInt(rules.version, 'Its version', { min: 1, max: 1 })
  return {
    version: 1,
    name: readText(rules.name, 'Its name', { max: 100 }),
    risk: readRisk(rules.risk),
    rate: readRate(rules.rate),
    throttle: readThrottle(rules.throttle),
    loop: readLoop(rules.loop),
    reactions: readArray(rules.reactions, '"reactions"', { max: 100 }).map(readReaction),
    quietMs: readNumbers(rules.quietMs, alertKinds, '"quietMs"', { max: dayMs }),
    spared: readArray(rules.spared, '"spared"', { max: 1000 }).map((identity) =>
      readText(identity, 'A spared identity', { max: 256 }),
    ),
  }
}

function readRisk(value: unknown): Rules['risk'] {
  const risk = readFields(value, ['weights', 'levels'], '"risk"')
  const weights = readNumbers(risk.weights, incidentKinds, '"risk.weights"', { max: 1000 })
  const levels = readNumbers(risk.levels, ['medium', 'high', 'critical'] as const, '"risk.levels"', {
    min: 1,
    max: 1000,
  })
  if (levels.medium >= levels.high || levels.high >= levels.critical) {
    throw wrong('"risk.levels" must rise from medium over high to critical')
  }
  return { weights, levels }
}

function readRate(value: unknown): Rules['rate'] {
  const names = ['windowMs', 'learnWindows', 'warmWindows', 'deviations', 'eventsMin'] as const
  const rate = readNumbers(value, names, '"rate"', { min: 1, max: dayMs })
  return {
    ...rate,
    learnWindows: readInt(rate.learnWindows, '"rate.learnWindows"', { min: 1, max: 10_000 }),
    warmWindows: readInt(rate.warmWindows, '"rate.warmWindows"', { min: 1, max: 10_000 }),
    deviations: readInt(rate.deviations, '"rate.deviations"', { min: 1, max: 100 }),
  }
}

function readThrottle(value: unknown): Rules['throttle'] {
  const throttle = readFields(value, ['classes', 'global', 'share', 'settleMs'], '"throttle"')
  const classes = readFields(throttle.classes, Object.keys(Object(throttle.classes)), '"throttle.classes"')
  const names = Object.keys(classes)
  if (!names.includes('default')) throw wrong('"throttle.classes" has no class "default"')
  if (names.length > classesMax) throw wrong(`"throttle.classes" has more than ${classesMax} classes`)
  const taken = new Set<string>()
  const read = names.map((name) => [name, readClass(classes[name], name, taken)] as const)
  return {
    classes: Object.fromEntries(read),
    global: readBucket(throttle.global, '"throttle.global"'),
    share: readBucket(throttle.share, '"throttle.share"'),
    settleMs: readInt(throttle.settleMs, '"throttle.settleMs"', { max: yearMs }),
  }
}

function readClass(value: unknown, name: string, taken: Set<string>): ActionClass {
  const what = `The class "${name.slice(0, 40)}"`
  const { actions, ...bucket } = readFields(value, ['perMinute', 'burst', 'actions'], what)
  const list = readArray(actions, `${what}'s actions`, { max: 1000 }).map((action) =>
    readText(action, `${what}'s action`, { max: 256 }),
  )
  for (const action of list) {
    if (taken.has(action)) throw wrong(`the action "${action}" is in two classes`)
    taken.add(action)
  }
  return { ...readBucket(bucket, what), actions: list }
}

function readBucket(value: unknown, what: string): BucketLimit {
  return readNumbers(value, ['perMinute', 'burst'] as const, what, { min: 1, max: 1_000_000_000 })
}

function readLoop(value: unknown): Rules['loop'] {
  const names = ['after', 'waitMs', 'waitMsMax', 'forgetMs'] as const
  const loop = readNumbers(value, names, '"loop"', { min: 1, max: dayMs })
  if (loop.waitMs > loop.waitMsMax) throw wrong('"loop.waitMs" is larger than "loop.waitMsMax"')
  return loop
}

function readReaction(value: unknown): Reaction {
  const reaction = readFields(value, ['on', 'scoreMin', 'mode', 'forMs'], 'A reaction')
  const mode = reaction.mode
  if (mode !== 'decoy-only' && mode !== 'blocked')
    throw wrong('a reaction\'s mode is "decoy-only" or "blocked"')
  const on = alertKinds.find((kind) => kind === reaction.on)
  if (on === undefined)
    throw wrong(`a reaction is on one of ${alertKinds.join(', ')}, not on "${String(reaction.on)}"`)
  return {
    on,
    scoreMin: readInt(reaction.scoreMin, 'A reaction\'s "scoreMin"', { max: 1000 }),
    mode,
    forMs: readInt(reaction.forMs, 'A reaction\'s "forMs"', { min: 1, max: yearMs }),
  }
}

/** A map with exactly these names, each a whole number within the bounds. */
function readNumbers<const K extends string>(
  value: unknown,
  names: readonly K[],
  what: string,
  bounds: { min?: number; max: number },
): Record<K, number> {
  const fields = readFields(value, names, what)
  const entries = names.map((name) => [name, readInt(fields[name], `${what}'s "${name}"`, bounds)] as const)
  return Object.fromEntries(entries) as Record<K, number>
}

function wrong(why: string): Fault {
  return new Fault('invalid.shape', `${why}.`)
}
