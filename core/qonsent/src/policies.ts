import { Fault, failed, type Outcome, ok } from '@anarq/fault'
import type { Command, Did } from './command.ts'

/** `ecosystem`: what everybody keeps to. `in` and `out`: the owner's rules for each direction. */
export type PolicySetName = 'ecosystem' | 'in' | 'out'

/** One rule of a set, as written: `@id` and `@sentence` are its annotations, `line` is where it begins. */
export type PolicyRule = {
  readonly id: string
  readonly effect: 'permit' | 'forbid'
  /** In plain words, for the one who is refused; the id where the rule says none. */
  readonly sentence: string
  readonly line: number
}

/** Whole numbers stay within 2^53; there is no null and no fraction. */
export type PolicyValue =
  | string
  | number
  | boolean
  | readonly PolicyValue[]
  | { readonly [name: string]: PolicyValue }

/** A question to some sets, in terms that any engine can be told. */
export type PolicyRequest = {
  readonly sets: readonly PolicySetName[]
  readonly subject: { readonly did: Did; readonly attributes: Readonly<Record<string, PolicyValue>> }
  readonly action: Command
  readonly object: {
    readonly id: string
    readonly owner: Did
    readonly folders: readonly string[]
    readonly attributes: Readonly<Record<string, PolicyValue>>
  }
  readonly context: Readonly<Record<string, PolicyValue>>
}

export type PolicyAnswer = {
  /** `allow` when every set permits, no set forbids, and there are no errors. */
  readonly verdict: 'allow' | 'deny'
  /** The rules that decided, in any order: the permits of all sets, or the forbids of all sets. */
  readonly reasons: readonly RuleName[]
  /** Where nothing forbids: the sets in which nothing permits. */
  readonly silent: readonly PolicySetName[]
  /**
   * Why the question, a set or a forbid could not be evaluated, which denies. A permit that could not be evaluated
   * permits nothing and is no error.
   */
  readonly errors: readonly PolicyError[]
}

export type RuleName = { readonly set: PolicySetName; readonly id: string }

/** The set is absent where the question itself is at fault. */
export type PolicyError = { readonly set?: PolicySetName; readonly message: string }

/** A policy engine for one owner. Implementations pass `@anarq/qonsent/testing`'s `testPolicies`. */
export type Policies = {
  /** The rules of a text, or `invalid.policy` or `limit.policy` naming the line. */
  check(text: string): Outcome<readonly PolicyRule[]>
  /** Replaces a set; the next question is decided by it. A set that cannot be read denies everything. */
  load(set: PolicySetName, texts: readonly string[]): void
  /** The rules in force; none when the set cannot be read. */
  rules(set: PolicySetName): readonly PolicyRule[]
  isAllowed(request: PolicyRequest): PolicyAnswer
}

export const policyTextCharactersMax = 65_536
export const policyTextsMax = 32
export const policyRulesMax = 256

/** Allows nothing and accepts no rules: what a node has before an engine is plugged in. */
export function createDenyAll(): Policies {
  return {
    check: () => failed('unavailable.policies', 'No policy engine is installed, so rules cannot be read.'),
    load() {},
    rules: () => [],
    isAllowed: ({ sets }) => ({ verdict: 'deny', reasons: [], silent: sets, errors: [] }),
  }
}

/** The limits that hold for policy texts whatever the engine: `limit.policy` with a sentence. */
export function checkPolicyTexts(texts: readonly string[]): Outcome<void> {
  if (texts.length > policyTextsMax)
    return failed('limit.policy', `A set has at most ${policyTextsMax} policy texts.`)
  for (const text of texts) {
    if (text.length > policyTextCharactersMax) {
      return failed('limit.policy', `A policy text has at most ${policyTextCharactersMax} characters.`)
    }
  }
  return ok(undefined)
}

/** Refuses a set in which two rules have one name, because a refusal names its rule. */
export function checkRules(rules: readonly PolicyRule[]): Outcome<void> {
  if (rules.length > policyRulesMax)
    return failed('limit.policy', `A set has at most ${policyRulesMax} rules.`)
  const seen = new Set<string>()
  for (const { id, line } of rules) {
    if (seen.has(id)) {
      const message = `Line ${line}: there is already a rule "${id}". Give this one another @id.`
      return { ok: false, fault: new Fault('invalid.policy', message, { data: { line, id } }) }
    }
    seen.add(id)
  }
  return ok(undefined)
}
