import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testArchive } from '@anarq/wxa/testing'
import { openZipBytes, openZipFile, writeZip } from '@anarq/zip'

testArchive('ZIP in memory', async (entries) => openZipBytes(writeZip(entries)))

testArchive('ZIP in a file', async (entries) => {
  const folder = await mkdtemp(join(tmpdir(), 'anarq-zip-'))
  const path = join(folder, 'some.wxa')
  await writeFile(path, writeZip(entries))
  const archive = await openZipFile(path)
  return {
    ...archive,
    async close() {
      await archive.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
})
