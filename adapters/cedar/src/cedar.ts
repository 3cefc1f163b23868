import { asFault, failed, type Outcome, ok } from '@anarq/fault'
import {
  checkRules,
  type Policies,
  type PolicyAnswer,
  type PolicyError,
  type PolicySetName,
  policyTextsMax,
} from '@anarq/qonsent'
import type { Response } from '@cedar-policy/cedar-wasm/nodejs'
import { createAnswers, mayNameObjects } from './answers.ts'
import { engine } from './engine.ts'
import { answerAboutOwnThings, isOurs } from './own-things.ts'
import { type Question, questionOf } from './question.ts'
import { type ReadRule, readRules, validateRules } from './rules.ts'

/** One owner's sets. Dispose it when the owner's identity is closed. */
export type CedarPolicies = Policies & Disposable

type ReadSet = Outcome<readonly ReadRule[]>
type LoadedSet = {
  readonly texts: readonly string[]
  readonly isOurs: boolean
  readonly namesObjects: boolean
  read?: ReadSet
}
type Prepared = { readonly forbids: ReadonlySet<string>; readonly errors: readonly PolicyError[] }

/** Sets that are asked together: one set in Cedar's memory, because a call costs more than the rules in it. */
type Blend = Prepared & {
  readonly name: string
  /** The engine's generation; for ever where the sets overran it, because another try would harm every owner. */
  readonly preparedIn: number | 'for ever'
}

/**
 * Cedar (https://docs.cedarpolicy.com, 4.13 in WebAssembly) behind qonsent's port. Nothing is loaded before the first
 * question or check. Cedar skips a rule that fails while it is evaluated; here a forbid that fails denies. `isBrief` is for a
 * process that asks a few questions and ends.
 */
export function createCedar({ isBrief = false }: { readonly isBrief?: boolean } = {}): CedarPolicies {
  if (isBrief) engine.beBrief()
  const sets = new Map<PolicySetName, LoadedSet>()
  const blends = new Map<string, Blend>()
  const answers = createAnswers()

  function blendOf(key: string, names: readonly PolicySetName[]): Blend {
    const known = blends.get(key)
    if (known?.preparedIn === 'for ever' || known?.preparedIn === engine.generation()) return known
    const name = known?.name ?? engine.takeName()
    const empty = { name, preparedIn: engine.generation(), forbids: new Set<string>(), errors: [] }
    blends.set(key, empty)
    const read = names.map((set) => [set, readSet(sets.get(set))] as const)
    const blend = { ...empty, ...prepare(name, read) }
    blends.set(key, blend)
    return blend
  }

  function namesObjects(names: readonly PolicySetName[]): boolean {
    return names.some((name) => sets.get(name)?.namesObjects === true)
  }

  function areAllOurs(names: readonly PolicySetName[]): boolean {
    return names.length > 0 && names.every((name) => sets.get(name)?.isOurs === true)
  }

  function forgetBlends(): void {
    answers.forget()
    for (const { name } of blends.values()) engine.giveBack(name)
    blends.clear()
  }

  return {
    check(text) {
      const read = readRules(text)
      return read.ok ? validateRules(text, rulesOf(read.value)) : read
    },
    load(set, texts) {
      sets.set(set, {
        texts: [...texts],
        isOurs: isOurs(set, texts),
        namesObjects: texts.some(mayNameObjects),
      })
      forgetBlends()
    },
    rules(set) {
      const read = readSet(sets.get(set))
      return read.ok ? rulesOf(read.value) : []
    },
    isAllowed(request) {
      const key = request.sets.join('+')
      const generation = engine.generation()
      try {
        const plain = areAllOurs(request.sets) ? answerAboutOwnThings(request) : undefined
        if (plain !== undefined) {
          // What Cedar could not be told is refused all the same.
          questionOf(request)
          return plain
        }
        const answer = (): PolicyAnswer => ask(blendOf(key, request.sets), request.sets, questionOf(request))
        return namesObjects(request.sets) ? answer() : answers.of(request, answer)
      } catch (thrown) {
        const errors = [{ message: asFault(thrown).message }]
        const blend = blends.get(key)
        if (blend && engine.generation() !== generation) {
          blends.set(key, { ...blend, errors, preparedIn: 'for ever' })
        }
        return denied(errors)
      }
    },
    [Symbol.dispose]() {
      forgetBlends()
      sets.clear()
    },
  }
}

