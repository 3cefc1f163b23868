/** Runs and times commands, and takes everything away at the end: the processes, then the folder that they wrote in. */
import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { freemem, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

export type Run = {
  readonly wallMs: number
  /** User and system time, of all processes and threads that the command had. Undefined without GNU time. */
  readonly cpuMs: number | undefined
  /** The most memory that it ever held (resident set). Undefined without GNU time. */
  readonly peakBytes: number | undefined
  readonly stdout: string
}

export type RunOptions = { cwd?: string; env?: Readonly<Record<string, string>> }

export type ServeOptions = RunOptions & {
  /** How long its first line may take; 30 s where nothing is said. */
  readyMsMax?: number
}

export type Service = {
  readonly pid: number
  /** The first line that it wrote. */
  readonly line: string
  /** It is killed where it takes longer than so long to end; 10 s where nothing is said. */
  stop(options?: { endMsMax?: number }): Promise<void>
}

export type Tools = {
  /** Where everything of this run lies; gone when the process ends, whatever the reason. */
  readonly folder: string
  readonly isMetered: boolean
  /** Rejects when the command fails, with the last that it said. */
  run(command: readonly string[], options?: RunOptions): Promise<Run>
  /** Starts something that stays, and waits for its first line. */
  serve(command: readonly string[], options?: ServeOptions): Promise<Service>
  /** Waits until the system has written out all that it holds back, and has memory at hand for the next command. */
  settle(): Promise<void>
}

const serveMsMax = 30_000
const stopMsMax = 10_000

export function createTools(): Tools {
  const folder = mkdtempSync(join(tmpdir(), 'anarq-bench-'))
  const running = new Set<ChildProcess>()
  const meter = findProgram('gtime') ?? gnuTime()
  const meterFile = join(folder, 'meter')
  process.on('exit', () => {
    for (const child of running) signalGroup(child, 'SIGKILL')
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130))

  const start = (
    [program = '', ...args]: readonly string[],
    { cwd = folder, env = {} }: RunOptions = {},
  ): ChildProcess => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A process group of its own, so that a signal reaches the command behind its meter too.
      detached: true,
    })
    running.add(child)
    child.once('close', () => running.delete(child))
    return child
  }

  return {
    folder,
    isMetered: meter !== undefined,
    async run(command, options) {
      const metered =
        meter === undefined ? command : [meter, '-q', '-f', '%U %S %M', '-o', meterFile, ...command]
      const startedMs = performance.now()
      const { stdout, endedMs } = await finished(start(metered, options), command)
      return {
        wallMs: endedMs - startedMs,
        stdout,
        ...readMeter(meter === undefined ? undefined : meterFile),
      }
    },
    async serve(command, { readyMsMax = serveMsMax, ...options } = {}) {
      const child = start(command, options)
      const line = await firstLine(child, command, readyMsMax)
      return {
        pid: child.pid as number,
        line,
        stop: ({ endMsMax = stopMsMax } = {}) => stop(child, endMsMax),
      }
    },
    async settle() {
      await finished(start(['sync']), ['sync'])
      const warm = [process.execPath, '-e', touchMemory, String(Math.min(warmBytesMax, freemem() / 2))]
      await finished(start(warm), warm)
    },
  }
}

/**
 * Memory that a virtual machine gave back to its host costs ten times as much at its first touch as writing a file does, and
 * whoever came first would pay for all. So a process touches as much as the next command may need, just before it.
 */
const touchMemory = `
  const bytes = Number(process.argv[1])
  const pieceBytes = 1 << 28
  const pieces = []
  for (let left = bytes; left > 0; left -= pieceBytes) {
    const piece = Buffer.allocUnsafeSlow(pieceBytes)
    for (let at = 0; at < piece.length; at += 4096) piece[at] = 1
    pieces.push(piece)
  }`
const warmBytesMax = 2.5 * 1024 ** 3

/** The file of a program on the search path. */
export function findProgram(name: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => isRunnable(file))
}

