import { parseArgs } from 'node:util'

export type Options = { readonly sizeMiB: number; readonly rounds: number; readonly isLarge: boolean }

const sizeMiBMax = 100_000
const roundsMax = 1000

export const usage: string = `npm run bench data-path -- [--size MiB] [--rounds N] [--large]
  --size    of the large inputs, 1024 where it is not given
  --rounds  so many samples of each figure, 5 where it is not given
  --large   also puts 10 GiB once with each program, for the memory that it takes`

/** Throws a sentence for people. */
export function readOptions(argv: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      size: { type: 'string', default: '1024' },
      rounds: { type: 'string', default: '5' },
      large: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return 'help'
  return {
    sizeMiB: wholeNumber('--size', values.size, sizeMiBMax),
    rounds: wholeNumber('--rounds', values.rounds, roundsMax),
    isLarge: values.large,
  }
}

function wholeNumber(name: string, text: string, max: number): number {
  const number = Number(text)
  if (!/^\d+$/.test(text) || number < 1 || number > max) {
    throw new Error(`${name} takes a whole number from 1 to ${max}, not "${text}".`)
  }
  return number
}
