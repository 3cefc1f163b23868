import type { ParseArgsConfig } from 'node:util'
import { parseArgs } from 'node:util'
import type { Operations } from '@anarq/kernel'
import type { NetSettings } from '@anarq/node'
import type { Sdk } from '@anarq/sdk'
import type { Terminal } from './terminal.ts'

export type OptionSpec = NonNullable<ParseArgsConfig['options']>
export type Values = Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>

/** What a command works with. `operations` opens the home, or reaches the running node, when it is first asked for. */
export type Context = {
  readonly terminal: Terminal
  readonly home: string
  readonly passphraseFile: string | undefined
  readonly signal: AbortSignal
  /** With an open identity: asks for the passphrase where needed. */
  operations(): Promise<Operations>
  /**
   * As it is: empty, locked or open; made where there is none, which `operations` never does. A home that is opened here is among other
   * nodes as said; a running node as it was started.
   */
  bare(net?: NetSettings): Promise<Operations>
  /** The SDK as the person, for what lies above the kernel. */
  sdk(): Promise<Sdk>
  /** Whether a node runs here, and does what is asked. */
  isBesideNode(): Promise<boolean>
}

export type Command = {
  /** Without the program's name: `get NAME|ID [-o OUT]`. */
  readonly usage: string
  readonly summary: string
  /** For `anarq help NAME`: what there is more to say. */
  readonly details?: string
  readonly options?: OptionSpec
  /** How many plain arguments it takes. */
  readonly min?: number
  readonly max?: number
  /** It keeps or gives back files: see `openNode`. */
  readonly isBulk?: boolean
  run(context: Context, args: readonly string[], values: Values): Promise<number | undefined>
}

export const globalOptions: {
  json: { type: 'boolean' }
  home: { type: 'string' }
  'passphrase-file': { type: 'string' }
  help: { type: 'boolean'; short: 'h' }
} = {
  json: { type: 'boolean' },
  home: { type: 'string' },
  'passphrase-file': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
}

/** A misuse of the command line: exit code 2. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError'
}

export type Parsed = { readonly args: readonly string[]; readonly values: Values }

export function parseCommand(command: Command, argv: readonly string[]): Parsed {
  let parsed: { values: Values; positionals: string[] }
  try {
    parsed = parseArgs({
      args: [...argv],
      options: { ...command.options, ...globalOptions },
      allowPositionals: true,
      strict: true,
    }) as typeof parsed
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
  const { min = 0, max = min } = command
  const count = parsed.positionals.length
  if (parsed.values.help !== true && (count < min || count > max)) {
    throw new UsageError(count < min ? 'Something is missing.' : `Too much: "${parsed.positionals[max]}".`)
  }
  checkGiven(parsed.positionals, parsed.values)
  return { args: parsed.positionals, values: parsed.values }
}

const pathOptions = ['home', 'passphrase-file', 'output', 'lock-file'] as const

/** An empty text is a variable that was not set, and as a path it would be the folder that one stands in. */
function checkGiven(args: readonly string[], values: Values): void {
  const empty = pathOptions.find((name) => values[name] === '')
  if (empty !== undefined) throw new UsageError(`--${empty} is empty. Say what it is, or leave it out.`)
  if (args.includes('')) throw new UsageError('An argument is empty. Is a variable not set?')
}

export function textOf(values: Values, name: string): string | undefined {
  const value = values[name]
  return typeof value === 'string' ? value : undefined
}

export function textsOf(values: Values, name: string): string[] {
  const value = values[name]
  return Array.isArray(value) ? value.map(String) : []
}

export function numberOf(
  values: Values,
  name: string,
  { min = 0, max = Number.MAX_SAFE_INTEGER }: { min?: number; max?: number } = {},
): number | undefined {
  const text = textOf(values, name)
  if (text === undefined) return undefined
  const number = Number(text)
  if (!/^\d+$/.test(text) || number < min || number > max)
    throw new UsageError(`--${name} takes a whole number from ${min} to ${max}, not "${text}".`)
  return number
}

const unitsMs = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const

/** A time: an ISO date, or a span such as `30m`, `12h`, `7d`, `2w`: from now on, or with `isPast` until now. */
export function timeOf(
  values: Values,
  name: string,
  nowMs: number,
  { isPast = false }: { isPast?: boolean } = {},
): number | undefined {
  const text = textOf(values, name)
  if (text === undefined) return undefined
  const span = /^(\d{1,6})([smhdw])$/.exec(text)
  if (span !== null) {
    const spanMs = Number(span[1]) * unitsMs[span[2] as keyof typeof unitsMs]
    return isPast ? nowMs - spanMs : nowMs + spanMs
  }
  const isDate = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/.test(text)
  const ms = isDate ? Date.parse(text.replace(' ', 'T')) : Number.NaN
  if (Number.isNaN(ms))
    throw new UsageError(`--${name} takes a date (2027-01-31) or a span (30m, 12h, 7d), not "${text}".`)
  return ms
}
