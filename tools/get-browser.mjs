// A Chromium for the tests of screens, the same one for everybody: from a package of the registry, held to the hash below, kept in
// node_modules. Only `npm test` fetches it, and only where a chosen test needs it.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { createBrotliDecompress } from 'node:zlib'

const name = '@sparticuz/chromium'
const version = '153.0.0'
const integrity =
  'sha512-jiGWqSvPMdu4+P9TilYqAR7yEGPEHINx+lCvE/NqNO/EHYzF/x1hUiI5T6ioVIt7dEy7n88byyT0vk+dnsgQwA=='
const archiveName = 'package.tgz'
const folder = fileURLToPath(new URL(`../node_modules/.anarq-browser/${version}`, import.meta.url))

/** Where the fetched browser lies, whether it is there or not. */
export const fetchedBrowser = join(folder, 'chromium')

/** Gives whether it fetched. Machines that the package has no binary for keep to the browser that they have. */
export async function getBrowser(env = process.env) {
  const isForUs = process.platform === 'linux' && process.arch === 'x64'
  if (!isForUs || env.ANARQ_BROWSER !== undefined || existsSync(fetchedBrowser)) return false
  console.error('Fetching a browser for the tests of screens (once, 70 MB) …')
  const work = `${folder}.${process.pid}`
  mkdirSync(work, { recursive: true })
  try {
    unpack(fetchPackage(work), work)
    await decompress(join(work, 'package/bin/chromium.br'), join(work, 'program'), 0o755)
    if (!starts(join(work, 'program'))) await addLibraries(work)
    writeFileSync(join(work, 'chromium'), startScript, { mode: 0o755 })
    if (!starts(join(work, 'chromium'))) throw new Error('The browser that was fetched does not start here.')
    for (const part of ['package', archiveName]) rmSync(join(work, part), { recursive: true })
    rmSync(folder, { recursive: true, force: true })
    renameSync(work, folder)
    return true
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** Libraries of its own where the system lacks them; else the system's. */
const startScript = `#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
[ ! -d "$here/lib" ] || export LD_LIBRARY_PATH="$here/lib"
exec "$here/program" "$@"
`

function fetchPackage(work) {
  const { stdout, status, stderr } = spawnSync(
    'npm',
    ['pack', `${name}@${version}`, '--json', '--pack-destination', work],
    {
      encoding: 'utf8',
    },
  )
  if (status !== 0) throw new Error(`The browser could not be fetched.\n${stderr}`)
  const file = join(work, archiveName)
  renameSync(join(work, JSON.parse(stdout)[0].filename), file)
  const found = `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`
  if (found !== integrity) throw new Error(`${name}@${version} is not what it was: ${found}.`)
  return file
}

function unpack(file, into) {
  const { status, stderr } = spawnSync('tar', ['-xf', file, '-C', into], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${file} could not be unpacked.\n${stderr}`)
}

async function addLibraries(work) {
  const archive = join(work, 'libraries.tar')
  await decompress(join(work, 'package/bin/al2023.tar.br'), archive, 0o644)
  unpack(archive, work)
  rmSync(archive)
}

function decompress(from, to, mode) {
  return pipeline(createReadStream(from), createBrotliDecompress(), createWriteStream(to, { mode }))
}

function starts(program) {
  return spawnSync(program, ['--version']).status === 0
}
