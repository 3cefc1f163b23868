/** Bytes `[from, to)` of a content; never empty. */
export type ByteRange = { readonly from: number; readonly to: number }

const rangePattern = /^bytes=(?:(\d{1,15})-(\d{0,15})|-(\d{1,15}))$/i

/**
 * The one range that a Range header asks for of so many bytes (RFC 9110, section 14.2). Undefined where the whole is to be
 * sent: no header, another unit, several ranges, one that is none. `outside` where nothing of it is there (416).
 */
export function readByteRange(header: string | undefined, bytes: number): ByteRange | 'outside' | undefined {
  const match = header === undefined ? null : rangePattern.exec(header.replaceAll(' ', ''))
  if (match === null) return undefined
  const [, first, last = '', suffix] = match
  if (suffix !== undefined) {
    const length = Math.min(Number(suffix), bytes)
    return length > 0 ? { from: bytes - length, to: bytes } : 'outside'
  }
  const from = Number(first)
  if (last !== '' && Number(last) < from) return undefined
  const to = last === '' ? bytes : Math.min(Number(last) + 1, bytes)
  return from < bytes ? { from, to } : 'outside'
}
