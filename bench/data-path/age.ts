import { mkdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Tools } from '../tools.ts'
import { type Contender, diskBytes } from './store.ts'

/** One file in, one encrypted file out, to a key made here. */
export function age(tools: Tools): Contender {
  return {
    name: 'age',
    isRepository: false,
    async open(folder) {
      await mkdir(folder)
      const key = join(folder, 'key')
      const recipients = join(folder, 'recipients')
      const sealed = join(folder, 'sealed')
      await mkdir(sealed)
      await tools.run(['age-keygen', '-o', key])
      await writeFile(recipients, (await tools.run(['age-keygen', '-y', key])).stdout)
      return {
        put: (path) =>
          tools.run(['age', '-R', recipients, '-o', join(sealed, `${basename(path)}.age`), path]),
        get: (name, into) =>
          tools.run(['age', '-d', '-i', key, '-o', join(into, name), join(sealed, `${name}.age`)]),
        storedBytes: () => diskBytes(sealed),
        close: async () => {},
      }
    },
  }
}
