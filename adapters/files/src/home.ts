import { readdirSync, statSync } from 'node:fs'
import { chmod, mkdir, readdir, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { Fault } from '@anarq/fault'
import { diskFault } from './disk.ts'

/** Where everything of one installation lies. Only the blocks, the vault and the audit log are precious; `cache` can go. */
export type Home = {
  readonly root: string
  readonly vault: string
  readonly settings: string
  readonly blocks: string
  /** What is known of the network, sealed; it is learned again where it is gone. */
  readonly network: string
  /** How this node meets others, where that was chosen on its screen. */
  readonly networkWay: string
  /** What this machine holds for other nodes. */
  readonly held: string
  /** The same for other members of branches. */
  readonly heldInBranches: string
  /** Which blocks belong to which branch. */
  readonly bound: string
  readonly audit: string
  readonly cache: string
  readonly lock: string
  readonly reserve: string
  readonly socket: string
}

/** The folder asked for, else `$ANARQ_HOME`, else `.anarq` in the person's own folder. */
export function homePath(
  asked?: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): string {
  return resolve(asked ?? env.ANARQ_HOME ?? join(homedir(), '.anarq'))
}

/** The key vault of a home: a twin file. */
export function vaultPath(home: string): string {
  return join(home, 'vault')
}

/**
 * Whether a home lies in this folder: packs, or a folder for them beside a vault or a lock. Nothing is opened for it; what may not be
 * looked into is none.
 */
export function isHome(path: string): boolean {
  const blocks = join(path, 'blocks')
  try {
    if (statSync(blocks, quietly)?.isDirectory() !== true) return false
    return hasVault(path) || isFile(path, 'lock.db') || readdirSync(blocks).some(isPack)
  } catch {
    return false
  }
}

const isPack = (name: string): boolean => name.endsWith('.pack')

function hasVault(path: string): boolean {
  return isFile(path, 'vault.a') || isFile(path, 'vault.b')
}

function isFile(path: string, name: string): boolean {
  return statSync(join(path, name), quietly)?.isFile() === true
}

const quietly = { throwIfNoEntry: false } as const

/**
 * The home in this folder, for this user's eyes only; its own folders are made where they are missing. Where there is no home, one is
 * made in a folder that is not there yet or empty, or with `mayMake: false` nothing is: then it is `missing.identity`.
 */
export async function openHome(path: string, { mayMake = true }: { mayMake?: boolean } = {}): Promise<Home> {
  const home: Home = {
    root: path,
    vault: vaultPath(path),
    settings: join(path, 'settings'),
    blocks: join(path, 'blocks'),
    network: join(path, 'network'),
    networkWay: join(path, 'network-way'),
    held: join(path, 'held'),
    heldInBranches: join(path, 'held-in-branches'),
    bound: join(path, 'bound.journal'),
    audit: join(path, 'audit'),
    cache: join(path, 'cache'),
    lock: join(path, 'lock.db'),
    reserve: join(path, 'reserve'),
    socket:
      process.platform === 'win32'
        ? `\\\\.\\pipe\\anarq-${Buffer.from(path).toString('hex').slice(-40)}`
        : join(path, 'node.sock'),
  }
  try {
    // The keys alone are reason enough to open one: what else was lost is told then.
    if (!isHome(path) && !hasVault(path)) await checkFree(path, mayMake)
    for (const folder of [home.root, home.blocks, home.audit, home.cache])
      await mkdir(folder, { recursive: true, mode: 0o700 })
    await chmod(home.root, 0o700)
  } catch (error) {
    throw error instanceof Fault ? error : diskFault(error, path)
  }
  return home
}

/** All that there is of a home which another process is just making. */
const madeFirst = ['audit', 'blocks', 'cache']

/** What lies there already is somebody's, and a name that was mistyped is no wish for a home. */
async function checkFree(path: string, mayMake: boolean): Promise<void> {
  const names = await readdir(path).catch(orMissing)
  if (!mayMake)
    throw new Fault(
      'missing.identity',
      `There is no home of AnarQ in ${path}. Make one with: anarq init, or name another folder with --home.`,
    )
  if (names === undefined) return
  if (names.some((name) => !madeFirst.includes(name)))
    throw new Fault(
      'conflict.not-home',
      `${path} holds other things and is no home of AnarQ. Nothing was changed in it: name an empty folder with --home, or one that is not there yet.`,
    )
  if (process.getuid !== undefined && (await stat(path)).uid !== process.getuid())
    throw new Fault(
      'conflict.not-home',
      `${path} belongs to another user. Name a folder of your own with --home, or one that is not there yet.`,
    )
}

function orMissing(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
}