export type ProcessFacts = {
  readonly cpuMs: number
  readonly residentBytes: number
  readonly peakBytes: number
}

/** Linux counts processor time in hundredths of a second here, whatever the kernel's own tick. */
const tickMs = 10

/** Of a process that runs, from /proc; undefined where there is none. */
export function processFacts(pid: number): ProcessFacts | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const kib = (field: string): number =>
      Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1])
    // The name in brackets may hold blanks: fields are counted from behind it. `utime` is number 14, `stime` 15 (proc(5)).
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    const cpuMs = (Number(fields[11]) + Number(fields[12])) * tickMs
    return { cpuMs, residentBytes: kib('VmRSS') * 1024, peakBytes: kib('VmHWM') * 1024 }
  } catch {
    return undefined
  }
}

/** Processor time, in milliseconds, of all processes that this one began, from now on. */
export function processors(): () => number {
  const sum = (): number =>
    descendantsOf(process.pid).reduce((ms, pid) => ms + (processFacts(pid)?.cpuMs ?? 0), 0)
  const before = sum()
  return () => sum() - before
}

export function descendantsOf(root: number): number[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const parent = parentOf(name)
    if (parent !== undefined) parents.set(Number(name), parent)
  }
  const isBelow = (pid: number): boolean => {
    for (let at = parents.get(pid); at !== undefined; at = parents.get(at)) if (at === root) return true
    return false
  }
  return [...parents.keys()].filter(isBelow)
}

function parentOf(pid: string): number | undefined {
  try {
    const parent = /^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return parent === undefined ? undefined : Number(parent)
  } catch {
    return undefined
  }
}

function gnuTime(): string | undefined {
  return process.platform === 'linux' && isRunnable('/usr/bin/time') ? '/usr/bin/time' : undefined
}

function isRunnable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Takes the time at the end of the process, not of its pipes. */
function finished(
  child: ChildProcess,
  command: readonly string[],
): Promise<{ stdout: string; endedMs: number }> {
  const output = collect(child)
  return new Promise((resolve, reject) => {
    let endedMs = 0
    child.once('exit', () => {
      endedMs = performance.now()
    })
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (code === 0) resolve({ stdout: output.stdout(), endedMs })
      else reject(failure(command, `ended with ${signal ?? code}`, output))
    })
  })
}

function firstLine(child: ChildProcess, command: readonly string[], msMax: number): Promise<string> {
  const output = collect(child)
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      signalGroup(child, 'SIGKILL')
      reject(failure(command, `said nothing within ${msMax / 1000} s`, output))
    }, msMax)
    child.stdout?.on('data', () => {
      const [line, rest] = output.stdout().split('\n', 2)
      if (line === undefined || rest === undefined) return
      clearTimeout(timer)
      resolve(line)
    })
    child.once('error', reject)
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      reject(failure(command, `ended with ${signal ?? code}`, output))
    })
  })
}

type Output = { stdout(): string; stderr(): string }

function collect(child: ChildProcess): Output {
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  return { stdout: () => stdout, stderr: () => stderr }
}

function failure(command: readonly string[], what: string, output: Output): Error {
  const said = `${output.stderr()}\n${output.stdout()}`.trim().split('\n').slice(-5).join('\n')
  return new Error(`${command.join(' ')}\n${what}: ${said}`)
}

function stop(child: ChildProcess, msMax: number): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), msMax)
    child.once('close', () => {
      clearTimeout(timer)
      resolve()
    })
    signalGroup(child, 'SIGTERM')
  })
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // It has ended by itself.
  }
}

function readMeter(file: string | undefined): Pick<Run, 'cpuMs' | 'peakBytes'> {
  if (file === undefined) return { cpuMs: undefined, peakBytes: undefined }
  const [user = 0, system = 0, peakKib = 0] = readFileSync(file, 'utf8').trim().split(' ').map(Number)
  return { cpuMs: (user + system) * 1000, peakBytes: peakKib * 1024 }
}
