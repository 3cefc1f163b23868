import { equalBytes } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { encodeCbor } from '@anarq/ipld'
import { nothing, readSelector, type Selector, select, valuesOf } from './selector.ts'

/** One condition of a delegation, in UCAN's policy language (https://github.com/ucan-wg/delegation, "Policy"). */
export type PolicyStatement =
  | readonly ['==' | '!=', string, unknown]
  | readonly ['<' | '<=' | '>' | '>=', string, number]
  | readonly ['like', string, string]
  | readonly ['and' | 'or', readonly PolicyStatement[]]
  | readonly ['not', PolicyStatement]
  | readonly ['all' | 'any', string, PolicyStatement]

/** Conditions read once and ready to be asked. */
export type Conditions = {
  readonly statements: readonly PolicyStatement[]
  /** The first statement that these arguments do not meet; `undefined` when all hold. Never throws. */
  firstUnmet(args: unknown): PolicyStatement | undefined
}

/**
 * `undefined` is "cannot be said": the path is missing or the value is of another kind. It is never made true by
 * `not`, which is stricter than the specification: what a request leaves out cannot satisfy a condition about it.
 */
type Truth = boolean | undefined
type Budget = { stepsLeft: number }
type Test = (value: unknown, budget: Budget) => Truth

export const statementsMax = 64
export const statementDepthMax = 8
const patternCharactersMax = 512
const stepsMax = 10_000

/** Reads a `pol` list; unknown operators, wrong shapes and anything over the limits are `invalid.policy` or `limit.policy`. */
export function readConditions(value: unknown): Conditions {
  const count = { left: statementsMax }
  const tests = listOf(value, 1, count)
  const statements = value as readonly PolicyStatement[]
  return {
    statements,
    firstUnmet(args) {
      const budget = { stepsLeft: stepsMax }
      const unmet = tests.findIndex((test) => test(args, budget) !== true)
      return unmet < 0 ? undefined : statements[unmet]
    },
  }
}

/** A condition in plain words, for a sentence on a screen. At most about 200 characters. */
export function describeStatement(statement: PolicyStatement): string {
  const words = wordsOf(statement)
  return words.length <= 200 ? words : `${words.slice(0, 197)}…`
}

function listOf(value: unknown, depth: number, count: { left: number }): Test[] {
  if (!Array.isArray(value)) throw malformed('its conditions are not a list')
  return value.map((entry) => testOf(entry, depth, count))
}

function testOf(value: unknown, depth: number, count: { left: number }): Test {
  if (depth > statementDepthMax) {
    throw new Fault(
      'limit.policy',
      `This permission nests conditions deeper than ${statementDepthMax} levels.`,
    )
  }
  if (count.left === 0)
    throw new Fault('limit.policy', `This permission has more than ${statementsMax} conditions.`)
  count.left -= 1
  if (!Array.isArray(value)) throw malformed('a condition is not a list')
  const [operator, first, second] = value as readonly unknown[]
  const length = operator === 'and' || operator === 'or' || operator === 'not' ? 2 : 3
  if (value.length !== length)
    throw malformed(`the condition ${shown(operator)} has the wrong number of parts`)
  switch (operator) {
    case 'and':
    case 'or': {
      const tests = listOf(first, depth + 1, count)
      const combine = operator === 'and' ? every : some
      return (args, budget) => combine(tests, (test) => test(args, budget))
    }
    case 'not': {
      const inner = testOf(first, depth + 1, count)
      return (args, budget) => negate(inner(args, budget))
    }
    case 'all':
    case 'any':
      return quantifier(operator, readSelector(first), testOf(second, depth + 1, count))
    case '==':
    case '!=':
      return equality(operator, readSelector(first), second)
    case '<':
    case '<=':
    case '>':
    case '>=':
      return inequality(operator, readSelector(first), second)
    case 'like':
      return likeness(readSelector(first), second)
    default:
      throw malformed(`the condition ${shown(operator)} is not known`)
  }
}

function equality(operator: '==' | '!=', selector: Selector, wanted: unknown): Test {
  const encoded = typeof wanted === 'object' && wanted !== null ? encodeCbor(wanted) : undefined
  return counted((args) => {
    const value = select(selector, args)
    if (value === nothing) return undefined
    const isEqual = encoded === undefined ? value === wanted : equalsEncoded(value, encoded)
    return isEqual === (operator === '==')
  })
}

function equalsEncoded(value: unknown, encoded: Uint8Array): boolean {
  return typeof value === 'object' && value !== null && equalBytes(encodeCbor(value), encoded)
}

function inequality(operator: '<' | '<=' | '>' | '>=', selector: Selector, bound: unknown): Test {
  if (typeof bound !== 'number') throw malformed(`the condition ${operator} needs a number`)
  const holds = (value: number): boolean => {
    if (operator === '<') return value < bound
    if (operator === '<=') return value <= bound
    return operator === '>' ? value > bound : value >= bound
  }
  return counted((args) => {
    const value = select(selector, args)
    return typeof value === 'number' ? holds(value) : undefined
  })
}

