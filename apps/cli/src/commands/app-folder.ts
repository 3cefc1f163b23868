import { lstat, readdir, readFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { fromUtf8, toUtf8 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { diskFault } from '@anarq/files'
import {
  type DraftManifest,
  fileBytesMax,
  filesMax,
  manifestPath,
  parseDraft,
  type SourceFile,
  totalBytesMax,
} from '@anarq/wxa'
import { shown } from '../terminal.ts'

export type AppFolder = {
  readonly draft: DraftManifest
  readonly files: readonly SourceFile[]
  /** What is not for the package, by path; a folder stands for all that is in it. */
  readonly leftOut: readonly string[]
}

const leftOutAtTop = ['README.md', 'package.json', 'package-lock.json', 'tsconfig.json']
const depthMax = 32

/** A developer's folder as what goes into a package: the draft of its manifest, and its files with types taken out. */
export async function readAppFolder(folder: string): Promise<AppFolder> {
  // Before anything else is read: whoever names the wrong folder may have named a large one.
  const whole = join(folder, manifestPath)
  const isThere = await lstat(whole).then(
    (stats) => stats.isFile(),
    () => false,
  )
  if (!isThere)
    throw new Fault(
      'missing.manifest',
      `There is no manifest.json in ${shown(folder)}. Name the folder of an app, or begin one with: anarq app new NAME`,
    )
  const found: Found = { files: [], leftOut: [], count: 0, bytes: 0 }
  await readInto(found, folder, '', 0)
  const manifest = found.files.find(({ path }) => path === manifestPath) as SourceFile
  const files = found.files.filter((file) => file !== manifest).map(asScript)
  const twice = files.find(({ path }, i) => files.findIndex((other) => other.path === path) !== i)
  if (twice !== undefined)
    throw new Fault(
      'conflict.source',
      `${shown(twice.path)} is there, and its .ts file would become it too. Take one of them out of the folder.`,
    )
  return { draft: asPacked(parseDraft(textOf(manifest))), files, leftOut: found.leftOut }
}

type Found = { files: SourceFile[]; leftOut: string[]; count: number; bytes: number }

async function readInto(found: Found, folder: string, below: string, depth: number): Promise<void> {
  if (depth > depthMax)
    throw new Fault(
      'limit.depth',
      `${shown(folder)} lies more than ${depthMax} folders deep. Pack a smaller folder.`,
    )
  const names = await readdir(folder).catch((error: unknown) => {
    throw diskFault(error, folder)
  })
  for (const name of names.sort()) {
    const path = below + name
    const whole = join(folder, name)
    if (isLeftOut(name, below)) {
      found.leftOut.push(path)
      continue
    }
    const stats = await lstat(whole).catch((error: unknown) => {
      throw diskFault(error, whole)
    })
    if (stats.isDirectory()) await readInto(found, whole, `${path}/`, depth + 1)
    else found.files.push(await readOne(found, whole, path, stats))
  }
}

function isLeftOut(name: string, below: string): boolean {
  const isNever = name.startsWith('.') || name === 'node_modules' || /\.(wxa|d\.ts)$/.test(name)
  return isNever || (below === '' && leftOutAtTop.includes(name))
}

type Stats = { isFile(): boolean; isSymbolicLink(): boolean; readonly size: number }

async function readOne(found: Found, whole: string, path: string, stats: Stats): Promise<SourceFile> {
  if (!stats.isFile()) {
    const what = stats.isSymbolicLink() ? 'a link' : 'no file'
    throw new Fault(
      'refused.entry-link',
      `${shown(path)} is ${what}. Put the file itself there, or take it out.`,
    )
  }
  found.count += 1
  if (found.count > filesMax + 1)
    throw new Fault(
      'limit.package-files',
      `There are more than ${filesMax} files. Pack the folder of an app alone.`,
    )
  if (stats.size > fileBytesMax)
    throw new Fault(
      'limit.package-file',
      `${shown(path)} has ${stats.size} bytes; a file of a package has at most ${fileBytesMax}. Take it out of the folder.`,
    )
  found.bytes += stats.size
  if (found.bytes > totalBytesMax)
    throw new Fault(
      'limit.package-total',
      `The files have more than ${totalBytesMax} bytes together. Take what the app does not need out of the folder.`,
    )
  try {
    return { path, bytes: new Uint8Array(await readFile(whole)) }
  } catch (error) {
    throw diskFault(error, whole)
  }
}

/** Browsers and the sandbox run JavaScript: types are replaced by spaces, so that lines and columns stay the same. */
function asScript(file: SourceFile): SourceFile {
  if (/\.(tsx|jsx|mts|cts)$/.test(file.path))
    throw new Fault(
      'invalid.source',
      `${shown(file.path)} has to be built first: types alone are taken out of .ts files. Build it to .js, and pack the folder with the result.`,
    )
  if (!file.path.endsWith('.ts')) return file
  const script = withoutTypes(textOf(file), file.path)
  return { path: scriptPath(file.path), bytes: fromUtf8(script) }
}

/** As `file.ts` is named in the package, in what names it. */
const scriptPath = (path: string): string => path.replace(/\.ts$/, '.js')
const relativeImport = /(\b(?:from|import)\s*\(?\s*)(['"])(\.{1,2}\/[^'"\n]+)\.ts\2/g

function withoutTypes(text: string, path: string): string {
  const { emitWarning } = process
  // It says each time that it is experimental, which is ours to know and not of whoever packs an app.
  process.emitWarning = () => {}
  try {
    return stripTypeScriptTypes(text).replace(relativeImport, '$1$2$3.js$2')
  } catch (cause) {
    const said = cause instanceof Error ? cause.message.split('\n', 1)[0] : ''
    throw new Fault(
      'invalid.source',
      `${shown(path)} cannot be made JavaScript by taking its types out: ${said}. Correct it, or build it first.`,
      { cause },
    )
  } finally {
    process.emitWarning = emitWarning
  }
}

function asPacked(draft: DraftManifest): DraftManifest {
  const entryOf = <T extends { readonly entry: string }>(part: T): T => ({
    ...part,
    entry: scriptPath(part.entry),
  })
  return {
    ...draft,
    ...(draft.ui === undefined ? {} : { ui: entryOf(draft.ui) }),
    ...(draft.backend === undefined ? {} : { backend: entryOf(draft.backend) }),
  }
}

function textOf({ path, bytes }: SourceFile): string {
  try {
    return toUtf8(bytes)
  } catch (cause) {
    throw new Fault('invalid.source', `${shown(path)} is no UTF-8 text. Save it as UTF-8.`, { cause })
  }
}
