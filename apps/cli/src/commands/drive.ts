import { basename, resolve } from 'node:path'
import { formatBytes } from '@anarq/bytes'
import { readTree } from '@anarq/files'
import { byPlaceBytesMin, type DiskFile } from '@anarq/flows'
import type { Content, EntryFacts, Operations, PutReport } from '@anarq/kernel'
import { type Command, type Context, numberOf, textOf, textsOf, timeOf, UsageError } from '../command.ts'
import { saveContent, saveTree } from '../saving.ts'
import { readSecretFile, shown, table, when } from '../terminal.ts'

export const put: Command = {
  usage: 'put PATH... [--to /folder] [--tag T] [--second-lock] [--thorough] [--decoy]',
  summary:
    'Keep files and whole folders, encrypted. Run it again to go on where it stopped; with --thorough files of known size and time are read too, which mends what verify found damaged.',
  details: [
    '--second-lock asks for a passphrase of its own. Files that are there already get the lock too; their versions from before',
    'stay without it. What has such a lock keeps it: a put without its passphrase leaves it out.',
  ].join('\n'),
  options: {
    to: { type: 'string' },
    tag: { type: 'string', multiple: true },
    'second-lock': { type: 'boolean' },
    'lock-file': { type: 'string' },
    thorough: { type: 'boolean' },
    decoy: { type: 'boolean' },
  },
  min: 1,
  max: 100_000,
  isBulk: true,
  async run(context, args, values) {
    checkApart(args)
    const { drive } = await context.operations()
    const started = performance.now()
    const report = await drive.put(readTree(args, { signal: context.signal }), {
      to: textOf(values, 'to'),
      tags: textsOf(values, 'tag'),
      lock: await lockOf(context, values, { isNew: true }),
      isThorough: values.thorough === true,
      isDecoy: values.decoy === true,
      signal: context.signal,
      onProgress: ({ files, bytes, path }) =>
        context.terminal.status(`${files} files, ${formatBytes(bytes)}  ${shown(path)}`),
    })
    context.terminal.result(report, describePut(report, (performance.now() - started) / 1000))
    // A home of AnarQ is left out on purpose: who keeps all of their own folder is told, and nothing failed.
    return report.skipped.every(({ code }) => code === 'refused.home') ? 0 : 1
  },
}

/** All of them go into one folder, where each needs a name of its own. */
function checkApart(paths: readonly string[]): void {
  const taken = new Map<string, string>()
  for (const path of paths) {
    const name = basename(resolve(path)).normalize('NFC')
    const before = taken.get(name)
    if (before !== undefined)
      throw new UsageError(
        `${shown(before)} and ${shown(path)} would both be "${shown(name)}". Put them into different folders, one after the other with --to.`,
      )
    taken.set(name, path)
  }
}

export function describePut(report: PutReport, seconds: number): string {
  const lines = report.skipped.slice(0, 20).map(({ sentence }) => `left out: ${shown(sentence)}`)
  if (report.skipped.length > lines.length)
    lines.push(`… and ${report.skipped.length - lines.length} more (all of them with --json)`)
  // A small file takes more than its own bytes, which is no saving.
  const percent = Math.round((1 - report.newBytes / Math.max(1, report.bytes)) * 100)
  const saved = percent > 0 ? ` (${percent} % saved)` : ''
  lines.push(
    `${report.files} ${report.files === 1 ? 'file' : 'files'} kept, ${report.unchanged} unchanged; ${formatBytes(report.bytes)} read, ${formatBytes(report.newBytes)} new${saved}; ${seconds.toFixed(1)} s`,
  )
  for (const entry of report.entries.slice(0, 10)) lines.push(`  ${shown(entry.path)}  ${entry.id}`)
  return lines.join('\n')
}

export const ls: Command = {
  usage: 'ls [FOLDER]',
  summary: 'List a folder.',
  options: { limit: { type: 'string' }, offset: { type: 'string' } },
  max: 1,
  async run({ operations, terminal }, args, values) {
    const { drive } = await operations()
    const page = {
      limit: numberOf(values, 'limit', { max: 1_000_000 }) ?? 100_000,
      offset: numberOf(values, 'offset') ?? 0,
    }
    const entries = await drive.list(args[0] ?? '/', page)
    terminal.result(entries, table(entries.map(row)))
    return 0
  },
}

function row(entry: EntryFacts): string[] {
  const isFolder = entry.kind === 'folder'
  const tags = entry.tags.map((tag) => `#${shown(tag)}`).join(' ')
  return [
    isFolder ? '-' : formatBytes(entry.bytes),
    when(entry.modifiedMs),
    `${shown(entry.name)}${isFolder ? '/' : ''}`,
    [entry.isLocked === true ? '(second lock)' : '', tags].filter((text) => text !== '').join(' '),
  ]
}