function likeness(selector: Selector, pattern: unknown): Test {
  if (typeof pattern !== 'string' || pattern.length > patternCharactersMax) {
    throw malformed(`the condition "like" needs a pattern of at most ${patternCharactersMax} characters`)
  }
  const glob = readGlob(pattern)
  return counted((args) => {
    const value = select(selector, args)
    return typeof value === 'string' ? matches(glob, value) : undefined
  })
}

function quantifier(operator: 'all' | 'any', selector: Selector, inner: Test): Test {
  return counted((args, budget) => {
    const values = valuesOf(select(selector, args))
    if (values === undefined) return undefined
    const truthOf = (value: unknown): Truth => inner(value, budget)
    // No element cannot be one that fits: stricter than reading an empty `any` as an empty `or`.
    return operator === 'all' ? every(values, truthOf) : values.length > 0 && some(values, truthOf)
  })
}

/** `all` and `any` over what an asker sends multiply; a bounded number of steps keeps one question cheap. */
function counted(test: Test): Test {
  return (args, budget) => {
    if (budget.stepsLeft === 0) return undefined
    budget.stepsLeft -= 1
    return test(args, budget)
  }
}

/** Kleene's conjunction: false wins, then "cannot be said". */
function every<T>(items: readonly T[], truthOf: (item: T) => Truth): Truth {
  let truth: Truth = true
  for (const item of items) {
    const next = truthOf(item)
    if (next === false) return false
    if (next === undefined) truth = undefined
  }
  return truth
}

/** Kleene's disjunction; an empty `or` holds, as the specification says. */
function some<T>(items: readonly T[], truthOf: (item: T) => Truth): Truth {
  let truth: Truth = items.length === 0
  for (const item of items) {
    const next = truthOf(item)
    if (next === true) return true
    if (next === undefined) truth = undefined
  }
  return truth
}

function negate(truth: Truth): Truth {
  return truth === undefined ? undefined : !truth
}

/** A glob as its literal parts: `a*b` is ['a', 'b']; `\*` is a literal star, `\\` a literal backslash. */
function readGlob(pattern: string): readonly string[] {
  const parts = ['']
  for (let at = 0; at < pattern.length; at += 1) {
    const character = pattern.charAt(at)
    if (character === '*') {
      parts.push('')
      continue
    }
    const isEscape = character === '\\' && (pattern[at + 1] === '*' || pattern[at + 1] === '\\')
    if (isEscape) at += 1
    parts[parts.length - 1] += pattern.charAt(at)
  }
  return parts
}

/** Leftmost match of each part in turn is enough for stars alone, so no pattern makes this quadratic in both. */
function matches(glob: readonly string[], text: string): boolean {
  const first = glob[0] ?? ''
  if (glob.length === 1) return text === first
  const last = glob.at(-1) ?? ''
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last))
    return false
  const end = text.length - last.length
  let from = first.length
  for (const part of glob.slice(1, -1)) {
    const found = text.indexOf(part, from)
    if (found < 0 || found + part.length > end) return false
    from = found + part.length
  }
  return true
}

function wordsOf(statement: PolicyStatement): string {
  switch (statement[0]) {
    case '==':
      return `${nameOf(statement[1])} is ${shown(statement[2])}`
    case '!=':
      return `${nameOf(statement[1])} is not ${shown(statement[2])}`
    case '<':
      return `${nameOf(statement[1])} is under ${statement[2]}`
    case '<=':
      return `${nameOf(statement[1])} is at most ${statement[2]}`
    case '>':
      return `${nameOf(statement[1])} is over ${statement[2]}`
    case '>=':
      return `${nameOf(statement[1])} is at least ${statement[2]}`
    case 'like':
      return `${nameOf(statement[1])} looks like ${shown(statement[2])}`
    case 'and':
    case 'or':
      return `(${statement[1].map(wordsOf).join(` ${statement[0]} `) || 'always'})`
    case 'not':
      return `not ${wordsOf(statement[1])}`
    case 'all':
      return `each of ${nameOf(statement[1])}: ${wordsOf(statement[2])}`
    case 'any':
      return `one of ${nameOf(statement[1])}: ${wordsOf(statement[2])}`
    default:
      return statement satisfies never
  }
}

function nameOf(selector: string): string {
  return selector === '.' ? 'it' : selector.slice(1).replace(/\?+$/, '')
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 60))
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value)
  return Array.isArray(value) ? `a list of ${value.length}` : 'the given value'
}

function malformed(detail: string): Fault {
  return new Fault('invalid.policy', `This permission cannot be read: ${detail}.`)
}
