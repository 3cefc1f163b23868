/**
 * What it costs 25 neighbours to lose any five of them at once without losing a block: whole copies beside Reed–Solomon codes
 * (k parts, and five more). Storage and traffic are counted, processor time is measured on one block of 1 MiB.
 */
import { encodeCbor } from '@anarq/ipld'
import { createSeededRandom } from '@anarq/random/testing'
import { markdown, median } from './table.ts'

const neighbours = 25
const losses = 5
const blockBytes = 1_048_576
const rounds = 5
/** Between two neighbours, there and back. */
const roundTripMs = 80
const draws = 20_000
/** Of the code that is compared by size, beside as many as may be lost. */
const codeParts = 10
/** A holder's journal entry, and about as much in the packs and their index. */
const noteBytes = 76 + 90
/** Of a link's frame: lengths, tag, and what one message adds. */
const frameBytes = 40

const random = createSeededRandom(7)
const block = random.bytes(blockBytes)
const rows = [3, losses + 1].map(rowOfCopies).concat([5, 10, 20].map(rowOfCode))
console.log(
  markdown(
    [
      'way',
      'storage',
      `lost of a million when ${losses} go`,
      'repair, blocks moved',
      'write, MB a processor second',
      'mend, the same',
      `read at ${roundTripMs} ms, 99 %`,
    ],
    rows,
  ),
)
console.log(`\n${sizesTable()}`)
console.log(
  '\nStorage and what repair moves are in sizes of the block. Reading waits for the slowest of those asked; a way takes an',
)
console.log('exponential time around its mean. Writing copies costs no computation.')

/** Processor time of this process: other work on the machine does not count. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** What six copies and 10 + 5 parts cost by the size of a block, with what each copy or part costs beside its bytes. */
function sizesTable(): string {
  const key = random.bytes(32)
  const home = random.bytes(32)
  const overheadOf = (bytes: number): number =>
    encodeCbor(['', 'store', 4096, key, home, new Uint8Array(bytes)]).length - bytes + frameBytes
  const rowOf = (bytes: number): string[] => {
    const part = Math.ceil(bytes / codeParts)
    const [copies, parts] = [losses + 1, codeParts + losses]
    const stored = [copies * (bytes + noteBytes), parts * (part + noteBytes)] as const
    const written = [copies * (bytes + overheadOf(bytes)), parts * (part + overheadOf(part))] as const
    const read = [bytes + overheadOf(bytes), codeParts * (part + overheadOf(part))] as const
    const shown = ([of, code]: readonly [number, number]): string => `${kib(of)} : ${kib(code)}`
    return [
      kib(bytes),
      shown(stored),
      shown(written),
      shown(read),
      `${copies} : ${parts}`,
      `1 : ${codeParts}`,
    ]
  }
  return markdown(
    ['block', 'stored, KiB', 'sent to write', 'sent to read', 'messages to write', 'to read'],
    [1024, 4096, 16_384, 65_536, 262_144, blockBytes].map(rowOf),
  )
}

function kib(bytes: number): string {
  return (bytes / 1024).toFixed(1)
}

function rowOfCopies(copies: number): string[] {
  const share = (copies * losses) / neighbours
  return [
    `${copies} copies`,
    `${copies.toFixed(2)}×`,
    ppm(copies, copies - 1),
    share.toFixed(2),
    '',
    '',
    `${readMs(1).toFixed(0)} ms`,
  ]
}

function rowOfCode(parts: number): string[] {
  const all = parts + losses
  // One holder of a part gets the others that it needs, and gives out those that were lost.
  const touched = 1 - choose(neighbours - all, losses) / choose(neighbours, losses)
  const moved = touched * ((parts - 1) / parts) + (all * losses) / neighbours / parts
  const [write, mend] = speedOf(parts)
  return [
    `${parts} + ${losses} parts`,
    `${(all / parts).toFixed(2)}×`,
    ppm(all, losses),
    moved.toFixed(2),
    write.toFixed(0),
    mend.toFixed(0),
    `${readMs(parts).toFixed(0)} ms`,
  ]
}

/** How many blocks in a million are gone when so many of their holders may be lost, and not one more. */
function ppm(holders: number, mayLose: number): string {
  let gone = 0
  for (let lost = mayLose + 1; lost <= Math.min(losses, holders); lost += 1)
    gone += (choose(holders, lost) * choose(neighbours - holders, losses - lost)) / choose(neighbours, losses)
  return (gone * 1e6).toFixed(0)
}

