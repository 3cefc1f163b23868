/** How figures are written. */

export function row([name, value]: readonly [string, string]): string {
  return `${name.padEnd(22)} ${value}`
}

/** Of sorted values, the one that so large a share of them does not exceed. */
export function at(sorted: readonly number[], share: number): string {
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
  return value === undefined ? 'never' : `${value.toFixed(0)} ms`
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

export function bytes(count: number): string {
  return count < 10_000 ? `${count.toFixed(0)} B` : `${(count / 1024).toFixed(0)} KiB`
}
