// Compiled code is kept in the installation, so that a command starts in a fraction of the time. It is never
// kept in a folder that others on the machine can write to.
import { enableCompileCache } from 'node:module'
import { fileURLToPath } from 'node:url'

enableCompileCache(fileURLToPath(new URL('../../../.cache/anarq', import.meta.url)))
const { run } = await import('./run.ts')
process.exitCode = await run(process.argv.slice(2))
