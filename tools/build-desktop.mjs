// Builds apps/desktop/dist when what it is made of is newer: told by a hash of the sources, kept beside the result.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const stampFile = join(root, 'apps/desktop/dist/.stamp')
const lock = join(root, 'node_modules/.anarq-desktop-build')
const lockMs = 120_000
const parts = ['apps/desktop', 'os/design', 'os/sdk/src', 'modules']
const leftOut = /(^|\/)(dist|node_modules|test)(\/|$)/

/** Gives true where it built. Throws with what the bundler said where that failed. Who comes while another builds waits for it. */
export function buildDesktop(nodePath = process.execPath) {
  const stamp = stampOf()
  if (isBuilt(stamp)) return false
  take()
  try {
    if (isBuilt(stamp)) return false
    const vite = join(root, 'node_modules/vite/bin/vite.js')
    const args = ['--no-warnings', vite, 'build', 'apps/desktop']
    const { status, stdout, stderr } = spawnSync(nodePath, args, { cwd: root, encoding: 'utf8' })
    if (status !== 0) throw new Error(`The desktop was not built.\n${stdout}${stderr}`)
    writeFileSync(stampFile, stamp)
    return true
  } finally {
    rmSync(lock, { recursive: true, force: true })
  }
}

function isBuilt(stamp) {
  return existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp
}

/** One builds at a time; a lock that is older than any build was left behind. */
function take() {
  for (;;) {
    try {
      mkdirSync(lock)
      return
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    const madeMs = statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? 0
    if (Date.now() - madeMs > lockMs) rmSync(lock, { recursive: true, force: true })
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
  }
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
