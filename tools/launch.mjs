// The one entry behind `npm start`, `npm test`, `npm run check|bench|format|pictures|sim`. It runs on any Node from 20 on, without
// anything installed: it installs what is missing, then hands over to the Node that the lock file names.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const stampFile = join(root, 'node_modules', '.anarq-installed')
const nodePath = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
const [command = 'start', ...rest] = process.argv.slice(2)

const commands = {
  start: async () => {
    await build()
    return run(['apps/cli/bin/anarq.js', 'up', ...rest])
  },
  test: () => run(['tools/run-tests.mjs', ...rest]),
  check: () =>
    runAll([
      [bin('tsc'), '--noEmit', '-p', 'tsconfig.json'],
      [bin('tsc'), '--noEmit', '-p', 'tsconfig.pure.json'],
      [bin('tsc'), '--noEmit', '-p', 'tsconfig.desktop.json'],
      [bin('biome'), 'ci', '.'],
      [bin('knip'), '--no-progress'],
    ]),
  format: () => run([bin('biome'), 'check', '--write', '.']),
  bench: () => run(['bench/run.ts', ...rest]),
  pictures: () => run(['apps/desktop/test/pictures.ts']),
  sim: () => run(['apps/sim/src/main.ts', ...rest]),
}

const chosen = commands[command]
if (chosen === undefined) {
  console.error(`Unknown command "${command}". Use one of: ${Object.keys(commands).join(', ')}.`)
  process.exit(2)
}
install()
process.exit(await chosen())

function install() {
  const lock = readFileSync(join(root, 'package-lock.json'))
  const stamp = createHash('sha256').update(lock).digest('hex')
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp && existsSync(nodePath)) return
  console.error('Installing what is missing (once, about half a minute) …')
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  // Not `npm ci`: it refuses a lock file that lacks the binaries of platforms other than the one it was written on.
  const { status, error } = spawnSync(npm, ['install', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  })
  if (status !== 0 || !existsSync(nodePath)) {
    console.error(
      error
        ? `npm did not start: ${error.message}`
        : 'The installation did not finish. Is the package registry in reach, and are install scripts allowed for the package "node"?',
    )
    process.exit(1)
  }
  writeFileSync(
    stampFile,
    createHash('sha256')
      .update(readFileSync(join(root, 'package-lock.json')))
      .digest('hex'),
  )
}

/** A node without its desktop is a node all the same: it says so on its page. */
async function build() {
  try {
    const { buildDesktop } = await import('./build-desktop.mjs')
    buildDesktop(nodePath)
  } catch (error) {
    console.error(error.message)
  }
}

function bin(name) {
  return join('node_modules', '.bin', name)
}

/** Runs the installed Node on a script, or a tool of `node_modules/.bin`; gives its exit code. */
function run(argv) {
  return new Promise((resolve) => {
    const isTool = argv[0].includes('.bin')
    const child = spawn(isTool ? argv[0] : nodePath, isTool ? argv.slice(1) : argv, {
      cwd: root,
      stdio: 'inherit',
      env: {
        ...process.env,
        PATH: `${join(root, 'node_modules', '.bin')}${process.platform === 'win32' ? ';' : ':'}${process.env.PATH}`,
      },
    })
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
    child.on('close', (code, signal) => resolve(signal ? 1 : (code ?? 1)))
  })
}

async function runAll(list) {
  let worst = 0
  for (const argv of list) worst = Math.max(worst, await run(argv))
  return worst
}
