import { compareBytes, fromUtf8 } from '@anarq/bytes'

/** The keys of a map in DAG-CBOR's order: shorter ones first (in UTF-8), equally long ones by their bytes. */
export function sortKeys(keys: readonly string[]): readonly string[] {
  if (keys.length < 2 || keys.length > shapeKeysMax) return sorted(keys)
  const slot = slotOf(keys)
  const known = shapes[slot]
  if (known !== undefined && isSame(known.keys, keys)) return known.order
  const order = sorted(keys)
  shapes[slot] = { keys, order }
  return order
}

/** Keys as an object lists them, and as they are written. */
type Shape = { readonly keys: readonly string[]; readonly order: readonly string[] }

const shapeSlots = 256
const shapeKeysMax = 24

/**
 * The shapes sorted last. Ten thousand objects of a put have the same few, and comparing names that the engine keeps
 * only once is much cheaper than sorting them.
 */
const shapes: (Shape | undefined)[] = new Array<Shape | undefined>(shapeSlots).fill(undefined)

function slotOf(keys: readonly string[]): number {
  const first = keys[0] as string
  const last = keys[keys.length - 1] as string
  const mixed =
    31 * keys.length +
    17 * first.length +
    last.length +
    7 * first.charCodeAt(0) +
    3 * last.charCodeAt(last.length >> 1)
  return mixed & (shapeSlots - 1)
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false
  return true
}

function sorted(keys: readonly string[]): readonly string[] {
  return keys.every(isAscii) ? [...keys].sort(compareAscii) : sortedByBytes(keys)
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) if (text.charCodeAt(i) > 0x7f) return false
  return true
}

function compareAscii(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : 1)
}

function sortedByBytes(keys: readonly string[]): readonly string[] {
  const pairs = keys.map((key) => {
    // U+FFFD in its place could make two keys one.
    if (!key.isWellFormed()) throw new TypeError('A key in CBOR holds no lone surrogate')
    return { key, bytes: fromUtf8(key) }
  })
  pairs.sort((a, b) => a.bytes.length - b.bytes.length || compareBytes(a.bytes, b.bytes))
  return pairs.map(({ key }) => key)
}
