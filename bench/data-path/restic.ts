import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Tools } from '../tools.ts'
import { type Contender, diskBytes } from './store.ts'

/** Debian's restic with its own defaults; its cache lies beside the repository, so that each round begins without one. */
export function restic(tools: Tools): Contender {
  return {
    name: 'restic',
    isRepository: true,
    async open(folder) {
      await mkdir(folder)
      const passwordFile = join(folder, 'password')
      const repository = join(folder, 'repository')
      await writeFile(passwordFile, randomBytes(12).toString('hex'), { mode: 0o600 })
      const command = ['restic', '--repo', repository, '--password-file', passwordFile]
      const flags = ['--cache-dir', join(folder, 'cache'), '--quiet', '--json']
      await tools.run([...command, 'init', ...flags])
      return {
        async put(path, { isThorough = false } = {}) {
          const args = ['backup', basename(path), ...(isThorough ? ['--force'] : []), ...flags]
          const run = await tools.run([...command, ...args], { cwd: dirname(path) })
          const { data_added: newBytes, data_blobs: newBlocks } = JSON.parse(run.stdout) as BackupSummary
          return { ...run, newBytes, newBlocks }
        },
        get: (_name, into) => tools.run([...command, 'restore', 'latest', '--target', into, ...flags]),
        storedBytes: () => diskBytes(repository),
        close: async () => {},
      }
    },
  }
}

type BackupSummary = { data_added: number; data_blobs: number }
