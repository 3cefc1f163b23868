/** A path or a ref as one part of an address. */
export function part(ref: string): string {
  return encodeURIComponent(ref === '' ? '/' : ref)
}

/** Only what was given; numbers and truths as text. */
export function query(values: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const given = Object.entries(values).filter(([, value]) => value !== undefined)
  return given.length === 0
    ? ''
    : `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`
}
