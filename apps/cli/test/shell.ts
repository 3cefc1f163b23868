import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const command = join(import.meta.dirname, '..', 'bin', 'anarq.js')
const commander = join(import.meta.dirname, 'fixtures/commander.ts')
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
  /** A process of its own for this command; it has one anyway with an `input` or as another user. */
  isAlone?: boolean
}

export type Failure = { readonly error: { readonly code: string; readonly sentence: string } }

/** What `init` gives. */
export type Begun = { readonly did: string; readonly words: string }

/**
 * One person at the command line, with a home and a folder of files. One process runs the commands, one after another: each
 * opens the home and closes it, or talks to its node, as for people; starting a process for each takes most of the time.
 */
export type Shell = {
  readonly root: string
  readonly home: string
  /** Where commands run. */
  readonly folder: string
  run(args: readonly string[], options?: RunOptions): Promise<Outcome>
  /** What `init` does, under a passphrase at which a guess is cheap: the home is opened by nearly every command. */
  begin(name: string, home?: string): Promise<Begun>
  /** With `--json`: the one document printed. Another exit code than the one wanted throws. */
  json<T>(args: readonly string[], options?: RunOptions & { code?: number }): Promise<T>
  /** The code of what was refused or failed; its sentence must be one. */
  fails(args: readonly string[], options?: RunOptions & { code?: number }): Promise<string>
  /**
   * Starts a node in the home, unlocked where there is an identity; from now on commands reach it through its socket. `via` is
   * what comes before its command line.
   */
  up(home?: string, options?: readonly string[], via?: readonly string[]): Promise<void>
  /** Ends one node as a power cut does. */
  kill(home: string): Promise<void>
  /** Stops every node that was started. */
  down(): Promise<void>
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
  const nodes = createNodes({ secret })
  const runner = createRunner(folder)

  const run = (args: readonly string[], options: RunOptions = {}): Promise<Outcome> => {
    const { home: at = home, passphraseFile = secret, input, uid, isAlone = false } = options
    const argv = [...args, '--home', at, '--passphrase-file', passphraseFile]
    if (isAlone || input !== undefined || uid !== undefined) return runCommand(argv, { folder, ...options })
    return runner.run(argv)
  }
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
    begin: (name, at = home) => runner.begin({ name, home: at, passphrase }),
    json,
    async fails(args, options = {}) {
      const { error } = await json<Failure>(args, { code: 1, ...options })
      if (!/^\S.{10,}/s.test(error.sentence) || error.sentence.includes('    at ')) {
        throw new Error(`${error.code} comes with no sentence: ${error.sentence}`)
      }
      return error.code
    },
    up: (at = home, options = [], via = []) => nodes.start(at, options, via),
    kill: nodes.kill,
    down: nodes.stopAll,
    path,
    async write(name, content) {
      await mkdir(dirname(path(name)), { recursive: true })
      await writeFile(path(name), content)
      return path(name)
    },
    async close() {
      await nodes.stopAll()
      runner.stop()
      await chmod(root, 0o700)
      await rm(root, { recursive: true, force: true })
    },
  }
}

type Nodes = {
  start(home: string, options: readonly string[], via: readonly string[]): Promise<void>
  kill(home: string): Promise<void>
  stopAll(): Promise<void>
}

function createNodes({ secret }: { secret: string }): Nodes {
  const nodes = new Map<string, ChildProcess>()
  return {
    async start(home, options, via) {
      const args = ['up', '--port', '0', '--json', '--home', home, '--passphrase-file', secret, ...options]
      const [program = process.execPath, ...before] = [...via, process.execPath, command, ...args]
      const node = spawn(program, before, { stdio: ['ignore', 'pipe', 'inherit'] })
      nodes.set(home, node)
      // It prints one document, when it is ready.
      await Promise.race([once(node.stdout, 'data'), once(node, 'exit')])
      if (node.exitCode !== null) throw new Error(`the node did not start: ${node.exitCode}`)
    },
    async kill(home) {
      const node = nodes.get(home)
      nodes.delete(home)
      if (node === undefined) return
      node.kill('SIGKILL')
      await once(node, 'exit')
    },
    async stopAll() {
      for (const [home, node] of nodes) {
        nodes.delete(home)
        node.kill('SIGTERM')
        if (node.exitCode === null) await once(node, 'exit')
        if (node.exitCode !== 0) throw new Error(`the node ended with ${node.exitCode}`)
      }
    },
  }
}

type Runner = {
  run(argv: readonly string[]): Promise<Outcome>
  begin(home: { name: string; home: string; passphrase: string }): Promise<Begun>
  stop(): void
}

/** A process that starts when it is first asked, and does one thing at a time. */
function createRunner(folder: string): Runner {
  let child: ChildProcess | undefined
  let last: Promise<unknown> = Promise.resolve()
  const start = (): ChildProcess =>
    fork(commander, {
      cwd: folder,
      env: environment(folder),
      // Not those of the tests.
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
  const ask = <T>(what: unknown): Promise<T> => {
    const answer = last.then(async () => {
      child ??= start()
      child.send(what as object)
      const ended = new AbortController()
      const end = (): void => ended.abort(new Error('the process that runs the commands ended'))
      child.once('exit', end)
      const [said] = await once(child, 'message', { signal: ended.signal })
      child.off('exit', end)
      return said as T
    })
    last = answer.catch(() => undefined)
    return answer
  }
  return {
    async run(argv) {
      const { code, out, err } = await ask<{ code: number; out: Uint8Array; err: Uint8Array }>(argv)
      const bytes = Buffer.from(out)
      return { code, out: bytes.toString(), err: Buffer.from(err).toString(), bytes }
    },
    begin: ask,
    stop: () => child?.disconnect(),
  }
}

/** A home that is not named must not be the one of whoever runs the tests. */
function environment(folder: string): NodeJS.ProcessEnv {
  return { ...process.env, ANARQ_HOME: join(folder, 'not used') }
}

function runCommand(
  args: readonly string[],
  { folder, input, uid }: RunOptions & { folder: string },
): Promise<Outcome> {
  const child = spawn(process.execPath, [command, ...args], {
    cwd: folder,
    env: environment(folder),
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
