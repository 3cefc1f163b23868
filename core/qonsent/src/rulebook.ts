import { Fault, type Outcome, ok } from '@anarq/fault'
import {
  checkPolicyTexts,
  checkRules,
  type Policies,
  type PolicyRule,
  type PolicySetName,
} from './policies.ts'
import { defaultTexts } from './policy-texts.ts'
import type { PolicyTexts } from './receipt.ts'

/** What an owner, or a community of the owner's, adds to the default texts. */
export type OwnTexts = Partial<PolicyTexts>

/** The policy texts in force in one engine. */
export type Rulebook = {
  texts(): PolicyTexts
  /** Checks the default text and these together, then puts them in force; a refusal changes nothing. */
  replace(set: PolicySetName, own: readonly string[]): Outcome<readonly PolicyRule[]>
}

/** Loads without checking, so that an idle node does not need its engine; what cannot be read denies everything. */
export function createRulebook(policies: Policies, own: OwnTexts): Rulebook {
  const texts = {
    ecosystem: [defaultTexts.ecosystem, ...(own.ecosystem ?? [])],
    in: [defaultTexts.in, ...(own.in ?? [])],
    out: [defaultTexts.out, ...(own.out ?? [])],
  }
  for (const set of ['ecosystem', 'in', 'out'] as const) policies.load(set, texts[set])
  return {
    texts: () => ({ ...texts }),
    replace(set, added) {
      const next = [defaultTexts[set], ...added]
      const checked = checkSet(policies, next)
      if (!checked.ok) return checked
      texts[set] = next
      policies.load(set, next)
      return checked
    },
  }
}

/** The rules of all texts of a set together, or why they cannot be one; `data.text` counts the owner's texts from 1. */
function checkSet(policies: Policies, texts: readonly string[]): Outcome<readonly PolicyRule[]> {
  const within = checkPolicyTexts(texts)
  if (!within.ok) return within
  const rules: PolicyRule[] = []
  for (const [text, source] of texts.entries()) {
    const checked = policies.check(source)
    const named = checked.ok ? checkRules([...rules, ...checked.value]) : checked
    if (!named.ok) {
      const { code, message, data } = named.fault
      return { ok: false, fault: new Fault(code, message, { data: { ...data, text } }) }
    }
    if (checked.ok) rules.push(...checked.value)
  }
  return ok(rules)
}
