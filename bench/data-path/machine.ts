import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os'
import { fileURLToPath } from 'node:url'
import { formatBytes } from '@anarq/bytes'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** On what it was measured, as lines of a list. */
export function describeMachine(): string[] {
  return [
    `Date: ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC; commit ${commit()}`,
    `Machine: ${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${availableParallelism()} cores, ${formatBytes(totalmem())} of memory, ${type()} ${release()}`,
    `Load before the start: ${describeLoad()}`,
    `Node.js ${process.version}; ${versionOf('restic', ['version'])}; ${versionOf('age', ['--version'])}`,
  ]
}

/** How busy the machine is. */
export function describeLoad(): string {
  const averages = loadavg().map((value) => value.toFixed(1))
  return `${averages.join(', ')} over 1, 5 and 15 minutes`
}

function commit(): string {
  const git = (...args: readonly string[]): string =>
    spawnSync('git', args, { cwd: root, encoding: 'utf8' }).stdout ?? ''
  const id = git('rev-parse', '--short', 'HEAD').trim()
  if (id === '') return 'unknown'
  return git('status', '--porcelain', '--untracked-files=no').trim() === '' ? id : `${id} with changes`
}

/** restic names itself before its version, age does not. */
function versionOf(program: string, args: readonly string[]): string {
  const { stdout } = spawnSync(program, args, { encoding: 'utf8' })
  const version = (stdout ?? '').split('\n')[0]?.replace(program, '').split(' compiled')[0]?.trim()
  return version === undefined || version === '' ? `no ${program}` : `${program} ${version}`
}

/** Packages that a running node needs beyond this repository: all in the lock file, and those of them for this platform. */
export function countRuntimePackages(): { listed: number; installed: number } {
  const { packages } = JSON.parse(readFileSync(`${root}/package-lock.json`, 'utf8')) as Lock
  const outside = Object.entries(packages).filter(
    ([path, entry]) =>
      path.includes('node_modules/') &&
      entry.link !== true &&
      entry.dev !== true &&
      entry.devOptional !== true,
  )
  const isHere = ({ os, cpu, libc }: LockEntry): boolean =>
    fits(os, process.platform) && fits(cpu, process.arch) && fits(libc, 'glibc')
  return { listed: outside.length, installed: outside.filter(([, entry]) => isHere(entry)).length }
}

type LockEntry = {
  link?: boolean
  dev?: boolean
  devOptional?: boolean
  os?: readonly string[]
  cpu?: readonly string[]
  libc?: readonly string[]
}
type Lock = { packages: Readonly<Record<string, LockEntry>> }

function fits(wanted: readonly string[] | undefined, own: string): boolean {
  return wanted === undefined || wanted.includes(own)
}
