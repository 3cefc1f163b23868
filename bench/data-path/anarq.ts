import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { reachNode } from '@anarq/http/client'
import { processFacts, type Run, type ServeOptions, type Service, type Tools } from '../tools.ts'
import { type Contender, diskBytes, type Store } from './store.ts'

export type Anarq = {
  /** Makes a home with an identity, which has this name. */
  openHome(folder: string, name?: string): Promise<AnarqHome>
}

export type AnarqHome = {
  readonly folder: string
  /** Of its root identity, which has nothing but what a benchmark puts there. */
  readonly words: string
  /** One command, in a process of its own. */
  command(...args: readonly string[]): Promise<Run>
  /** `anarq up` on a free port, unlocked. Rejects when it does not come up. */
  up(args?: readonly string[], options?: ServeOptions): Promise<Service>
}

const program = fileURLToPath(new URL('../../apps/cli/bin/anarq.js', import.meta.url))

export async function createAnarq(tools: Tools): Promise<Anarq> {
  const passphraseFile = join(tools.folder, 'passphrase')
  await writeFile(passphraseFile, `${randomBytes(12).toString('hex')}\n`, { mode: 0o600 })
  return {
    async openHome(folder, name) {
      const flags = ['--home', folder, '--passphrase-file', passphraseFile, '--json']
      const line = (args: readonly string[]): string[] => [process.execPath, program, ...args, ...flags]
      const command: AnarqHome['command'] = (...args) => tools.run(line(args))
      const made = await command('init', ...(name === undefined ? [] : ['--name', name]))
      const { words } = JSON.parse(made.stdout) as { words: string }
      return {
        folder,
        words,
        command,
        up: (args = [], options) => tools.serve(line(['up', '--port', '0', ...args]), options),
      }
    },
  }
}

/** The command alone: it opens the home, and closes it when it is done. */
export function anarqAlone(anarq: Anarq): Contender {
  return {
    name: 'anarq',
    isRepository: true,
    async open(folder) {
      return createStore(await anarq.openHome(folder))
    },
  }
}

/** The command beside a running node, which does the work: what it costs is counted for both of them. */
export function anarqServed(anarq: Anarq): Contender {
  return {
    name: 'anarq, node running',
    isRepository: true,
    async open(folder) {
      const { home, close } = await openServed(anarq, folder)
      return { ...createStore(home), close }
    },
  }
}

export type ServedHome = { readonly home: AnarqHome; close(): Promise<void> }

/** A home whose node runs and is reached through its socket. Rejects with the reason where that fails. */
export async function openServed(anarq: Anarq, folder: string): Promise<ServedHome> {
  const home = await anarq.openHome(folder)
  const service = await home.up()
  if (!(await isReached(folder))) {
    await service.stop()
    throw new Error('The node runs, and a command does not reach it through its socket.')
  }
  return {
    home: { ...home, command: (...args) => withService(service, () => home.command(...args)) },
    close: () => service.stop(),
  }
}

async function isReached(folder: string): Promise<boolean> {
  const reach: (home: string) => Promise<{ close(): Promise<void> } | undefined> = reachNode
  const connection = await reach(folder)
  await connection?.close()
  return connection !== undefined
}

async function withService({ pid }: Service, work: () => Promise<Run>): Promise<Run> {
  const before = processFacts(pid)
  const run = await work()
  const after = processFacts(pid)
  const isKnown = before !== undefined && after !== undefined
  return {
    ...run,
    cpuMs: isKnown && run.cpuMs !== undefined ? run.cpuMs + after.cpuMs - before.cpuMs : undefined,
    peakBytes: isKnown && run.peakBytes !== undefined ? run.peakBytes + after.peakBytes : undefined,
  }
}

function createStore({ folder, command }: AnarqHome): Store {
  return {
    async put(path, { isThorough = false } = {}) {
      const run = await command('put', path, ...(isThorough ? ['--thorough'] : []))
      const { newBytes, newBlocks, skipped } = JSON.parse(run.stdout) as PutAnswer
      if (skipped.length > 0) throw new Error(`anarq put left out ${skipped.length} files of ${path}.`)
      return { ...run, newBytes, newBlocks }
    },
    get: (name, into) => command('get', `/${name}`, '-o', join(into, name)),
    storedBytes: () => diskBytes(folder),
    close: async () => {},
  }
}

type PutAnswer = { newBytes: number; newBlocks: number; skipped: readonly unknown[] }
