import { Fault } from '@anarq/fault'
import { type Command, type Context, textOf } from '../command.ts'
import { readSecretFile } from '../terminal.ts'

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
