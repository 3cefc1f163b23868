import { asFault, Fault } from '@anarq/fault'
import { homePath } from '@anarq/files/home'
import type { Command, Context } from './command.ts'
import { globalOptions, parseCommand, textOf, UsageError } from './command.ts'
import { connect } from './connect.ts'
import { createTerminal } from './terminal.ts'

export type RunOptions = { signal?: AbortSignal }

type Load = () => Promise<Command>

/** Commands load when called: a short command starts fast. */
const commands: Readonly<Record<string, { load: Load; group: string }>> = {
  init: { group: 'you', load: async () => (await import('./commands/account.ts')).init },
  id: { group: 'you', load: async () => (await import('./commands/identity.ts')).id },
  put: { group: 'drive', load: async () => (await import('./commands/drive.ts')).put },
  ls: { group: 'drive', load: async () => (await import('./commands/drive.ts')).ls },
  find: { group: 'drive', load: async () => (await import('./commands/drive.ts')).find },
  get: { group: 'drive', load: async () => (await import('./commands/drive.ts')).get },
  rm: { group: 'drive', load: async () => (await import('./commands/drive.ts')).rm },
  restore: { group: 'drive', load: async () => (await import('./commands/drive.ts')).restore },
  mkdir: { group: 'drive', load: async () => (await import('./commands/drive.ts')).mkdir },
  mv: { group: 'drive', load: async () => (await import('./commands/drive.ts')).mv },
  cp: { group: 'drive', load: async () => (await import('./commands/drive.ts')).cp },
  tag: { group: 'drive', load: async () => (await import('./commands/drive.ts')).tag },
  versions: { group: 'drive', load: async () => (await import('./commands/drive.ts')).versions },
  history: { group: 'drive', load: async () => (await import('./commands/drive.ts')).history },
  share: { group: 'sharing', load: async () => (await import('./commands/sharing.ts')).share },
  open: { group: 'sharing', load: async () => (await import('./commands/sharing.ts')).open },
  grants: { group: 'sharing', load: async () => (await import('./commands/sharing.ts')).grants },
  revoke: { group: 'sharing', load: async () => (await import('./commands/sharing.ts')).revoke },
  audit: { group: 'trust', load: async () => (await import('./commands/health.ts')).audit },
  verify: { group: 'trust', load: async () => (await import('./commands/health.ts')).verify },
  doctor: { group: 'trust', load: async () => (await import('./commands/health.ts')).doctor },
  backup: { group: 'trust', load: async () => (await import('./commands/health.ts')).backup },
  'restore-backup': {
    group: 'trust',
    load: async () => (await import('./commands/health.ts')).restoreBackup,
  },
  compact: { group: 'trust', load: async () => (await import('./commands/health.ts')).compact },
  app: { group: 'apps', load: async () => (await import('./commands/app.ts')).app },
  key: { group: 'node', load: async () => (await import('./commands/key.ts')).key },
  net: { group: 'node', load: async () => (await import('./commands/net.ts')).net },
  up: { group: 'node', load: async () => (await import('./commands/up.ts')).up },
}

/** Ctrl-C, a terminal that was closed, and who asks a process to end: it tidies up, and ends. */
const endings = ['SIGINT', 'SIGHUP', 'SIGTERM'] as const
/** A signal to all of a terminal may come twice, from whoever passes it on; after this a second one ends the process as it stands. */
const sameSignalMs = 1000

/** Exit code 0: done. 1: refused or failed. 2: wrong usage. */
export async function run(argv: readonly string[], { signal }: RunOptions = {}): Promise<number> {
  const isJson = argv.includes('--json')
  const terminal = createTerminal({ isJson })
  const stop = new AbortController()
  const letGo = (): void => {
    for (const ending of endings) process.off(ending, interrupt)
  }
  const interrupt = (): void => {
    stop.abort()
    setTimeout(letGo, sameSignalMs).unref()
  }
  for (const ending of endings) process.on(ending, interrupt)
  try {
    return await dispatch(
      argv,
      terminal,
      signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]),
    )
  } catch (error) {
    terminal.status('')
    return report(error, terminal)
  } finally {
    letGo()
  }
}

