#!/usr/bin/env node
// Hands over to the Node that AnarQ brings: the machine's own may be too old to run TypeScript as it is.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const binary = process.platform === 'win32' ? 'node.exe' : 'node'
const brought = fileURLToPath(new URL(`../../../node_modules/node/bin/${binary}`, import.meta.url))
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const isRecent = major > 26 || (major === 26 && minor >= 10)

if (isRecent) {
  await import('../src/main.ts')
} else if (!existsSync(brought)) {
  console.error('AnarQ is not installed yet. In its folder, run: npm start')
  process.exit(1)
} else {
  const child = spawn(brought, [main, ...process.argv.slice(2)], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('close', (code, signal) => process.exit(signal ? 1 : (code ?? 1)))
}
