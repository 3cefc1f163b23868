/** Below this size compressing costs about as little as asking. */
const probedBytesMin = 256
const pieces = 384
const pieceBytes = 32
const sampleBytes = pieces * pieceBytes
/** How often two sampled bytes are equal, against 1 of 256: noise gives 1.00, pictures and archives mostly up to 1.04. */
const coincidenceMax = 1.04
/** Of so few bytes noise comes to more by chance, and what they gain would not pay for the table of a Huffman code. */
const coincidenceOfFew = 100
const windowBytes = 4096
const windowShareMin = 0.1
/** Little content is looked at whole, for repeats behind some hundred of its bytes: those whose own bits say so. */
const littleBytesMax = 64 * 1024
const [denseBytesMax, denseMask, sparseMask] = [8192, 15, 127]
const littleShareMin = 0.04
/** The table of four-byte words seen has 2^12 places: a word that another one overwrote is a repeat missed, no more. */
const tableBits = 12
/** 2^32 / golden ratio (Knuth, volume 3, section 6.4), as a signed number, which runs twice as fast. */
const spread = 0x9e3779b1 | 0

/** Used again by each call: ten thousand small files would keep the collector busy with them. */
const counts = new Uint32Array(256)
const seen = new Int32Array(2 ** tableBits)

/**
 * False for bytes that compressing would hardly shrink. Costs at most 35 µs whatever the length, 8 for 4 KiB: the counts
 * of bytes, all of them or of 384 pieces of 32 bytes, spread so finely that a tenth of text among pictures shows, and,
 * where those are flat, a look for repeats in all of 64 KiB or in two windows of 4 KiB. Noise that repeats only far away is
 * not seen.
 */
export function looksCompressible(plain: Uint8Array): boolean {
  if (plain.length < probedBytesMin || !isFlat(plain)) return true
  return plain.length <= littleBytesMax ? hasSampledRepeats(plain) : hasRepeats(plain)
}

/** By the index of coincidence (Friedman, 1922): as good a judge as entropy here, and without 256 logarithms. */
function isFlat(plain: Uint8Array): boolean {
  counts.fill(0)
  if (plain.length <= sampleBytes) count(plain, 0, plain.length)
  else {
    const stride = (plain.length - pieceBytes) / (pieces - 1)
    for (let piece = 0; piece < pieces; piece += 1) {
      const start = Math.floor(piece * stride)
      count(plain, start, start + pieceBytes)
    }
  }
  const total = Math.min(plain.length, sampleBytes)
  let equalPairs = 0
  for (let byte = 0; byte < 256; byte += 1) {
    const times = counts[byte] as number
    equalPairs += times * (times - 1)
  }
  const most = coincidenceMax + (plain.length <= sampleBytes ? coincidenceOfFew / total : 0)
  return equalPairs * 256 <= most * total * (total - 1)
}

function count(plain: Uint8Array, start: number, end: number): void {
  for (let at = start; at < end; at += 1) {
    const byte = plain[at] as number
    counts[byte] = (counts[byte] as number) + 1
  }
}

function hasSampledRepeats(plain: Uint8Array): boolean {
  seen.fill(0)
  const mask = plain.length <= denseBytesMax ? denseMask : sparseMask
  let sampled = 0
  let repeats = 0
  for (let at = 0, end = plain.length - 4; at < end; at += 1) {
    if (((plain[at] as number) & mask) !== 0) continue
    const word =
      ((plain[at + 1] as number) << 24) |
      ((plain[at + 2] as number) << 16) |
      ((plain[at + 3] as number) << 8) |
      (plain[at + 4] as number)
    const place = Math.imul(word, spread) >>> (32 - tableBits)
    repeats += seen[place] === word ? 1 : 0
    seen[place] = word
    sampled += 1
  }
  return repeats > sampled * littleShareMin
}

/**
 * Flat is not yet random: the same noise over and over has flat counts and compresses well. True when a tenth of the
 * positions start with four bytes seen before. The windows are a power of two apart, as sectors, pages and
 * clusters are.
 */
function hasRepeats(plain: Uint8Array): boolean {
  const distance = 2 ** Math.floor(Math.log2(plain.length / 2))
  const first = distance / 4
  seen.fill(0)
  const repeats =
    countRepeats(plain, first, first + windowBytes) +
    countRepeats(plain, first + distance, first + distance + windowBytes)
  return repeats > 2 * windowBytes * windowShareMin
}

function countRepeats(plain: Uint8Array, start: number, end: number): number {
  let repeats = 0
  let word = 0
  for (let at = start; at < end; at += 1) {
    word = (word << 8) | (plain[at] as number)
    const place = Math.imul(word, spread) >>> (32 - tableBits)
    repeats += seen[place] === word ? 1 : 0
    seen[place] = word
  }
  return repeats
}
