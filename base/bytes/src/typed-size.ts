const gibibyte = 1024 ** 3
/** Less than this nobody asks for in gigabytes. */
const bytesMin = 1024 ** 2

/** What people type in a field for gigabytes; undefined where it is no size. A comma or a point parts the whole from the rest. */
export function bytesIn(typed: string): number | undefined {
  const text = typed.trim().replace(',', '.')
  if (!/^\d{1,6}(\.\d{1,3})?$/.test(text)) return undefined
  const bytes = Math.round(Number(text) * gibibyte)
  return bytes < bytesMin ? undefined : bytes
}

/** The same the other way. */
export function gigabytes(bytes: number): string {
  return String(Math.round((bytes / gibibyte) * 1000) / 1000)
}
