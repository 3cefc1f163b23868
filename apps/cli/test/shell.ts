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
}

export type Failure = { readonly error: { readonly code: string; readonly sentence: string } }

/**
 * One person at the command line, with a home and a folder of files. Each command is a process of its own, as for people;
 * at a home whose node was started with `up`, one process runs them all: they only talk to the node, and starting
 * each of them takes ten times as long.
 */
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
  const nodes = createNodes({ folder, secret })

  const run = (args: readonly string[], options: RunOptions = {}): Promise<Outcome> => {
    const { home: at = home, passphraseFile = secret, input, uid } = options
    const argv = [...args, '--home', at, '--passphrase-file', passphraseFile]
    if (nodes.has(at) && input === undefined && uid === undefined) return nodes.run(argv)
    return runCommand(argv, { folder, ...options })
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
      await chmod(root, 0o700)
      await rm(root, { recursive: true, force: true })
    },
  }
}

type Nodes = {
  has(home: string): boolean
  start(home: string, options: readonly string[], via: readonly string[]): Promise<void>
  kill(home: string): Promise<void>
  run(argv: readonly string[]): Promise<Outcome>
  stopAll(): Promise<void>
}

function createNodes({ folder, secret }: { folder: string; secret: string }): Nodes {
  const nodes = new Map<string, ChildProcess>()
  let runner: Runner | undefined
  return {
    has: (home) => nodes.has(home),
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
    async run(argv) {
      runner ??= createRunner(folder)
      return runner.run(argv)
    },
    async stopAll() {
      for (const [home, node] of nodes) {
        nodes.delete(home)
        node.kill('SIGTERM')
        if (node.exitCode === null) await once(node, 'exit')
        if (node.exitCode !== 0) throw new Error(`the node ended with ${node.exitCode}`)
      }
      runner?.stop()
      runner = undefined
    },
  }
}

type Runner = { run(argv: readonly string[]): Promise<Outcome>; stop(): void }

/** Takes one command at a time. */
function createRunner(folder: string): Runner {
  const child = fork(commander, {
    cwd: folder,
    env: environment(folder),
    execArgv: [],
    serialization: 'advanced',
  })
  const ended = new AbortController()
  child.once('exit', () => ended.abort(new Error('the process that runs the commands ended')))
  return {
    async run(argv) {
      child.send(argv)
      const [said] = await once(child, 'message', { signal: ended.signal })
      const { code, out, err } = said as { code: number; out: Uint8Array; err: Uint8Array }
      const bytes = Buffer.from(out)
      return { code, out: bytes.toString(), err: Buffer.from(err).toString(), bytes }
    },
    stop: () => child.disconnect(),
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
