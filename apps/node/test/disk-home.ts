import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Fault } from '@anarq/fault'
import { type Node, openNode } from '@anarq/node'
import { passphrase } from './world.ts'

/** A guess at this passphrase may be cheap: such a home is opened hundreds of times. */
const passphraseCost = { memoryKiB: 8, passes: 1, lanes: 1 }

/** A home in a folder of its own: opened and closed as a node does it. */
export type DiskHome = {
  readonly root: string
  readonly path: string
  readonly words: string
  readonly did: string
  /** Of every opening since the last `open`. */
  readonly faults: Fault[]
  /** Opened and unlocked. */
  open(): Promise<Node>
}

/** Makes a home with one identity, gives it closed, and takes it away afterwards. */
export async function withDiskHome(act: (home: DiskHome) => Promise<void>, name = 'alice'): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'anarq-home-'))
  const path = join(root, 'home')
  try {
    const first = await openNode({ home: path, passphraseCost })
    const { words, did } = await first.operations.account.init({ name, passphrase })
    await first.close()
    const faults: Fault[] = []
    const open = async (): Promise<Node> => {
      faults.length = 0
      const node = await openNode({ home: path, onFault: (fault) => faults.push(fault) })
      await node.operations.account.unlock({ passphrase }).catch(async (error: unknown) => {
        await node.close()
        throw error
      })
      return node
    }
    await act({ root, path, words, did, faults, open })
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

/** Every file of a folder and below it, by its path inside. */
export async function readAll(folder: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>()
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  for (const entry of entries) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    files.set(path.slice(folder.length + 1), await readFile(path))
  }
  return files
}
