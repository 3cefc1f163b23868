import { chmod, mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
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

/** Makes the folders where they are missing, for this user's eyes only. */
export async function openHome(path: string): Promise<Home> {
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
    socket:
      process.platform === 'win32'
        ? `\\\\.\\pipe\\anarq-${Buffer.from(path).toString('hex').slice(-40)}`
        : join(path, 'node.sock'),
  }
  try {
    for (const folder of [home.root, home.blocks, home.audit, home.cache])
      await mkdir(folder, { recursive: true, mode: 0o700 })
    await chmod(home.root, 0o700)
  } catch (error) {
    throw diskFault(error, path)
  }
  return home
}
