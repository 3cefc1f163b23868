import { createReadStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { formatBytes, once } from '@anarq/bytes'
import { checkPlace, diskFault, readTree, writeFileWhole } from '@anarq/files'
import type { EntryFacts, GrantFacts, Operations, ResealReport, TreeEntry } from '@anarq/kernel'
import { type Command, type Context, numberOf, textOf, timeOf, UsageError } from '../command.ts'
import { checkTarget, checkWritable, placeOf, saveContent, saveTree } from '../saving.ts'
import { shown, table, when } from '../terminal.ts'
import { describePut, given, lockOf } from './drive.ts'

const rightsKnown = ['read', 'write', 'share'] as const

export const share: Command = {
  usage:
    'share NAME|ID --with DID [--rights read,write] [--until TIME] [--uses N] [--purpose P] [-o FILE.ping] [--force]',
  summary:
    'Let somebody read (or write) a file, or a folder with whatever lies in it. Send them the ping file made here.',
  details: [
    'A folder is one grant: it gives what lies in it and below at the moment of each opening, also what comes later, and',
    'nothing that was moved out or is in the trash. --uses counts openings: opening all of it or one thing of it is one,',
    'however much is in it, and listing it is none. With --rights write, files can be put into it.',
  ].join('\n'),
  options: {
    force: { type: 'boolean' },
    with: { type: 'string' },
    rights: { type: 'string' },
    until: { type: 'string' },
    uses: { type: 'string' },
    purpose: { type: 'string' },
    output: { type: 'string', short: 'o' },
  },
  min: 1,
  async run({ operations, terminal }, args, values) {
    const whom = textOf(values, 'with')
    if (whom === undefined)
      throw new UsageError('Say with whom: --with DID (or the name of an identity here).')
    const rights = (textOf(values, 'rights') ?? 'read').split(',').map(rightOf)
    const untilMs = timeOf(values, 'until', Date.now())
    if (untilMs !== undefined && untilMs <= Date.now())
      throw new UsageError('--until is over already. Give a time to come.')
    const terms = given({
      untilMs,
      uses: numberOf(values, 'uses', { min: 1 }),
      purpose: textOf(values, 'purpose'),
    })
    const isReplacing = values.force === true
    const { drive, sharing } = await operations()
    const { id, name } = await drive.entry(args[0] as string)
    const path = await placeOf(`${name}.ping`, textOf(values, 'output'))
    // Before there is a grant that nobody holds.
    await checkWritable(dirname(path))
    checkPlace(path, { isReplacing })
    const { grant, ping } = await sharing.share(id, { with: whom, rights, ...terms })
    await writeFileWhole(path, {}, once(ping), { isReplacing })
    terminal.result(
      { ...grant, ping: path },
      `${describeGrant(grant)}\nSend this file (${ping.length} bytes; it shows nothing of the content): ${path}`,
    )
    return 0
  },
}

function rightOf(text: string): (typeof rightsKnown)[number] {
  const right = rightsKnown.find((one) => one === text.trim())
  if (right === undefined) throw new UsageError(`--rights takes ${rightsKnown.join(', ')}, not "${text}".`)
  return right
}

export const open: Command = {
  usage: 'open FILE.ping [-o OUT] [--list] [--only PATH] [--purpose P] [--put PATH] [--force]',
  summary:
    'Read what somebody shared with you: a file, a folder, or one thing of it. --put saves to it where you may write.',
  details: [
    '--list shows what a shared folder holds; --only PATH takes one file or folder of it, by its path below that folder.',
    "--put makes a new version of a shared file, or puts files and folders into a shared folder, under its owner's keys.",
  ].join('\n'),
  options: {
    output: { type: 'string', short: 'o' },
    list: { type: 'boolean' },
    only: { type: 'string' },
    purpose: { type: 'string' },
    put: { type: 'string' },
    force: { type: 'boolean' },
    'second-lock': { type: 'boolean' },
    'lock-file': { type: 'string' },
  },
  min: 1,
  async run(context, args, values) {
    const path = args[0] as string
    const ping = await readPing(path)
    const { sharing } = await context.operations()
    const { signal, terminal } = context
    const purpose = given({ purpose: textOf(values, 'purpose') })
    const only = given({ only: textOf(values, 'only') })
    const put = textOf(values, 'put')
    if (put !== undefined) {
      const report = await sharing.write(ping, readTree([put]), { ...purpose, signal })
      terminal.result(report, describePut(report, 0))
      return report.skipped.length > 0 ? 1 : 0
    }
    if (values.list === true) return list(context, sharing.walk(ping, { ...purpose, ...only, signal }))
    const lock = given({ lock: await lockOf(context, values, {}) })
    // Before it costs one of the openings that were allowed.
    await checkTarget(textOf(values, 'output'), { isReplacing: values.force === true })
    return save(context, sharing.readTree(ping, { ...purpose, ...only, ...lock, signal }), values)
  },
}

/** Another file is told before all of it is read, and sent to a node that takes no more than a ping file. */
async function readPing(path: string): Promise<Uint8Array> {
  const { parsePing, pingBytesMax } = await import('@anarq/qnt')
  const parts = await Array.fromAsync(createReadStream(path, { end: pingBytesMax })).catch(
    (error: unknown) => {
      throw diskFault(error, path)
    },
  )
  const ping = Buffer.concat(parts)
  parsePing(ping)
  return ping
}

async function list({ terminal }: Context, entries: AsyncIterable<EntryFacts>): Promise<number> {
  const all: EntryFacts[] = []
  for await (const entry of entries) all.push(entry)
  const rows = all.map(({ kind, bytes, modifiedMs, path }) => [
    kind === 'folder' ? '-' : formatBytes(bytes),
    when(modifiedMs),
    `${shown(path)}${kind === 'folder' ? '/' : ''}`,
  ])
  terminal.result(all, table(rows))
  return 0
}

/** The first entry says what it is. */
async function save(
  context: Context,
  tree: AsyncIterable<TreeEntry>,
  values: Parameters<Command['run']>[2],
): Promise<number> {
  const options = { out: textOf(values, 'output'), isReplacing: values.force === true }
  const entries = tree[Symbol.asyncIterator]()
  try {
    const { value: first, done } = await entries.next()
    if (done === true) return 1
    if (!('content' in first))
      return await saveTree(context, first.entry, { [Symbol.asyncIterator]: () => entries }, options)
    const { content } = first
    if (options.out !== undefined && options.out !== '-')
      await mkdir(dirname(resolve(options.out)), { recursive: true })
    const { path: saved } = await saveContent(
      { ...first.entry, open: async () => content },
      options.out,
      options,
    )
    if (saved !== undefined)
      context.terminal.result(
        { ...first.entry, saved },
        `${shown(first.entry.name)} → ${saved} (${formatBytes(first.entry.bytes)})`,
      )
    return 0
  } finally {
    await entries.return?.()
  }
}

export const grants: Command = {
  usage: 'grants [--in|--out]',
  summary: 'What you allowed others, and what was allowed to you.',
  options: { in: { type: 'boolean' }, out: { type: 'boolean' } },
  async run({ operations, terminal }, _args, values) {
    const direction = values.in === values.out ? undefined : values.in === true ? 'in' : 'out'
    const all = await (await operations()).sharing.grants(direction)
    terminal.result(all, all.length === 0 ? 'Nothing is shared.' : all.map(describeGrant).join('\n'))
    return 0
  },
}

function describeGrant(grant: GrantFacts): string {
  const limits = [
    grant.untilMs === undefined ? '' : `until ${when(grant.untilMs)}`,
    grant.usesMax === undefined ? '' : `${grant.uses} of ${grant.usesMax} uses`,
    grant.purpose === undefined ? '' : `for ${shown(grant.purpose)}`,
  ].filter((text) => text !== '')
  const arrow = grant.direction === 'out' ? '→' : '←'
  const name = `${shown(grant.name)}${grant.kind === 'folder' ? '/' : ''}`
  return table([[grant.state, name, arrow, grant.with, grant.rights.join('+'), limits.join(', '), grant.id]])
}

export const revoke: Command = {
  usage: 'revoke GRANT [--hard]',
  summary:
    'Take back what you allowed. --hard also seals it anew, so that keys kept from before open nothing of it here.',
  details: [
    'Without --hard, nothing can be opened with the grant any more. --hard is for readers who may have kept the keys of',
    'what they opened: all versions are sealed under new keys, and the old blocks are taken out of the store. Your names,',
    'tags, times and versions stay. What was read or copied already, and what lies in backups, nobody can take back.',
  ].join('\n'),
  options: { hard: { type: 'boolean' } },
  min: 1,
  async run(context, args, values) {
    const { sharing } = await context.operations()
    const id = args[0] as string
    if (values.hard === true) return revokeHard(context, sharing, id)
    const grant = await sharing.revoke(id)
    context.terminal.result(
      grant,
      `${shown(grant.with)} can no longer open ${shown(grant.name)}. What was read already cannot be unread.`,
    )
    return 0
  },
}

const stageWords = {
  waiting: 'waiting for puts to end',
  sealing: 'sealing anew',
  burying: 'tidying up',
} as const

async function revokeHard(
  { terminal, signal }: Context,
  sharing: Operations['sharing'],
  id: string,
): Promise<number> {
  const report = await sharing.revokeHard(id, {
    signal,
    onProgress: ({ stage, files, bytes, path }) =>
      terminal.status(`${stageWords[stage]}: ${files} files, ${formatBytes(bytes)}  ${shown(path)}`),
  })
  terminal.result(report, describeReseal(report))
  return report.skipped.length > 0 ? 1 : 0
}

function describeReseal({ grant, files, versions, bytes, keptBlocks, skipped }: ResealReport): string {
  const lines = skipped.map(
    ({ path, sentence }) => `as it was: ${path === '' ? 'the old blocks' : shown(path)}: ${shown(sentence)}`,
  )
  lines.push(`${shown(grant.with)} can no longer open ${shown(grant.name)}.`)
  lines.push(
    files === 0
      ? 'There was nothing to seal anew.'
      : `${files} ${files === 1 ? 'file' : 'files'} (${versions} versions, ${formatBytes(bytes)}) sealed anew: keys kept from before open nothing of them here.`,
  )
  if (keptBlocks > 0) lines.push(`${keptBlocks} old blocks stay, because other files of yours stand on them.`)
  lines.push('What was read or copied already stays with who has it, and so do copies in backups.')
  return lines.join('\n')
}
