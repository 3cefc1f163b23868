/** What somebody typed of how their node is to meet others. */
import { bytesIn, gigabytes } from '@anarq/bytes'
import type { WayOf } from '../context.ts'

export type TypedWay = {
  readonly way: WayOf['way']
  readonly port: string
  readonly give: 'automatic' | 'none' | 'size'
  /** In gigabytes. */
  readonly size: string
}

const giveBytesMin = 1024 ** 3
/** Nobody is asked for one where nobody comes in. */
const portDefault = 4610

export function typedOf({ way, port, giveBytes }: WayOf): TypedWay {
  const give = giveBytes === undefined ? 'automatic' : giveBytes === 0 ? 'none' : 'size'
  return { way, port: String(port), give, size: give === 'size' ? gigabytes(giveBytes as number) : '' }
}

export function isSame(a: TypedWay, b: TypedWay): boolean {
  return a.way === b.way && a.port === b.port && a.give === b.give && a.size === b.size
}

export function portIn(typed: string): number | undefined {
  const port = /^\d{1,5}$/.test(typed.trim()) ? Number(typed) : 0
  return port >= 1 && port <= 65_535 ? port : undefined
}

/** Undefined where it is no size, or less than the node takes. */
export function giveIn(typed: string): number | undefined {
  const bytes = bytesIn(typed)
  return bytes !== undefined && bytes >= giveBytesMin ? bytes : undefined
}

/** As the node takes it; undefined where something does not read. */
export function wayIn({ way, port, give, size }: TypedWay): Omit<WayOf, 'isFixed'> | undefined {
  const number = portIn(port) ?? (way === 'listen' ? undefined : portDefault)
  if (number === undefined) return undefined
  if (way === 'off' || give === 'automatic') return { way, port: number }
  const giveBytes = give === 'none' ? 0 : giveIn(size)
  return giveBytes === undefined ? undefined : { way, port: number, giveBytes }
}
