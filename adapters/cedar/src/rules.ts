import { fromUtf8, toUtf8 } from '@anarq/bytes'
import { asFault, failed, type Outcome, ok } from '@anarq/fault'
import {
  checkPolicyTexts,
  checkRules,
  commandsAbove,
  defaultTexts,
  type PolicyRule,
  policySchema,
  readCommand,
} from '@anarq/qonsent'
import type { DetailedError } from '@cedar-policy/cedar-wasm/nodejs'
import { type Cedar, engine } from './engine.ts'
import { type Statement, statementsOf } from './statements.ts'

/** A rule with its own text, under the name that Cedar is to call it by. */
export type ReadRule = { readonly rule: PolicyRule; readonly text: string }

const idPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/
const sentenceCharactersMax = 300
/** Cedar's messages repeat whole types. */
const messageCharactersMax = 300
/** Each rule is validated for each of them. */
const actionsMax = 64
const actionPattern = /\bAction\s*::\s*"(?<command>[^"\\]*)"/g

/** The last texts read: every owner has the default ones, and a saved text is read again when it is put in force. */
const readTexts = new Map<string, Outcome<readonly ReadRule[]>>()
const readTextsMax = 16

/** The rules of a text. `invalid.policy` and `limit.policy` begin with the line, and have it as `data.line`. */
export function readRules(text: string): Outcome<readonly ReadRule[]> {
  const known = readTexts.get(text) ?? readAnew(text)
  readTexts.delete(text)
  readTexts.set(text, known)
  if (readTexts.size > readTextsMax) readTexts.delete(readTexts.keys().next().value ?? '')
  return known
}

/**
 * Whether the rules only ask about what questions have, and ask `has` first where a question may leave it out: Cedar's
 * strict validation against `policySchema`, with the commands that the text names as its actions.
 */
export function validateRules(text: string, rules: readonly PolicyRule[]): Outcome<readonly PolicyRule[]> {
  const actions = actionsOf(text)
  if (actions.length > actionsMax)
    return failed('limit.policy', `A policy text names at most ${actionsMax} actions.`)
  const schema = [policySchema, ...actions].join('\n')
  return caught(() => {
    const answer = engine.call((cedar) => cedar.validate({ schema, policies: { staticPolicies: text } }))
    if (answer.type === 'failure') return refuseParse(text, answer.errors)
    const errors = answer.validationErrors.map(({ error }) => error)
    return errors.length === 0 ? ok(rules) : refuseParse(text, errors)
  })
}

function readAnew(text: string): Outcome<readonly ReadRule[]> {
  const within = checkPolicyTexts([text])
  if (!within.ok) return within
  const statements = statementsOf(text)
  const own = ownTexts.has(text) ? ownRules(statements) : undefined
  if (own !== undefined) return ok(own)
  const complex = statements.find(({ complexLine }) => complexLine !== undefined)
  if (complex?.complexLine !== undefined) {
    return refuse('limit.policy', complex.complexLine, 'this rule is too complex. Split it.')
  }
  return parseRules(text, statements)
}

/**
 * What these say of themselves is known without asking Cedar, which takes 50 ms for it in a process that just started: the
 * tests hold it against Cedar's own reading. What they mean is Cedar's to say, but for one answer: see `own-things.ts`.
 */
const ownTexts: ReadonlySet<string> = new Set(Object.values(defaultTexts))

/** Whole heads only; undefined where one is written in another way. */
const ownHead = /^@id\("(?<id>[a-z.-]+)"\)\n@sentence\("(?<sentence>[^"\\]+)"\)\n(?<effect>permit|forbid) \(/

export function ownRules(statements: readonly Statement[]): readonly ReadRule[] | undefined {
  const rules: ReadRule[] = []
  for (const { text, line } of statements) {
    const { id, sentence, effect } = ownHead.exec(text)?.groups ?? {}
    if (id === undefined || sentence === undefined) return undefined
    rules.push({ rule: { id, effect: effect === 'permit' ? 'permit' : 'forbid', sentence, line }, text })
  }
  return rules
}

function caught<T>(read: () => Outcome<T>): Outcome<T> {
  try {
    return read()
  } catch (thrown) {
    return { ok: false, fault: asFault(thrown) }
  }
}

/** As Cedar reads them. */
export function parseRules(text: string, statements: readonly Statement[]): Outcome<readonly ReadRule[]> {
  return caught(() => engine.call((cedar) => parse(cedar, text, statements)))
}

function parse(cedar: Cedar, text: string, statements: readonly Statement[]): Outcome<readonly ReadRule[]> {
  const parts = cedar.policySetTextToParts(text)
  if (parts.type === 'failure') return refuseParse(text, parts.errors)
  const rules: ReadRule[] = []
  for (const statement of statements) {
    const rule = readRule(cedar, statement)
    if (!rule.ok) return rule
    rules.push({ rule: rule.value, text: statement.text })
  }
  const named = checkRules(rules.map(({ rule }) => rule))
  return named.ok ? ok(rules) : named
}

function readRule(cedar: Cedar, { text, line }: Statement): Outcome<PolicyRule> {
  const answer = cedar.policyToJson(text)
  if (answer.type === 'failure') {
    // The text as a whole is well-formed, so what is no policy is a template.
    return refuse('invalid.policy', line, 'a rule with a ?slot is a template, which is not accepted.')
  }
  const { effect, annotations = {} } = answer.json
  const { id, sentence = id ?? '' } = annotations
  if (id === undefined)
    return refuse('invalid.policy', line, 'this rule has no name. Begin it with @id("…").')
  if (!idPattern.test(id)) {
    return refuse('invalid.policy', line, 'a rule is named by letters, digits, dots and dashes, at most 128.')
  }
  if (sentence.length > sentenceCharactersMax) {
    return refuse('limit.policy', line, `a rule's @sentence has at most ${sentenceCharactersMax} characters.`)
  }
  return ok({ id, effect, sentence, line })
}

/** Every command that the text names and those above it, each an action in the ones above. */
function actionsOf(text: string): readonly string[] {
  const commands = new Set<string>(['/'])
  for (const { groups } of text.matchAll(actionPattern)) {
    const command = commandOf(groups?.command)
    if (command === undefined) continue
    for (const one of [command, ...commandsAbove(command)]) commands.add(one)
  }
  return [...commands].map((command) => {
    const above = commandsAbove(readCommand(command, 'An action')).map((one) => JSON.stringify(one))
    const parents = above.length === 0 ? '' : ` in [${above.join(', ')}]`
    return `action ${JSON.stringify(command)}${parents} appliesTo { principal: Identity, resource: Object, context: Facts };`
  })
}

function commandOf(text: string | undefined): ReturnType<typeof readCommand> | undefined {
  try {
    return readCommand(text, 'An action')
  } catch {
    return undefined
  }
}

function refuseParse(text: string, errors: readonly DetailedError[]): Outcome<never> {
  const [error] = errors
  const start = error?.sourceLocations?.[0]?.start ?? 0
  const line = toUtf8(fromUtf8(text).subarray(0, start)).split('\n').length
  const message = (error?.message ?? 'it cannot be read')
    .replace(/^failed to parse policies from string: /, '')
    .replace(/for policy `policy\d+`, /, '')
  const help = error?.help ? ` Note: ${error.help}.` : ''
  return refuse('invalid.policy', line, `${message.slice(0, messageCharactersMax)}.${help}`)
}

function refuse(code: 'invalid.policy' | 'limit.policy', line: number, message: string): Outcome<never> {
  return failed(code, `Line ${line}: ${message}`, { data: { line } })
}
