/** What a command gives back, to the disk or to standard output. */
import { constants, existsSync } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { formatBytes } from '@anarq/bytes'
import { Fault, hasCode } from '@anarq/fault'
import {
  checkPlace,
  createOutput,
  diskFault,
  type Filling,
  writeFileBy,
  writeFileWhole,
  writeLink,
} from '@anarq/files'
import { byPlaceBytesMin, type DiskFile } from '@anarq/flows'
import type { Content, EntryFacts, PutReport, TreeEntry } from '@anarq/kernel'
import { type Context, UsageError } from './command.ts'
import { shown } from './terminal.ts'

const linkType = 'inode/symlink'
/** A content that is to come: what is known of it, and how it is asked for, with the file that it is to go to or without. */
export type Coming = Pick<EntryFacts, 'name' | 'bytes'> & { open(into?: DiskFile): Promise<Content> }

/** To a file, into a folder, or to standard output for `-`: then without a path. */
export async function saveContent(
  { name, bytes, open }: Coming,
  out: string | undefined,
  replacing: { isReplacing: boolean },
): Promise<{ content: Content; path?: string }> {
  if (out === '-') {
    const content = await open()
    await toStandardOutput(content.stream)
    return { content }
  }
  const path = await placeOf(name, out)
  if (bytes >= byPlaceBytesMin) return { content: await saveLarge(open, path, replacing), path }
  const content = await open()
  if (content.type === linkType) await writeLink(path, await textOfStream(content.stream), replacing)
  else await writeFileWhole(path, content.entry, content.stream, replacing)
  return { content, path }
}

/** Where something of this name goes: what was said, or where a folder is there, into it. */
export async function placeOf(name: string, out: string | undefined): Promise<string> {
  const target = resolve(out ?? name)
  return (await isFolder(target)) ? resolve(target, name) : target
}

function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  )
}

/**
 * What saving there would say, as far as it can be known before what comes is: that something is in the way, or that nothing may be
 * written. Folders on the way that are missing will be made.
 */
export async function checkTarget(
  out: string | undefined,
  replacing: { isReplacing: boolean },
): Promise<void> {
  if (out === '-') return
  let folder = resolve(out ?? '.')
  if (!(await isFolder(folder))) {
    checkPlace(folder, replacing)
    do folder = dirname(folder)
    while (!existsSync(folder))
  }
  await checkWritable(folder)
}

export async function checkWritable(folder: string): Promise<void> {
  await access(folder, constants.W_OK).catch((error: unknown) => {
    throw diskFault(error, folder)
  })
}

/** A node that runs here writes the bytes itself, where it sees the same disk. */
async function saveLarge(
  open: Coming['open'],
  path: string,
  replacing: { isReplacing: boolean },
): Promise<Content> {
  let opened: Content | undefined
  await writeFileBy(
    path,
    async (into) => {
      opened = await open(into)
      return fillingOf(opened)
    },
    replacing,
  )
  return opened as Content
}

function fillingOf({ entry, bytes, isWritten, stream }: Content): Filling {
  return { ...entry, bytes, source: isWritten === true ? undefined : stream }
}

async function toStandardOutput(stream: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const bytes of stream) {
    if (!process.stdout.write(bytes))
      await new Promise<void>((resolve) => process.stdout.once('drain', resolve))
  }
}

export type SaveTreeOptions = {
  readonly out: string | undefined
  readonly isReplacing: boolean
  /** A file that was left out of the tree. */
  readonly openLeft?: (entry: EntryFacts, into: DiskFile) => Promise<Content>
}

async function leavesNone({ path }: EntryFacts): Promise<never> {
  throw new Fault('internal.tree', `${path} was left out of its folder, and nobody said how it is got.`)
}

/** A folder and all below it to the disk. What cannot be read of it is left out and named. */
export async function saveTree(
  context: Context,
  folder: EntryFacts,
  tree: AsyncIterable<TreeEntry>,
  { out, isReplacing, openLeft = leavesNone }: SaveTreeOptions,
): Promise<number> {
  if (out === '-') throw new UsageError('A folder cannot go to standard output: give a folder with -o.')
  const root = resolve(out ?? (folder.name === '' ? 'drive' : basename(folder.name)))
  await using output = createOutput({ root, isReplacing })
  await output.folder('')
  const skipped: PutReport['skipped'][number][] = []
  let files = 0
  let bytes = 0
  for await (const one of tree) {
    const { entry } = one
    const path = entry.path.slice(folder.path.length)
    if (!('content' in one)) {
      await output.folder(path, entry)
      continue
    }
    try {
      if (entry.type === linkType) await output.link(path, await textOfStream(one.content.stream))
      else if (one.content.isLeft === true)
        await output.fileBy(path, async (into) => fillingOf(await openLeft(entry, into)))
      else await output.file(path, entry, one.content.stream)
    } catch (error) {
      // What is wrong with one file is no reason to keep the others back.
      if (!hasCode(error, 'damaged') && !hasCode(error, 'refused.lock')) throw error
      skipped.push({ path: entry.path, code: error.code, sentence: error.message })
      continue
    }
    files += 1
    bytes += entry.bytes
    if (files % 64 === 0) context.terminal.status(`${files} files, ${formatBytes(bytes)}  ${shown(path)}`)
  }
  await output.finish()
  const lines = skipped.map(({ path, sentence }) => `left out: ${shown(path)}: ${shown(sentence)}`)
  lines.push(`${files} files, ${formatBytes(bytes)} → ${root}`)
  context.terminal.result({ saved: root, files, bytes, skipped }, lines.join('\n'))
  return skipped.length > 0 ? 1 : 0
}

async function textOfStream(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = []
  for await (const part of stream) parts.push(part)
  return Buffer.concat(parts).toString()
}