export const find: Command = {
  usage: 'find [WORDS...] [--tag T] [--type image/*] [--owner DID] [--from DATE|7d] [--to DATE|7d] [--trash]',
  summary: 'Search by words, tag, type, owner and time; "7d" is seven days ago.',
  options: {
    tag: { type: 'string' },
    type: { type: 'string' },
    owner: { type: 'string' },
    from: { type: 'string' },
    to: { type: 'string' },
    trash: { type: 'boolean' },
    limit: { type: 'string' },
  },
  max: 100,
  async run({ operations, terminal }, args, values) {
    const { drive } = await operations()
    const now = Date.now()
    const entries = await drive.find(
      given({
        text: args.length > 0 ? args.join(' ') : undefined,
        tag: textOf(values, 'tag'),
        type: textOf(values, 'type'),
        owner: textOf(values, 'owner'),
        fromMs: timeOf(values, 'from', now, { isPast: true }),
        toMs: timeOf(values, 'to', now, { isPast: true }),
        isTrashed: values.trash === true ? true : undefined,
        limit: numberOf(values, 'limit', { min: 1, max: 10_000 }) ?? 100,
      }),
    )
    terminal.result(
      entries,
      entries.length === 0
        ? 'Nothing found.'
        : table(
            entries.map((entry) => [formatBytes(entry.bytes), when(entry.modifiedMs), shown(entry.path)]),
          ),
    )
    return entries.length === 0 ? 1 : 0
  },
}

export const get: Command = {
  usage: 'get NAME|ID [-o OUT] [--version N] [--second-lock] [--force]',
  summary: 'Give a file or a folder back. "-o -" writes to standard output.',
  details:
    'What comes is written beside its place, as .anarq-….part. A get that was killed leaves that behind; nobody needs it any more.',
  options: {
    output: { type: 'string', short: 'o' },
    version: { type: 'string' },
    force: { type: 'boolean' },
    'second-lock': { type: 'boolean' },
    'lock-file': { type: 'string' },
  },
  min: 1,
  isBulk: true,
  async run(context, args, values) {
    const operations = await context.operations()
    const ref = args[0] as string
    const entry = await operations.drive.entry(ref)
    const out = textOf(values, 'output')
    if (entry.kind === 'folder' && values.version !== undefined)
      throw new UsageError('--version is for a file: a folder has no versions of its own.')
    if (entry.kind === 'folder') return getFolder(context, operations, entry, out, values)
    const options = {
      version: numberOf(values, 'version', { min: 1 }),
      lock: await lockOf(context, values, {}),
      signal: context.signal,
    }
    const open = (into?: DiskFile): Promise<Content> => operations.drive.get(entry.id, { ...options, into })
    const replacing = { isReplacing: values.force === true }
    const { content, path } = await saveContent({ ...entry, open }, out, replacing)
    if (path !== undefined)
      context.terminal.result(
        { ...content.entry, saved: path },
        `${shown(content.entry.path)} → ${path} (${formatBytes(content.bytes)})`,
      )
    return 0
  },
}

async function getFolder(
  context: Context,
  { drive }: Operations,
  folder: EntryFacts,
  out: string | undefined,
  values: Parameters<Command['run']>[2],
): Promise<number> {
  const lock = await lockOf(context, values, {})
  const { signal } = context
  // A node that runs here writes large files itself, one by one; under a second lock each would stretch its passphrase.
  const isBesideNode = lock === undefined && (await context.isBesideNode())
  const leavesFrom = isBesideNode ? byPlaceBytesMin : undefined
  const tree = drive.readTree(folder.id === '' ? '/' : folder.id, { lock, leavesFrom, signal })
  const openLeft = ({ id }: EntryFacts, into: DiskFile): Promise<Content> => drive.get(id, { into, signal })
  return saveTree(context, folder, tree, { out, isReplacing: values.force === true, openLeft })
}

export const rm: Command = {
  usage: 'rm NAME|ID... [--forever]',
  summary: 'Put into the trash; --forever takes it away for good.',
  options: { forever: { type: 'boolean' } },
  min: 1,
  max: 10_000,
  async run({ operations, terminal }, args, values) {
    const { drive } = await operations()
    const isForever = values.forever === true
    const gone: EntryFacts[] = []
    for (const ref of args) gone.push(await drive.remove(ref, { isForever }))
    terminal.result(
      gone,
      gone
        .map((entry) => `${shown(entry.path)} ${isForever ? 'is gone for good' : 'is in the trash'}`)
        .join('\n'),
    )
    return 0
  },
}

