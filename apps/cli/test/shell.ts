import { spawn } from 'node:child_process'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const command = join(import.meta.dirname, '..', 'bin', 'anarq.js')
export const passphrase = 'correct horse battery staple'

export type Outcome = {
  readonly code: number
  readonly out: string
  readonly err: string
  readonly bytes: Buffer
}

export type RunOptions = {
  /** Standard input; nothing by default, and never a terminal. */
  input?: string
  home?: string
  /** Absent: the right passphrase. */
  passphraseFile?: string
  /** Another user, where this one may become them. */
  uid?: number
}

export type Failure = { readonly error: { readonly code: string; readonly sentence: string } }

/** One person at the command line, with a home and a folder of files. */
export type Shell = {
  readonly root: string
  readonly home: string
  /** Where commands run. */
  readonly folder: string
  run(args: readonly string[], options?: RunOptions): Promise<Outcome>
  /** With `--json`: the one document printed. Another exit code than the one wanted throws. */
  json<T>(args: readonly string[], options?: RunOptions & { code?: number }): Promise<T>
  /** The code of what was refused or failed; its sentence must be one. */
  fails(args: readonly string[], options?: RunOptions & { code?: number }): Promise<string>
  path(name: string): string
  write(name: string, content: string | Uint8Array): Promise<string>
  close(): Promise<void>
}

export async function openShell(): Promise<Shell> {
  const root = await mkdtemp(join(tmpdir(), 'anarq-cli-'))
  const home = join(root, 'home')
  const folder = join(root, 'files')
  const secret = join(root, 'passphrase')
  await mkdir(folder)
  await writeFile(secret, `${passphrase}\n`)
  const path = (name: string): string => join(folder, name)

  const run = (args: readonly string[], options: RunOptions = {}): Promise<Outcome> =>
    runCommand(
      [...args, '--home', options.home ?? home, '--passphrase-file', options.passphraseFile ?? secret],
      {
        folder,
        ...options,
      },
    )
  const json = async <T>(
    args: readonly string[],
    options: RunOptions & { code?: number } = {},
  ): Promise<T> => {
    const { code, out, err } = await run([...args, '--json'], options)
    const said = `anarq ${args.join(' ')}: exit code ${code}\n${out}${err}`
    if (code !== (options.code ?? 0)) throw new Error(said)
    if (out.indexOf('\n') !== out.length - 1) throw new Error(`not one line: ${said}`)
    return JSON.parse(out) as T
  }
  return {
    root,
    home,
    folder,
    run,
    json,
    async fails(args, options = {}) {
      const { error } = await json<Failure>(args, { code: 1, ...options })
      if (!/^\S.{10,}/s.test(error.sentence) || error.sentence.includes('    at ')) {
        throw new Error(`${error.code} comes with no sentence: ${error.sentence}`)
      }
      return error.code
    },
    path,
    async write(name, content) {
      await mkdir(dirname(path(name)), { recursive: true })
      await writeFile(path(name), content)
      return path(name)
    },
    async close() {
      await chmod(root, 0o700)
      await rm(root, { recursive: true, force: true })
    },
  }
}

function runCommand(
  args: readonly string[],
  { folder, input, uid }: RunOptions & { folder: string },
): Promise<Outcome> {
  const child = spawn(process.execPath, [command, ...args], {
    cwd: folder,
    env: { ...process.env, ANARQ_HOME: join(folder, 'not used') },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  })
  const parts: Buffer[] = []
  let err = ''
  child.stdout?.on('data', (bytes: Buffer) => parts.push(bytes))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  child.stdin?.end(input)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      const bytes = Buffer.concat(parts)
      if (code === null) reject(new Error(`anarq ${args.join(' ')} ended by ${signal}`))
      else resolve({ code, out: bytes.toString(), err, bytes })
    })
  })
}
