/** The three rows of files: data blocks once, meta blocks and heads twice. */
export const seriesNames = ['data', 'a', 'b'] as const
export type SeriesName = (typeof seriesNames)[number]

/**
 * Where a record starts: pack number * 2^32 + byte in that pack; 0 is nowhere.
 * In one series a later record always has the greater location, so the greatest wins.
 */
export type Location = number

export const nowhere: Location = 0
const packSpan = 2 ** 32

export function locate(pack: number, byte: number): Location {
  return pack * packSpan + byte
}

export function packOf(location: Location): number {
  return Math.floor(location / packSpan)
}

export function byteOf(location: Location): number {
  return location % packSpan
}

const fileStems: Record<SeriesName, string> = { data: 'data', a: 'meta-a', b: 'meta-b' }

export function packFileName(series: SeriesName, pack: number): string {
  return `${fileStems[series]}-${String(pack).padStart(6, '0')}.pack`
}

/** The pack number in a file name of this series, or `undefined` for any other file. */
export function packNumberIn(series: SeriesName, fileName: string): number | undefined {
  const match = /^(data|meta-a|meta-b)-(\d{6,7})\.pack$/.exec(fileName)
  if (match?.[1] !== fileStems[series]) return undefined
  const pack = Number(match[2])
  return pack > 0 ? pack : undefined
}
