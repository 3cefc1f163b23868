/** Markdown tables and the figures in them. */

/** The first column is text; the others are figures and stand to the right. */
export function markdown(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, i) =>
    Math.max(3, title.length, ...rows.map((row) => (row[i] ?? '').length)),
  )
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, i) => (i === 0 ? (cells[i] ?? '').padEnd(width) : (cells[i] ?? '').padStart(width))).join(' | ')} |`
  const rule = `| ${widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`
  return [line(header), rule, ...rows.map(line)].join('\n')
}

/** Of no values: undefined. */
export function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b)
  const high = sorted[Math.floor(sorted.length / 2)]
  const low = sorted[Math.floor((sorted.length - 1) / 2)]
  return low === undefined || high === undefined ? undefined : (low + high) / 2
}

/** Of no values: undefined. */
export function greatest(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.max(...values)
}

export function counted(blocks: number): string {
  return `${blocks} ${blocks === 1 ? 'block' : 'blocks'}`
}

export function seconds(ms: number): string {
  return (ms / 1000).toFixed(ms < 1000 ? 3 : 2)
}

/** The median, and behind it the least and the most. */
export function spread(ms: readonly number[]): string {
  const middle = median(ms)
  if (middle === undefined) return ''
  if (ms.length === 1) return `${seconds(middle)} s`
  return `${seconds(middle)} s (${seconds(Math.min(...ms))}–${seconds(Math.max(...ms))})`
}

/** How many times `other` is `own`. */
export function ratio(other: number | undefined, own: number | undefined): string {
  return other === undefined || own === undefined || own === 0 ? '' : `${(other / own).toFixed(2)}×`
}
