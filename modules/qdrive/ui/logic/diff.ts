/** What changed between two texts, line by line (Myers, "An O(ND) Difference Algorithm", 1986). */
export type DiffLine = {
  readonly kind: 'same' | 'added' | 'removed'
  readonly text: string
  /** Line numbers, from 1; absent on the side that has no such line. */
  readonly before?: number
  readonly after?: number
}
export type DiffPart = DiffLine | { readonly kind: 'gap'; readonly lines: number }

const linesMax = 20_000
const editsMax = 2000
const contextLines = 3

/** `undefined` where the texts are too long or too different for a comparison to say anything. */
export function diffLines(before: string, after: string): readonly DiffLine[] | undefined {
  const [a, b] = [linesOf(before), linesOf(after)]
  if (a.length > linesMax || b.length > linesMax) return undefined
  const trace = traceOf(a, b)
  return trace === undefined ? undefined : backtrack(a, b, trace)
}

/** Only what changed, and three lines around it. */
export function condensed(lines: readonly DiffLine[]): readonly DiffPart[] {
  const near = new Set<number>()
  lines.forEach(({ kind }, i) => {
    if (kind !== 'same') for (let at = i - contextLines; at <= i + contextLines; at += 1) near.add(at)
  })
  const parts: DiffPart[] = []
  for (let i = 0; i < lines.length; ) {
    if (near.has(i)) parts.push(lines[i++] as DiffLine)
    else {
      const from = i
      while (i < lines.length && !near.has(i)) i += 1
      parts.push({ kind: 'gap', lines: i - from })
    }
  }
  return parts
}

function linesOf(text: string): string[] {
  if (text === '') return []
  const lines = text.split(/\r?\n/)
  if (lines.at(-1) === '') lines.pop()
  return lines
}

function traceOf(a: readonly string[], b: readonly string[]): Map<number, number>[] | undefined {
  const max = Math.min(a.length + b.length, editsMax)
  let reach = new Map<number, number>([[1, 0]])
  const trace: Map<number, number>[] = []
  for (let d = 0; d <= max; d += 1) {
    trace.push(new Map(reach))
    const next = new Map(reach)
    for (let k = -d; k <= d; k += 2) {
      const isDown = k === -d || (k !== d && (next.get(k - 1) ?? -1) < (next.get(k + 1) ?? -1))
      let x = isDown ? (next.get(k + 1) ?? 0) : (next.get(k - 1) ?? 0) + 1
      let y = x - k
      while (x < a.length && y < b.length && a[x] === b[y]) {
        x += 1
        y += 1
      }
      next.set(k, x)
      if (x >= a.length && y >= b.length) {
        trace.push(next)
        return trace
      }
    }
    reach = next
  }
  return undefined
}

function backtrack(
  a: readonly string[],
  b: readonly string[],
  trace: readonly Map<number, number>[],
): DiffLine[] {
  const lines: DiffLine[] = []
  let [x, y] = [a.length, b.length]
  for (let d = trace.length - 2; d >= 0; d -= 1) {
    const reach = trace[d] as Map<number, number>
    const k = x - y
    const isDown = k === -d || (k !== d && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1))
    const from = isDown ? k + 1 : k - 1
    const startX = d === 0 ? 0 : (reach.get(from) ?? 0)
    const startY = d === 0 ? 0 : startX - from
    while (x > startX && y > startY && x > 0 && y > 0 && a[x - 1] === b[y - 1]) {
      lines.push({ kind: 'same', text: a[x - 1] as string, before: x, after: y })
      x -= 1
      y -= 1
    }
    if (d === 0) break
    if (isDown) lines.push({ kind: 'added', text: b[y - 1] as string, after: y })
    else lines.push({ kind: 'removed', text: a[x - 1] as string, before: x })
    ;[x, y] = [startX, startY]
  }
  return lines.reverse()
}
