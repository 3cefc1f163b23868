/** One rule of a policy text, from its first annotation to its semicolon. */
export type Statement = {
  readonly text: string
  readonly line: number
  /** The line at which it becomes too complex, where it does. */
  readonly complexLine?: number
}

/**
 * How deep Cedar's parser and evaluator would recurse, bounded from above without parsing. In WebAssembly they overrun
 * their stack at about 365 chained operators, 120 nested brackets or 2,700 `&&`, and that ends the whole instance.
 */
const weightMax = 240
const weights = { bracket: 3, operator: 1, connective: 1 / 8 } as const

/** An unclosed string runs to the end, so that no text makes this quadratic. */
const token =
  /(?<line>\n)|(?<comment>\/\/[^\n]*)|(?<string>"(?:[^"\\]|\\.)*(?:"|\\?$))|(?<end>;)|(?<bracket>[([{])|(?<connective>&&|\|\|)|(?<operator>::|[.+\-*!]|\bif\b)|(?<word>\w+)|(?<other>[^\s\w])/gs

/** The rules of a text, in its order; what follows the last semicolon is one too. */
export function statementsOf(text: string): readonly Statement[] {
  const statements: Statement[] = []
  let current: { from: number; line: number; weight: number; complexLine?: number } | undefined
  let line = 1
  for (const { groups = {}, index, 0: matched } of text.matchAll(token)) {
    const isBlank = groups.line !== undefined || groups.comment !== undefined
    if (!isBlank) {
      current ??= { from: index, line, weight: 0 }
      current.weight += weightOf(groups)
      if (current.weight > weightMax) current.complexLine ??= line
    }
    if (groups.line !== undefined || groups.string !== undefined) line += matched.split('\n').length - 1
    if (groups.end === undefined || current === undefined) continue
    const { from, weight, ...where } = current
    statements.push({ text: text.slice(from, index + 1), ...where })
    current = undefined
  }
  if (current === undefined) return statements
  const { from, weight, ...where } = current
  return [...statements, { text: text.slice(from), ...where }]
}

function weightOf(groups: Readonly<Record<string, string | undefined>>): number {
  if (groups.bracket !== undefined) return weights.bracket
  if (groups.operator !== undefined) return weights.operator
  return groups.connective === undefined ? 0 : weights.connective
}
