import { formatBytes, once } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { writeFileWhole } from '@anarq/files'
import {
  isSigned,
  type Manifest,
  type Package,
  type PackEntry,
  packFiles,
  readPackage,
  withManifest,
} from '@anarq/wxa'
import { deflate, openZipBytes, openZipFile, writeZip } from '@anarq/zip'
import { type Context, textOf, type Values } from '../command.ts'
import { shown } from '../terminal.ts'
import { readAppFolder } from './app-folder.ts'
import { describePackage, factsOf } from './app-text.ts'
import { requireFree } from './id-text.ts'

export async function packApp(context: Context, args: readonly string[], values: Values): Promise<number> {
  const { draft, files, leftOut } = await readAppFolder(args[1] as string)
  const packed = packFiles(files, draft, { deflate })
  const path = textOf(values, 'output') ?? `${draft.id}-${draft.version}.wxa`
  const isReplacing = values.force === true
  if (!isReplacing) requireFree(path)
  const isUnsigned = values.unsigned === true
  const entries = isUnsigned
    ? packed.entries
    : withManifest(packed.entries, await (await context.operations()).identities.signApp(packed.manifest))
  return save(context, entries, { path, isReplacing, leftOut })
}

export async function signPackage(
  context: Context,
  args: readonly string[],
  values: Values,
): Promise<number> {
  const from = args[1] as string
  const out = textOf(values, 'output')
  const isReplacing = out === undefined || values.force === true
  if (!isReplacing) requireFree(out)
  const { manifest, files } = await readWhole(from, context.signal)
  if (isSigned(manifest))
    throw new Fault(
      'conflict.signed',
      `${shown(from)} is signed already, by ${shown(manifest.publisher.name)} (${manifest.publisher.did}). To publish it as yourself, pack it from its folder.`,
    )
  const { identities } = await context.operations()
  const entries = withManifest(files, await identities.signApp(manifest))
  return save(context, entries, { path: out ?? from, isReplacing, leftOut: [] })
}

/** The file is closed before another takes its place. */
async function readWhole(
  path: string,
  signal: AbortSignal,
): Promise<{ manifest: Manifest; files: readonly PackEntry[] }> {
  const archive = await openZipFile(path)
  try {
    const found = await readPackage(archive, { nowMs: Date.now(), allowsUnsigned: true, signal })
    return { manifest: found.manifest, files: await found.entries() }
  } finally {
    await archive.close()
  }
}

type Target = { path: string; isReplacing: boolean; leftOut: readonly string[] }

/** What was made is read as a stranger's before it is kept: nothing is given out that nobody could install. */
async function save(
  { terminal }: Context,
  entries: readonly PackEntry[],
  { path, isReplacing, leftOut }: Target,
): Promise<number> {
  const bytes = writeZip(entries)
  const made = await readBack(bytes)
  await writeFileWhole(path, {}, once(bytes), { isReplacing })
  const facts = factsOf(made)
  terminal.result(
    { saved: path, ...facts, leftOut },
    [
      `${shown(path)} (${formatBytes(bytes.length)})`,
      '',
      describePackage(facts),
      ...(leftOut.length === 0 ? [] : ['', `Left out: ${leftOut.map(shown).join(', ')}`]),
      ...(facts.isSigned ? [] : ['', `To publish it, sign it: anarq app sign ${shown(path)}`]),
    ].join('\n'),
  )
  return 0
}

function readBack(bytes: Uint8Array): Promise<Package> {
  return readPackage(openZipBytes(bytes), { nowMs: Date.now(), allowsUnsigned: true })
}
