/** The beginning and the end of a long address, enough to tell two apart at a glance; the whole one stays at hand. */
export function shortAddress(address: string, shown = 22): string {
  if (address.length <= shown + 1) return address
  const tail = Math.floor(shown / 3)
  return `${address.slice(0, shown - tail)}…${address.slice(-tail)}`
}
