// The worker's side. No TypeScript before the compile cache is on: Node would load a compiler for it, in each worker.
import { enableCompileCache } from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'

if (parentPort === null) throw new Error('sealer-worker.mjs runs as a worker thread only')
/** @type {import('./messages.ts').WorkerSettings} */
const { compileCache } = workerData
if (compileCache !== undefined) enableCompileCache(compileCache)
const { resolveFast } = await import('./resolution.mjs')
resolveFast()
const { serve } = await import('./serve.ts')
serve(parentPort)