async function dispatch(
  argv: readonly string[],
  terminal: ReturnType<typeof createTerminal>,
  signal: AbortSignal,
): Promise<number> {
  const [name = 'help', ...rest] =
    argv[0]?.startsWith('-') === true && argv[0] !== '--help' && argv[0] !== '-h' && argv[0] !== '--version'
      ? moveFlags(argv)
      : argv
  if (name === 'help' || name === '--help' || name === '-h') {
    const [about = '-'] = rest
    if (about.startsWith('-')) terminal.result({ commands: Object.keys(commands) }, await help())
    else explain(await commandOf(about).load(), terminal)
    return 0
  }
  if (name === '--version') {
    const { version } = await import('@anarq/node')
    terminal.result({ version }, version)
    return 0
  }
  const command = await commandOf(name).load()
  let args: readonly string[]
  let values: ReturnType<typeof parseCommand>['values']
  try {
    ;({ args, values } = parseCommand(command, rest))
  } catch (error) {
    if (error instanceof UsageError) error.message += `\nUsage: anarq ${command.usage}`
    throw error
  }
  if (values.help === true) {
    explain(command, terminal)
    return 0
  }
  const connection = connect({
    home: homePath(textOf(values, 'home')),
    passphraseFile: textOf(values, 'passphrase-file'),
    terminal,
    isBulkComing: command.isBulk === true,
    signal,
  })
  const context: Context = {
    terminal,
    home: homePath(textOf(values, 'home')),
    passphraseFile: textOf(values, 'passphrase-file'),
    signal,
    operations: connection.operations,
    bare: connection.bare,
    sdk: connection.sdk,
    isBesideNode: connection.isBesideNode,
  }
  try {
    return (await command.run(context, args, values)) ?? 0
  } finally {
    await connection.close()
  }
}

function commandOf(name: string): { load: Load; group: string } {
  const known = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (known === undefined) throw new UsageError(`"${name}" is not a command. See: anarq help`)
  return known
}

/** Global flags may stand before the command. */
function moveFlags(argv: readonly string[]): string[] {
  const takesValue = Object.entries(globalOptions)
    .filter(([, spec]) => spec.type === 'string')
    .map(([name]) => `--${name}`)
  let at = 0
  while (at < argv.length && argv[at]?.startsWith('-') === true)
    at += takesValue.includes(argv[at] as string) ? 2 : 1
  return [...argv.slice(at), ...argv.slice(0, at)]
}

function report(error: unknown, terminal: ReturnType<typeof createTerminal>): number {
  if (error instanceof UsageError) {
    if (terminal.isJson) terminal.result({ error: { code: 'invalid.usage', sentence: error.message } }, '')
    else terminal.note(error.message)
    return 2
  }
  const fault = asFault(error)
  if (terminal.isJson) terminal.result({ error: { code: fault.code, sentence: fault.message } }, '')
  else terminal.note(fault.message)
  if (process.env.ANARQ_DEBUG !== undefined && !(error instanceof Fault && fault.cause === undefined))
    console.error(error)
  return 1
}

function explain({ usage, summary, details }: Command, terminal: ReturnType<typeof createTerminal>): void {
  const more = details === undefined ? '' : `\n\n${details}`
  terminal.result({ usage }, `anarq ${usage}\n${summary}${more}`)
}

async function help(): Promise<string> {
  const lines = ['AnarQ: your identity and your encrypted drive, on your own machine.', '']
  let group = ''
  for (const { load, group: of } of Object.values(commands)) {
    if (of !== group) lines.push(`${of}:`)
    group = of
    const { usage, summary } = await load()
    lines.push(`  anarq ${usage}`, `      ${summary}`)
  }
  lines.push(
    '',
    'More about one of them: anarq help NAME. Each takes --json, --home DIR and --passphrase-file F (its first line; "-" is standard input).',
  )
  return lines.join('\n')
}
