/**
 * What is put: random bytes, many small files, and text as a tree of sources has it. Each is the same for the same seed;
 * the text for the same sources, too.
 */
import { createCipheriv } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'

const pieceBytes = 8 * 1024 * 1024

/** Bytes that nothing can make smaller: a key stream of AES-256-CTR. */
export async function writeRandom(path: string, bytes: number, seed: number): Promise<void> {
  const next = keyStream(seed)
  await using file = await open(path, 'w')
  for (let left = bytes; left > 0; left -= pieceBytes) await writeAll(file, next(Math.min(left, pieceBytes)))
}

/** Files in folders of a hundred, as people's folders are. */
export async function writeRandomFiles(
  folder: string,
  files: number,
  bytes: number,
  seed: number,
): Promise<void> {
  const next = keyStream(seed)
  for (let at = 0; at < files; at += 1) {
    const below = join(folder, `folder-${Math.floor(at / 100)}`)
    if (at % 100 === 0) await mkdir(below, { recursive: true })
    await writeFile(join(below, `file-${at}.bin`), next(bytes))
  }
}

/** The same content, with one byte more at its start. */
export async function writeShifted(path: string, from: string): Promise<void> {
  await writeFile(path, 'x')
  await pipeline(
    createReadStream(from, { highWaterMark: pieceBytes }),
    createWriteStream(path, { flags: 'a' }),
  )
}

export type Sources = { readonly files: readonly string[]; readonly bytes: number }

const sourceBytesMin = 256
const sourceBytesMax = 1024 * 1024
const sourceEndings = ['.ts', '.js', '.mjs', '.cjs', '.json', '.md', '.h', '.hpp', '.c', '.py']

/** Program texts below these folders; a folder that is not there is passed over. In the order of their paths. */
export async function findSources(roots: readonly string[]): Promise<Sources> {
  const files: string[] = []
  let bytes = 0
  for (const root of roots) {
    const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => [])
    for (const entry of entries) {
      if (!entry.isFile() || !sourceEndings.includes(extname(entry.name))) continue
      const path = join(entry.parentPath, entry.name)
      const { size } = await stat(path)
      if (size < sourceBytesMin || size > sourceBytesMax) continue
      files.push(path)
      bytes += size
    }
  }
  return { files: files.sort(), bytes }
}

const tarRecordBytes = 512
const gapCharactersMax = 320

/**
 * A tar of exactly so many bytes (a multiple of 512), as the tree of a large project has them: the sources over and
 * over, each time in another order and with other identifiers every few lines, so that no two passes are alike.
 */
export async function writeText(path: string, bytes: number, sources: Sources, seed: number): Promise<void> {
  if (sources.files.length === 0)
    throw new Error('No program texts were found on this machine to make the text of.')
  const chance = numberStream(seed)
  await using file = await open(path, 'w')
  let left = bytes
  for (let pass = 0; left > 2 * tarRecordBytes; pass += 1) {
    for (const source of shuffled(sources.files, chance)) {
      if (left <= 2 * tarRecordBytes) break
      const text = renamed(await readFile(source, 'latin1'), chance)
      const content = Buffer.from(text, 'latin1').subarray(0, left - tarRecordBytes)
      const padding = Buffer.alloc(-content.length & (tarRecordBytes - 1))
      const header = tarHeader(
        `pass-${pass}/${Math.floor(left / pieceBytes)}/${basename(source)}`,
        content.length,
      )
      await writeAll(file, Buffer.concat([header, content, padding]))
      left -= header.length + content.length + padding.length
    }
  }
  await writeAll(file, Buffer.alloc(left))
}

/** Every few lines an identifier is another one. */
function renamed(text: string, chance: () => number): string {
  const identifier = /[A-Za-z_][A-Za-z0-9_]{3,}/g
  const parts: string[] = []
  let at = 0
  for (;;) {
    identifier.lastIndex = at + Math.floor(chance() * gapCharactersMax)
    const match = identifier.exec(text)
    if (match === null) break
    const [word] = match
    parts.push(text.slice(at, match.index), variation(word, chance()))
    at = match.index + word.length
  }
  parts.push(text.slice(at))
  return parts.join('')
}

const endings = [
  's',
  'ed',
  'er',
  'Of',
  'At',
  'Id',
  'Key',
  'Map',
  'Size',
  'Name',
  'List',
  'Next',
  '_old',
  '_new',
  '2',
  '64',
]

function variation(word: string, chance: number): string {
  const ending = endings[Math.floor(chance * endings.length)] ?? ''
  return chance % 0.01 < 0.005 ? word + ending : word.slice(0, Math.ceil(word.length / 2)) + ending
}

/** POSIX ustar: fields of fixed width, numbers in octal, the sum taken with its own field blank. */
function tarHeader(name: string, bytes: number): Buffer {
  const header = Buffer.alloc(tarRecordBytes)
  const octal = (value: number, at: number, width: number): void => {
    header.write(`${value.toString(8).padStart(width - 1, '0')}\0`, at, 'latin1')
  }
  header.write(name.slice(0, 99), 0, 'latin1')
  octal(0o644, 100, 8)
  octal(0, 108, 8)
  octal(0, 116, 8)
  octal(bytes, 124, 12)
  octal(1_700_000_000, 136, 12)
  header.write('        0', 148, 'latin1')
  header.write('ustar\x0000', 257, 'latin1')
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return header
}

function keyStream(seed: number): (bytes: number) => Buffer {
  const key = Buffer.alloc(32)
  key.writeDoubleLE(seed)
  const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16))
  const zeros = Buffer.alloc(pieceBytes)
  return (bytes) => cipher.update(zeros.subarray(0, bytes))
}

/** From 0 to below 1 (mulberry32). */
function numberStream(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function shuffled<Item>(items: readonly Item[], chance: () => number): Item[] {
  const all = [...items]
  for (let last = all.length - 1; last > 0; last -= 1) {
    const other = Math.floor(chance() * (last + 1))
    ;[all[last], all[other]] = [all[other] as Item, all[last] as Item]
  }
  return all
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten
}
