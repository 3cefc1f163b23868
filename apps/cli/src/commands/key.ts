import type { ToolKeyFacts } from '@anarq/kernel'
import { type Command, type Context, textOf, timeOf, UsageError, type Values } from '../command.ts'
import { shown, table, when } from '../terminal.ts'

type KeyVerb = (context: Context, args: readonly string[], values: Values) => Promise<number>

const verbs: Readonly<Record<string, KeyVerb>> = {
  async new({ operations, terminal }, args, values) {
    const name = args[1]
    if (name === undefined)
      throw new UsageError('Say what the key is called: anarq key new NAME --door webdav')
    const { tools } = await operations()
    const untilMs = timeOf(values, 'until', Date.now())
    const { key, secret } = await tools.create({
      name,
      door: oneOf(values, 'door', ['webdav', 'mcp']),
      rights: oneOf(values, 'rights', ['read', 'write'], 'read'),
      folder: textOf(values, 'folder'),
      ...(untilMs === undefined ? {} : { untilMs }),
    })
    terminal.result({ key, secret }, `${describe(key)}\n${howTo(key, secret)}`)
    return 0
  },
  async list({ operations, terminal }) {
    const keys = await (await operations()).tools.list()
    const rows = keys.map((key) => [
      key.id,
      shown(key.name),
      key.door,
      key.rights,
      shown(key.folder ?? '(its folder is gone)'),
      key.state,
      key.untilMs === undefined ? '' : `until ${when(key.untilMs)}`,
      key.lastUsedMs === undefined ? 'never used' : `used ${when(key.lastUsedMs)}`,
    ])
    terminal.result(keys, keys.length === 0 ? 'There is no key for a tool.' : table(rows))
    return 0
  },
  async revoke({ operations, terminal }, args) {
    const id = args[1]
    if (id === undefined) throw new UsageError('Say which key: anarq key revoke ID (see: anarq key list)')
    const key = await (await operations()).tools.revoke(id)
    terminal.result(key, `The key ${shown(key.name)} opens nothing any more.`)
    return 0
  },
}

export const key: Command = {
  usage: 'key new NAME --door webdav|mcp [--folder /x] [--rights read|write] [--until T] | list | revoke ID',
  summary:
    'Keys by which your own tools (a file manager, rclone, an assistant) reach the drive of the running node.',
  details: [
    'key new NAME --door webdav    makes one, and shows its secret once; it is the password of the tool, with any user name',
    '    --folder /x               for that folder alone: what lies outside does not exist for the tool; else the whole drive',
    '    --rights read|write       read, unless you say write',
    '    --until T                 a date, or a span such as 30d',
    'key list                      all of them, when each was last used, and those taken back',
    'key revoke ID                 takes one back, at once and for good',
    '',
    'The WebDAV door is at /dav of the node (anarq up). Over the network it wants TLS before it: see adapters/webdav.',
  ].join('\n'),
  options: {
    door: { type: 'string' },
    folder: { type: 'string' },
    rights: { type: 'string' },
    until: { type: 'string' },
  },
  min: 1,
  max: 2,
  async run(context, args, values) {
    const verb = verbs[args[0] ?? '']
    if (verb === undefined)
      throw new UsageError(`"key ${args[0]}" is unknown: use ${Object.keys(verbs).join(', ')}.`)
    return verb(context, args, values)
  },
}

function oneOf<T extends string>(values: Values, name: string, known: readonly T[], absent?: T): T {
  const text = textOf(values, name) ?? absent
  const found = known.find((one) => one === text)
  if (found === undefined) throw new UsageError(`--${name} is one of ${known.join(', ')}.`)
  return found
}

function describe({ name, door, rights, folder, untilMs }: ToolKeyFacts): string {
  const where = folder === undefined || folder === '/' ? 'the whole drive' : shown(folder)
  const until = untilMs === undefined ? '' : `, until ${when(untilMs)}`
  return `The key ${shown(name)} lets a tool ${rights === 'read' ? 'read' : 'read and change'} ${where} by ${door}${until}.`
}

function howTo({ door }: ToolKeyFacts, secret: string): string {
  const next =
    door === 'webdav'
      ? 'Address: http://127.0.0.1:4600/dav/   user name: anything   password: this key'
      : 'Give it to the tool as its token.'
  return `\n  ${secret}\n\nIt is shown once, here: put it into the tool now.\n${next}`
}