function ask(blend: Blend, sets: readonly PolicySetName[], question: Question): PolicyAnswer {
  if (blend.errors.length > 0) return denied(blend.errors)
  const answer = engine.call((cedar) =>
    cedar.statefulIsAuthorized({ ...question, preparsedPolicySetId: blend.name }),
  )
  if (answer.type === 'success') return answerOf(answer.response, sets, blend.forbids)
  return denied([{ message: answer.errors[0]?.message ?? 'Cedar gave no reason.' }])
}

/** Cedar names the forbids of a denial, or else the permits of all sets together; each set must have one. */
function answerOf(
  { decision, diagnostics }: Response,
  sets: readonly PolicySetName[],
  forbids: ReadonlySet<string>,
): PolicyAnswer {
  const reasons = diagnostics.reason.map(splitName)
  if (decision === 'deny' && reasons.length > 0) return { verdict: 'deny', reasons, silent: [], errors: [] }
  const failing = diagnostics.errors.filter(({ policyId }) => forbids.has(policyId))
  if (failing.length > 0) {
    return denied(
      failing.map(({ policyId, error }) => {
        const { set, id } = splitName(policyId)
        return { set, message: `the rule ${id} failed: ${error.message}.` }
      }),
    )
  }
  const silent = sets.filter((set) => !reasons.some((reason) => reason.set === set))
  if (silent.length > 0 || decision !== 'allow') return { verdict: 'deny', reasons: [], silent, errors: [] }
  return { verdict: 'allow', reasons, silent, errors: [] }
}

/** Parses the sets into Cedar's memory under one name, each rule as `set/id`. */
function prepare(name: string, read: readonly (readonly [PolicySetName, ReadSet])[]): Prepared {
  const errors: PolicyError[] = []
  const forbids = new Set<string>()
  const staticPolicies: Record<string, string> = {}
  for (const [set, outcome] of read) {
    if (!outcome.ok) errors.push({ set, message: outcome.fault.message })
    for (const { rule, text } of outcome.ok ? outcome.value : []) {
      const full = `${set}/${rule.id}`
      staticPolicies[full] = text
      if (rule.effect === 'forbid') forbids.add(full)
    }
  }
  if (errors.length > 0) return { errors, forbids }
  const answer = engine.call((cedar) => cedar.preparsePolicySet(name, { staticPolicies }))
  if (answer.type === 'failure')
    errors.push({ message: answer.errors[0]?.message ?? 'Cedar gave no reason.' })
  return { errors, forbids }
}

function readSet(loaded: LoadedSet | undefined): ReadSet {
  if (loaded === undefined) return ok([])
  loaded.read ??= readTexts(loaded.texts)
  return loaded.read
}

function readTexts(texts: readonly string[]): ReadSet {
  if (texts.length > policyTextsMax) {
    return failed('limit.policy', `A set has at most ${policyTextsMax} policy texts.`)
  }
  const all: ReadRule[] = []
  for (const text of texts) {
    const read = readRules(text)
    if (!read.ok) return read
    all.push(...read.value)
  }
  const named = checkRules(rulesOf(all))
  return named.ok ? ok(all) : named
}

function rulesOf(read: readonly ReadRule[]): readonly ReadRule['rule'][] {
  return read.map(({ rule }) => rule)
}

function splitName(full: string): { set: PolicySetName; id: string } {
  const slash = full.indexOf('/')
  return { set: full.slice(0, slash) as PolicySetName, id: full.slice(slash + 1) }
}

function denied(errors: readonly PolicyError[]): PolicyAnswer {
  return { verdict: 'deny', reasons: [], silent: [], errors }
}
