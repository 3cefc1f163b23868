/**
 * `npm run bench [-- NAME ...] [-- FLAGS]`: runs `bench/NAME.bench.ts`, each in a process of its own, with the flags.
 * Without a name it lists what there is and runs the data path.
 */
import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const folder = import.meta.dirname
const suffix = '.bench.ts'
const nameDefault = 'data-path'

const argv = process.argv.slice(2)
const flagsFrom = argv.findIndex((arg) => arg.startsWith('-'))
const asked = flagsFrom < 0 ? argv : argv.slice(0, flagsFrom)
const flags = flagsFrom < 0 ? [] : argv.slice(flagsFrom)
const known = readdirSync(folder)
  .filter((file) => file.endsWith(suffix))
  .map((file) => file.slice(0, -suffix.length))
  .sort()

const unknown = asked.filter((name) => !known.includes(name))
if (unknown.length > 0) {
  console.error(`There is no benchmark "${unknown.join('" or "')}". There are: ${known.join(', ')}.`)
  process.exit(2)
}
if (asked.length === 0) {
  console.error(`Benchmarks: ${known.join(', ')}. One of them alone: npm run bench NAME`)
  console.error(`Without a name: ${nameDefault}.\n`)
}
for (const name of asked.length === 0 ? [nameDefault] : asked) {
  const code = await run(join(folder, `${name}${suffix}`))
  if (code !== 0) process.exit(code)
}

/** A signal goes on to the child, which cleans up behind itself; this process ends when the child has. */
function run(file: string): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [file, ...flags], { stdio: 'inherit' })
    const forward = (signal: NodeJS.Signals): void => void child.kill(signal)
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
    for (const signal of signals) process.on(signal, forward)
    child.on('close', (code, signal) => {
      for (const one of signals) process.off(one, forward)
      resolve(signal === null ? (code ?? 1) : 1)
    })
  })
}
