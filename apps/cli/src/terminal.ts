import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import { Fault } from '@anarq/fault'

/** What a command sees of the terminal. Results go to `out`; everything else (questions, progress, hints) to `note`. */
export type Terminal = {
  readonly isJson: boolean
  readonly isInteractive: boolean
  /** One result: `text` for people, `value` as one JSON document for programs. */
  result(value: unknown, text: string): void
  note(text: string): void
  /** A line that is written over: progress. Empty text takes it away. */
  status(text: string): void
  ask(question: string): Promise<string>
  /** `fileOption` is what gives it where there is no terminal. */
  askSecret(question: string, fileOption?: string): Promise<string>
}

export type TerminalOptions = {
  isJson: boolean
  input?: NodeJS.ReadStream
  output?: NodeJS.WriteStream
  errors?: NodeJS.WriteStream
}

export function createTerminal({
  isJson,
  input = process.stdin,
  output = process.stdout,
  errors = process.stderr,
}: TerminalOptions): Terminal {
  const isInteractive = input.isTTY === true && errors.isTTY === true
  let hasStatus = false
  const clear = (): void => {
    if (hasStatus) errors.write('\r\x1b[2K')
    hasStatus = false
  }
  return {
    isJson,
    isInteractive,
    result(value, text) {
      clear()
      if (isJson) output.write(`${JSON.stringify(value)}\n`)
      else if (text !== '') output.write(`${text}\n`)
    },
    note(text) {
      clear()
      if (!isJson) errors.write(`${text}\n`)
    },
    status(text) {
      if (errors.isTTY !== true || isJson) return
      clear()
      if (text === '') return
      errors.write(text.slice(0, (errors.columns ?? 80) - 1))
      hasStatus = true
    },
    async ask(question) {
      clear()
      needTerminal(isInteractive, question, 'Run it in a terminal.')
      const lines = createInterface({ input, output: errors })
      try {
        return (await lines.question(question)).trim()
      } finally {
        lines.close()
      }
    },
    async askSecret(question, fileOption = '--passphrase-file') {
      clear()
      needTerminal(isInteractive, question, `Give a file with ${fileOption}, or run it in a terminal.`)
      return readHidden(question, input, errors)
    },
  }
}

function needTerminal(isInteractive: boolean, question: string, instead: string): void {
  if (isInteractive) return
  throw new Fault(
    'invalid.no-terminal',
    `"${question.trim()}" cannot be asked without a terminal. ${instead}`,
  )
}

/** Reads a line without showing it. Ctrl-C stops, Backspace takes back. */
function readHidden(question: string, input: NodeJS.ReadStream, errors: NodeJS.WriteStream): Promise<string> {
  errors.write(question)
  input.setRawMode(true)
  input.resume()
  input.setEncoding('utf8')
  return new Promise((resolve, reject) => {
    let typed = ''
    const finish = (act: () => void): void => {
      input.off('data', take)
      input.setRawMode(false)
      input.pause()
      errors.write('\n')
      act()
    }
    const take = (text: string): void => {
      for (const character of text) {
        const isEnd = character === '\r' || character === '\n'
        const isStop = character === '\u0003' || character === '\u0004'
        if (isEnd) finish(() => resolve(typed))
        if (isStop) finish(() => reject(new Fault('cancelled.asked', 'Stopped. Nothing was changed.')))
        if (isEnd || isStop) return
        if (character === '\u007f' || character === '\b') typed = [...typed].slice(0, -1).join('')
        else if (character >= ' ') typed += character
      }
    }
    input.on('data', take)
  })
}

const secretBytesMax = 4096

/** The first line of a file, or of standard input for `-`. */
export function readSecretFile(path: string): string {
  let text: string
  try {
    text = readFileSync(path === '-' ? 0 : path, 'utf8')
  } catch (cause) {
    throw new Fault(
      'missing.file',
      `The passphrase file ${path} cannot be read. Check its name and that it is yours to read.`,
      { cause },
    )
  }
  const line = text.split(/\r?\n/, 1)[0] ?? ''
  if (line === '' || line.length > secretBytesMax)
    throw new Fault('invalid.passphrase', `The first line of ${path} has no passphrase.`)
  return line
}

/** Columns, padded; the last one is left as it is. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length)
  }
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

export function when(ms: number): string {
  return new Date(ms).toISOString().replace('T', ' ').slice(0, 16)
}

/** Names come from anywhere: control characters must not reach the terminal. */
export function shown(name: string): string {
  return name.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd')
}
