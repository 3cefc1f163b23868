// Builds apps/desktop/dist when what it is made of is newer: told by a hash of the sources, kept beside the result.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const stampFile = join(root, 'apps/desktop/dist/.stamp')
const parts = ['apps/desktop', 'os/design', 'os/sdk/src', 'modules']
const leftOut = /(^|\/)(dist|node_modules|test)(\/|$)/

/** Gives true where it built. Throws with what the bundler said where that failed. */
export function buildDesktop(nodePath = process.execPath) {
  const stamp = stampOf()
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return false
  const vite = join(root, 'node_modules/vite/bin/vite.js')
  const { status, stdout, stderr } = spawnSync(nodePath, ['--no-warnings', vite, 'build', 'apps/desktop'], {
    cwd: root,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`The desktop was not built.\n${stdout}${stderr}`)
  writeFileSync(stampFile, stamp)
  return true
}

function stampOf() {
  const hash = createHash('sha256').update(readFileSync(join(root, 'package-lock.json')))
  for (const part of parts.filter((one) => existsSync(join(root, one)))) {
    const files = readdirSync(join(root, part), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((file) => !leftOut.test(file.slice(root.length)))
    for (const file of files.sort()) hash.update(file.slice(root.length)).update(readFileSync(file))
  }
  return hash.digest('hex')
}