export const restore: Command = {
  usage: 'restore NAME|ID [--version N]',
  summary: 'Take out of the trash, or make an older version the latest.',
  options: { version: { type: 'string' } },
  min: 1,
  async run({ operations, terminal }, args, values) {
    const version = numberOf(values, 'version', { min: 1 })
    const entry = await (await operations()).drive.restore(args[0] as string, given({ version }))
    terminal.result(entry, `${shown(entry.path)} is back.`)
    return 0
  },
}

export const mkdir: Command = {
  usage: 'mkdir FOLDER...',
  summary: 'Make a folder, and those above it that are missing.',
  min: 1,
  max: 10_000,
  async run({ operations, terminal }, args) {
    const { drive } = await operations()
    const made: EntryFacts[] = []
    for (const path of args) made.push(await drive.makeFolder(path))
    terminal.result(made, made.map(({ path }) => shown(path)).join('\n'))
    return 0
  },
}

export const mv: Command = {
  usage: 'mv NAME|ID [--to /folder] [--name NEW]',
  summary: 'Move or rename.',
  options: { to: { type: 'string' }, name: { type: 'string' } },
  min: 1,
  async run({ operations, terminal }, args, values) {
    const to = given({ folder: textOf(values, 'to'), name: textOf(values, 'name') })
    if (Object.keys(to).length === 0) throw new UsageError('Say where to: --to /folder, or --name NEW.')
    const entry = await (await operations()).drive.move(args[0] as string, to)
    terminal.result(entry, `Now ${shown(entry.path)}`)
    return 0
  },
}

export const cp: Command = {
  usage: 'cp NAME|ID [--to /folder] [--name NEW]',
  summary: 'Copy a file, or a folder with all below it; the copy needs no room of its own for content.',
  options: { to: { type: 'string' }, name: { type: 'string' } },
  min: 1,
  async run({ operations, terminal }, args, values) {
    const to = given({ folder: textOf(values, 'to'), name: textOf(values, 'name') })
    const entry = await (await operations()).drive.copy(args[0] as string, to)
    terminal.result(entry, `Copied to ${shown(entry.path)}`)
    return 0
  },
}

export const tag: Command = {
  usage: 'tag NAME|ID [--add T] [--remove T]',
  summary: 'Add and take away tags.',
  options: { add: { type: 'string', multiple: true }, remove: { type: 'string', multiple: true } },
  min: 1,
  async run({ operations, terminal }, args, values) {
    const entry = await (await operations()).drive.tag(args[0] as string, {
      add: textsOf(values, 'add'),
      remove: textsOf(values, 'remove'),
    })
    terminal.result(entry, `${shown(entry.path)}  ${entry.tags.map((one) => `#${shown(one)}`).join(' ')}`)
    return 0
  },
}

export const versions: Command = {
  usage: 'versions NAME|ID',
  summary: 'List the versions of a file.',
  min: 1,
  async run({ operations, terminal }, args) {
    const all = await (await operations()).drive.versions(args[0] as string)
    terminal.result(
      all,
      table(
        all.map((one) => [
          `${one.isLatest ? '*' : ' '}${one.version}`,
          when(one.savedMs),
          formatBytes(one.bytes),
          one.cid,
        ]),
      ),
    )
    return 0
  },
}

export const history: Command = {
  usage: 'history [--limit N]',
  summary: 'List the signed commits of the index, newest first.',
  options: { limit: { type: 'string' } },
  async run({ operations, terminal }, _args, values) {
    const all = await (await operations()).drive.history({
      limit: numberOf(values, 'limit', { min: 1, max: 100_000 }) ?? 50,
    })
    terminal.result(
      all,
      table(
        all.map((one) => [
          String(one.sequence),
          when(one.atMs),
          `${one.objects} objects signed`,
          `${one.records} records`,
          one.cid,
        ]),
      ),
    )
    return 0
  },
}

/** The second lock's passphrase, when it is asked for. */
export async function lockOf(
  { terminal }: Context,
  values: Parameters<Command['run']>[2],
  { isNew = false }: { isNew?: boolean },
): Promise<string | undefined> {
  const file = textOf(values, 'lock-file')
  if (file !== undefined) return readSecretFile(file)
  if (values['second-lock'] !== true) return undefined
  const ask = (question: string): Promise<string> => terminal.askSecret(question, '--lock-file')
  const first = await ask('Passphrase of the second lock: ')
  if (isNew && first !== (await ask('Type it once more: ')))
    throw new UsageError('The two passphrases differ. Nothing was kept.')
  return first
}

type Given<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> }

/** Only what was given: absent is not the same as undefined. */
export function given<T extends object>(values: T): Given<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Given<T>
}
