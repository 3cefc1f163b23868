import type { NewIdentity } from '@anarq/kernel'
import { type Command, type Context, type OptionSpec, textOf, UsageError } from '../command.ts'
import { readSecretFile, shown, table } from '../terminal.ts'
import { newPassphrase } from './account.ts'
import { enrol, join, lend, newChild, recoverChild, release, renew } from './child.ts'
import { limitOptions, limitUsage } from './child-limits.ts'
import { argument, describe, type IdVerb, readTextFile, saveText } from './id-text.ts'
import { backFromOthers } from './kept.ts'
import { netOf } from './net-option.ts'

const idOptions = {
  kind: { type: 'string' },
  name: { type: 'string' },
  birth: { type: 'string' },
  device: { type: 'string' },
  'words-file': { type: 'string' },
  second: { type: 'string' },
  share: { type: 'string' },
  'share-out': { type: 'string' },
  days: { type: 'string' },
  to: { type: 'string' },
  output: { type: 'string', short: 'o' },
  join: { type: 'string' },
  net: { type: 'string' },
  outside: { type: 'string' },
  ...limitOptions,
} as const satisfies OptionSpec

const idVerbs: Readonly<Record<string, IdVerb>> = {
  async list({ operations, terminal }) {
    const all = await (await operations()).identities.list()
    terminal.result(
      all,
      table(all.map((one) => [one.isCurrent ? '*' : ' ', shown(one.name), one.kind, one.status, one.did])),
    )
    return 0
  },
  async new(context, args, values) {
    const kind = kindOf(textOf(values, 'kind') ?? 'sub')
    if (kind === 'child') return newChild(context, args, values)
    const name = textOf(values, 'name')
    if (name === undefined) throw new UsageError('A new identity needs --name N.')
    const made = await (await context.operations()).identities.create({ kind, name })
    context.terminal.result(made, describe(made))
    return 0
  },
  async show({ operations, terminal }, args, values) {
    const { identities } = await operations()
    const one = await identities.show(args[1] ?? '')
    const out = textOf(values, 'output')
    if (out !== undefined) await saveText(out, one.card)
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
    const ref = argument(args, 'which identity')
    const one = await (await operations()).identities.revoke(ref, textOf(values, 'device'))
    terminal.result(one, describe(one))
    return 0
  },
  async learn({ operations, terminal }, args) {
    const given = argument(args, 'the card, or its file')
    const card = given.startsWith('anarq-card-') ? given : (await readTextFile(given)).trim()
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
  async recover(context, args, values) {
    if (args[1] !== undefined) return recoverChild(context, args, values)
    const invitation = textOf(values, 'join')
    const operations = await context.bare(netOf({ ...values, net: values.net ?? (invitation && 'out') }))
    const words = await wordsOf(context.terminal, textOf(values, 'words-file'))
    const passphrase = await newPassphrase(context)
    const back = await operations.account.recover({ words, name: textOf(values, 'name') ?? 'me', passphrase })
    if (invitation !== undefined) return backFromOthers(context, operations, invitation)
    context.terminal.result(
      back,
      `Welcome back: ${back.did}\n${back.identities} ${back.identities === 1 ? 'identity' : 'identities'} found again.`,
    )
    return 0
  },
  enrol,
  join,
  renew,
  release,
  lend,
}

export const id: Command = {
  usage: `id ${Object.keys(idVerbs).join('|')} [NAME|DID] [--kind sub|anonymous|child|organisation] [--name N]`,
  summary: 'Your identities: list, make, switch, rotate, recover; and those of your children.',
  details: [
    'Yours:',
    '  id list                                  all of this home; * is in use',
    '  id new --name N [--kind sub|anonymous|organisation]',
    '  id show [NAME|DID] [-o CARD]             one of them; its card is for those who want to share with you',
    '  id use|rotate|revoke NAME|DID            act as it; give it new keys; take it out of use',
    "  id learn CARD                            take in somebody else's card, a file or the line itself",
    '  id drill; id recover                     try your 24 words; bring everything back with them',
    '  id recover --join LINE [--net tcp://HOST:PORT]',
    '                                           in an empty home after the disk died: with an invitation of anybody in',
    '                                           the network that you were in, other nodes give back what they kept',
    '',
    "A child's, whose key is held 2 of 3 by two guardians and its device:",
    "  id enrol --name N [-o FILE]              on the child's device, in an empty home: makes its keys, and a file",
    '                                           to carry to the guardian',
    '  id new --kind child --name N --birth YYYY-MM-DD --device FILE [--second NAME|DID] [-o FILE] [--share-out FILE]',
    '                                           the identity in use becomes its guardian; makes what is carried back,',
    "                                           and the second guardian's share",
    "  id join FILE                             on the child's device: takes in whatever its guardian made",
    '  id renew CHILD [--days N] [-o FILE]      lets the device act for 7 days more, with other limits where you name any',
    '  id recover CHILD --device FILE --share FILE [--second NAME|DID] [-o FILE] [--share-out FILE]',
    "                                           another device for it, with the second guardian's share",
    "  id lend SHARE [--to DID] [-o FILE]       the second guardian's: makes a share readable for the guardian",
    '  id release CHILD [-o FILE]               at 18: hands the key over; --share FILE instead of CHILD where the',
    '                                           second guardian does it',
    '',
    'Limits of a child, with new and renew:',
    ...limitUsage.map((line) => `  ${line}`),
  ].join('\n'),
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
    ? terminal.askSecret('Your 24 words, separated by spaces (not shown): ', '--words-file')
    : readSecretFile(file)
}

function kindOf(text: string): NewIdentity['kind'] | 'child' {
  const kinds = ['sub', 'anonymous', 'child', 'organisation'] as const
  const kind = kinds.find((one) => one === text)
  if (kind === undefined) throw new UsageError(`--kind is one of ${kinds.join(', ')}, not "${text}".`)
  return kind
}
