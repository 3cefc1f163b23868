import { readFile } from 'node:fs/promises'
import { formatBytes } from '@anarq/bytes'
import { diskFault, readTree, writeFileWhole } from '@anarq/files'
import type { GrantFacts } from '@anarq/kernel'
import { type Command, numberOf, textOf, timeOf, UsageError } from '../command.ts'
import { shown, table, when } from '../terminal.ts'
import { describePut, given, lockOf, saveContent } from './drive.ts'

const rightsKnown = ['read', 'write', 'share'] as const

export const share: Command = {
  usage:
    'share NAME|ID --with DID [--rights read,write] [--until TIME] [--uses N] [--purpose P] [-o FILE.ping]',
  summary: 'Let somebody read (or write) it. The ping file made here is what you send them.',
  options: {
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
    const { sharing } = await operations()
    const terms = given({
      untilMs: timeOf(values, 'until', Date.now()),
      uses: numberOf(values, 'uses', { min: 1 }),
      purpose: textOf(values, 'purpose'),
    })
    const { grant, ping } = await sharing.share(args[0] as string, { with: whom, rights, ...terms })
    const path = textOf(values, 'output') ?? `${grant.name || grant.object}.ping`
    await writeFileWhole(path, {}, once(ping))
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
  usage: 'open FILE.ping [-o OUT] [--purpose P] [--put FILE] [--force]',
  summary: 'Read what somebody shared with you; --put saves a new version where you may write.',
  options: {
    output: { type: 'string', short: 'o' },
    purpose: { type: 'string' },
    put: { type: 'string' },
    force: { type: 'boolean' },
    'second-lock': { type: 'boolean' },
    'lock-file': { type: 'string' },
  },
  min: 1,
  async run(context, args, values) {
    const path = args[0] as string
    const ping = await readFile(path).catch((error: unknown) => {
      throw diskFault(error, path)
    })
    const { sharing } = await context.operations()
    const terms = given({ purpose: textOf(values, 'purpose') })
    const file = textOf(values, 'put')
    if (file !== undefined) {
      const report = await sharing.write(ping, readTree([file]), { ...terms, signal: context.signal })
      context.terminal.result(report, describePut(report, 0))
      return 0
    }
    const lock = await lockOf(context, values, {})
    const content = await sharing.open(ping, { ...terms, ...given({ lock }), signal: context.signal })
    const saved = await saveContent(content, textOf(values, 'output'), { isReplacing: values.force === true })
    if (saved !== undefined)
      context.terminal.result(
        { ...content.entry, saved },
        `${shown(content.entry.name)} → ${saved} (${formatBytes(content.bytes)})`,
      )
    return 0
  },
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
  return table([
    [grant.state, shown(grant.name), arrow, grant.with, grant.rights.join('+'), limits.join(', '), grant.id],
  ])
}

export const revoke: Command = {
  usage: 'revoke GRANT',
  summary: 'Take back what you allowed. What was read already cannot be unread.',
  min: 1,
  async run({ operations, terminal }, args) {
    const grant = await (await operations()).sharing.revoke(args[0] as string)
    terminal.result(
      grant,
      `${shown(grant.with)} can no longer open ${shown(grant.name)}. What was read already cannot be unread.`,
    )
    return 0
  },
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes
}
