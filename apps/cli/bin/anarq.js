#!/usr/bin/env node
// The command on any Node from 20 on: hands over to the Node that AnarQ brings where the machine's own is too old to run
// TypeScript as it is.
import module from 'node:module'
import { fileURLToPath } from 'node:url'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const isRecent = major > 26 || (major === 26 && minor >= 10)

if (isRecent) await start()
else await handOver()

/**
 * Compiled code is kept in the installation, so that a command starts in a fraction of the time: on from the first TypeScript
 * file on, because Node loads a whole compiler for one that is not in there. It is never kept in a folder that others on the
 * machine can write to.
 */
async function start() {
  module.enableCompileCache(fileURLToPath(new URL('../../../.cache/anarq', import.meta.url)))
  const { resolveFast } = await import('../../../adapters/threads/src/resolution.mjs')
  resolveFast()
  process.stdout.on('error', endOfOutput)
  // A terminal that was closed: nobody is left to be told, and what was begun is still to be tidied up.
  process.stderr.on('error', () => {})
  const { run } = await import('../src/run.ts')
  process.exitCode = await run(process.argv.slice(2))
}

/** Whoever reads the output went away (`| head`), which needs no word; or what it goes to is full. */
function endOfOutput({ code, message }) {
  if (code !== 'EPIPE') process.stderr.write(`Standard output could not be written: ${message}.\n`)
  process.exit(1)
}

async function handOver() {
  const [{ spawn }, { existsSync }] = await Promise.all([import('node:child_process'), import('node:fs')])
  const binary = process.platform === 'win32' ? 'node.exe' : 'node'
  const brought = fileURLToPath(new URL(`../../../node_modules/node/bin/${binary}`, import.meta.url))
  if (!existsSync(brought)) {
    console.error('AnarQ is not installed yet. In its folder, run: npm start')
    process.exit(1)
  }
  const child = spawn(brought, process.argv.slice(1), { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('close', (code, signal) => process.exit(signal ? 1 : (code ?? 1)))
}