function choose(n: number, k: number): number {
  if (k < 0 || k > n) return 0
  let ways = 1
  for (let i = 1; i <= k; i += 1) ways = (ways * (n - k + i)) / i
  return ways
}

function readMs(waitFor: number): number {
  const times = Array.from({ length: draws }, () =>
    Math.max(...Array.from({ length: waitFor }, () => roundTripMs * (0.5 - 0.5 * Math.log(1 - fraction())))),
  ).sort((a, b) => a - b)
  return times[Math.floor(draws * 0.99)] as number
}

function fraction(): number {
  return new DataView(random.bytes(4).buffer).getUint32(0) / 2 ** 32
}

function speedOf(parts: number): [write: number, mend: number] {
  const size = Math.ceil(blockBytes / parts)
  const data = Array.from({ length: parts }, (_, i) => {
    const part = new Uint8Array(size)
    part.set(block.subarray(i * size, (i + 1) * size))
    return part
  })
  const write: number[] = []
  const mend: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    let beganMs = cpuMs()
    const parity = Array.from({ length: losses }, (_, row) => combine(data, cauchyRow(parts, row)))
    write.push(cpuMs() - beganMs)
    // The first five parts are lost, or all where there are fewer: solved from the others.
    const lost = Math.min(losses, parts)
    beganMs = cpuMs()
    const mended = mendFirst(data.slice(lost), parity, parts, lost)
    mend.push(cpuMs() - beganMs)
    mended.forEach((part, i) => {
      if (Buffer.compare(part, data[i] as Uint8Array) !== 0) throw new Error('the code does not mend')
    })
  }
  const megabytes = blockBytes / 1e6
  return [megabytes / ((median(write) as number) / 1000), megabytes / ((median(mend) as number) / 1000)]
}

/** Sums over GF(256) with the polynomial 0x11d. */
function combine(parts: readonly Uint8Array[], factors: readonly number[]): Uint8Array {
  const out = new Uint8Array((parts[0] as Uint8Array).length)
  parts.forEach((part, i) => {
    const table = times(factors[i] as number)
    for (let at = 0; at < out.length; at += 1)
      out[at] = (out[at] as number) ^ (table[part[at] as number] as number)
  })
  return out
}

/** Any square part of a Cauchy matrix can be inverted. */
function cauchyRow(parts: number, row: number): number[] {
  return Array.from({ length: parts }, (_, column) => inverse((128 + row) ^ column))
}

function mendFirst(
  rest: readonly Uint8Array[],
  parity: readonly Uint8Array[],
  parts: number,
  lost: number,
): Uint8Array[] {
  const equations: Equation[] = parity.slice(0, lost).map((sum, row) => {
    const factors = cauchyRow(parts, row)
    const known = rest.length === 0 ? new Uint8Array(sum.length) : combine(rest, factors.slice(lost))
    return { factors: factors.slice(0, lost), value: known.map((byte, at) => byte ^ (sum[at] as number)) }
  })
  for (let column = 0; column < lost; column += 1) {
    const pivot = equations.findIndex(({ factors }, row) => row >= column && factors[column] !== 0)
    const [row] = equations.splice(pivot, 1)
    if (row === undefined) throw new Error('the matrix cannot be inverted')
    equations.splice(column, 0, scaled(row, inverse(row.factors[column] as number)))
    const top = equations[column] as Equation
    equations.forEach((equation, i) => {
      if (i !== column) equations[i] = added(equation, scaled(top, equation.factors[column] as number))
    })
  }
  return equations.map(({ value }) => value)
}

type Equation = { readonly factors: readonly number[]; readonly value: Uint8Array }

function scaled({ factors, value }: Equation, by: number): Equation {
  const table = times(by)
  return { factors: factors.map((one) => table[one] as number), value: combine([value], [by]) }
}

function added(a: Equation, b: Equation): Equation {
  return {
    factors: a.factors.map((one, i) => one ^ (b.factors[i] as number)),
    value: a.value.map((byte, at) => byte ^ (b.value[at] as number)),
  }
}

function times(factor: number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, other) => product(factor, other))
}

function product(a: number, b: number): number {
  let sum = 0
  for (let x = a, y = b; y > 0; y >>= 1) {
    if (y & 1) sum ^= x
    x = x & 128 ? (x << 1) ^ 0x11d : x << 1
  }
  return sum
}

function inverse(of: number): number {
  for (let other = 1; other < 256; other += 1) if (product(of, other) === 1) return other
  throw new RangeError('zero has no inverse')
}
