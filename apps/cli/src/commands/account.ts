import { readFile } from 'node:fs/promises'
import { fromUtf8 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { writeFileWhole } from '@anarq/files'
import type { IdentityFacts, NewIdentity } from '@anarq/kernel'
import { type Command, type Context, textOf, UsageError } from '../command.ts'
import { readSecretFile, shown, table, when } from '../terminal.ts'

/** A new passphrase: from the file, or typed twice. */
export async function newPassphrase({ terminal, passphraseFile }: Context): Promise<string> {
  if (passphraseFile !== undefined) return readSecretFile(passphraseFile)
  const first = await terminal.askSecret('Choose a passphrase (at least 8 characters): ')
  const second = await terminal.askSecret('Type it once more: ')
  if (first !== second)
    throw new Fault('invalid.passphrase', 'The two passphrases differ. Nothing was made; start again.')
  return first
}

export const init: Command = {
  usage: 'init [--name N]',
  summary: 'Make your identity; shows its 24 words once.',
  options: { name: { type: 'string' } },
  async run(context, _args, values) {
    const operations = await context.bare()
    const { state } = await operations.account.status()
    if (state !== 'empty') {
      throw new Fault(
        'conflict.identity',
        'There is an identity here already. Use another folder with --home, or add one with: anarq id new',
      )
    }
    const passphrase = await newPassphrase(context)
    const { did, words } = await operations.account.init({ name: textOf(values, 'name') ?? 'me', passphrase })
    const numbered = words.split(' ').map((word, i) => `${String(i + 1).padStart(2)} ${word.padEnd(10)}`)
    const lines = [0, 6, 12, 18].map((from) => `  ${numbered.slice(from, from + 6).join(' ')}`)
    context.terminal.result(
      { did, words },
      [
        'Your identity is made:',
        `  ${did}`,
        '',
        'These 24 words bring everything back. Write them on paper now; they are not shown again.',
        'Who has them is you; without them and without the passphrase nobody can help.',
        '',
        ...lines,
        '',
        'Next:  anarq put SOME-FILE      keep a file, encrypted',
        '       anarq up                 run the node',
      ].join('\n'),
    )
    return 0
  },
}

const idOptions = {
  kind: { type: 'string' },
  name: { type: 'string' },
  birth: { type: 'string' },
  device: { type: 'string' },
  'words-file': { type: 'string' },
  'guardian-share': { type: 'string' },
  output: { type: 'string', short: 'o' },
} as const

type IdVerb = (
  context: Context,
  args: readonly string[],
  values: Parameters<Command['run']>[2],
) => Promise<number | undefined>

const idVerbs: Readonly<Record<string, IdVerb>> = {
  async list({ operations, terminal }) {
    const all = await (await operations()).identities.list()
    terminal.result(
      all,
      table(all.map((one) => [one.isCurrent ? '*' : ' ', shown(one.name), one.kind, one.status, one.did])),
    )
    return 0
  },
  async new({ operations, terminal }, _args, values) {
    const kind = kindOf(textOf(values, 'kind') ?? 'sub')
    const name = textOf(values, 'name')
    if (name === undefined) throw new UsageError('A new identity needs --name N.')
    const birth = textOf(values, 'birth')
    const birthMs = birth === undefined ? undefined : Date.parse(birth)
    if (birthMs !== undefined && Number.isNaN(birthMs))
      throw new UsageError('--birth takes a date such as 2015-06-30.')
    if (kind === 'child' && birthMs === undefined)
      throw new UsageError('A child needs --birth YYYY-MM-DD: limits and coming of age depend on it.')
    const made = await (await operations()).identities.create({
      kind,
      name,
      ...(birthMs === undefined ? {} : { birthMs }),
    })
    const share = textOf(values, 'guardian-share')
    if (made.guardianShare !== undefined && share !== undefined) {
      await writeFileWhole(share, { mode: 0o600 }, once(fromUtf8(`${made.guardianShare}\n`)))
    }
    const { guardianShare, ...facts } = made
    const hint =
      guardianShare === undefined
        ? ''
        : share === undefined
          ? `\nThe second guardian's share (give it to them, two of three shares bring the child's key back):\n  ${guardianShare}`
          : `\nThe second guardian's share is in ${share}.`
    terminal.result(share === undefined ? made : facts, `${describe(facts)}${hint}`)
    return 0
  },
  async show({ operations, terminal }, args, values) {
    const { identities } = await operations()
    const one = await identities.show(args[1] ?? '')
    const out = textOf(values, 'output')
    if (out !== undefined) await writeFileWhole(out, {}, once(fromUtf8(`${one.card}\n`)))
    terminal.result(
      one,
      `${describe(one)}\n${out === undefined ? `card: ${one.card.length} characters; save it with -o FILE and give it to whom you want to hear from` : `card saved to ${out}`}`,
    )
    return 0
  },
  async use({ operations, terminal }, args) {
    const one = await (await operations()).identities.use(argument(args, 'which identity to use'))
    terminal.result(one, `Now acting as ${shown(one.name)} (${one.did}).`)
    return 0
  },
  async rotate({ operations, terminal }, args) {
    const one = await (await operations()).identities.rotate(args[1] ?? '')
    terminal.result(
      one,
      `${shown(one.name)} has new keys (generation ${one.epoch}). Everything kept so far stays readable.\n${one.did}`,
    )
    return 0
  },
  async revoke({ operations, terminal }, args, values) {
    const one = await (await operations()).identities.revoke(
      argument(args, 'which identity'),
      textOf(values, 'device'),
    )
    terminal.result(one, describe(one))
    return 0
  },
  async learn({ operations, terminal }, args) {
    const card = (await readFile(argument(args, 'the card file'), 'utf8')).trim()
    const { did } = await (await operations()).identities.learn(card)
    terminal.result({ did }, `You can share with ${did} now.`)
    return 0
  },
  async drill({ operations, terminal }, _args, values) {
    const { identities } = await operations()
    const isRight = await identities.drill(await wordsOf(terminal, textOf(values, 'words-file')))
    terminal.result(
      { isRight },
      isRight
        ? 'These words bring this identity back. Well kept.'
        : 'These are not the words of this identity.',
    )
    return isRight ? 0 : 1
  },
  async recover(context, _args, values) {
    const operations = await context.bare()
    const words = await wordsOf(context.terminal, textOf(values, 'words-file'))
    const passphrase = await newPassphrase(context)
    const back = await operations.account.recover({ words, name: textOf(values, 'name') ?? 'me', passphrase })
    context.terminal.result(
      back,
      `Welcome back: ${back.did}\n${back.identities} ${back.identities === 1 ? 'identity' : 'identities'} found again.`,
    )
    return 0
  },
}

export const id: Command = {
  usage: `id ${Object.keys(idVerbs).join('|')} [NAME|DID] [--kind sub|anonymous|child|organisation] [--name N]`,
  summary: 'Your identities: list, make, switch, rotate, recover.',
  options: idOptions,
  min: 1,
  max: 2,
  async run(context, args, values) {
    const verb = idVerbs[args[0] ?? '']
    if (verb === undefined)
      throw new UsageError(`"id ${args[0]}" is unknown: use ${Object.keys(idVerbs).join(', ')}.`)
    return verb(context, args, values)
  },
}

async function wordsOf(terminal: Context['terminal'], file: string | undefined): Promise<string> {
  return file === undefined
    ? terminal.askSecret('Your 24 words, separated by spaces (not shown): ')
    : readSecretFile(file)
}

function describe(one: IdentityFacts): string {
  return `${shown(one.name)}  ${one.kind}  ${one.status}  since ${when(one.createdMs)}\n${one.did}`
}

function kindOf(text: string): NewIdentity['kind'] {
  const kinds = ['sub', 'anonymous', 'child', 'organisation'] as const
  const kind = kinds.find((one) => one === text)
  if (kind === undefined) throw new UsageError(`--kind is one of ${kinds.join(', ')}, not "${text}".`)
  return kind
}

function argument(args: readonly string[], what: string): string {
  if (args[1] === undefined) throw new UsageError(`Say ${what}.`)
  return args[1]
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes
}
