/** The worker's side. What it works with loads once the compile cache is on. */
import { enableCompileCache } from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'
import type { WorkerSettings } from './messages.ts'

if (parentPort === null) throw new Error('sealer-worker.ts runs as a worker thread only')
const { compileCache } = workerData as WorkerSettings
if (compileCache !== undefined) enableCompileCache(compileCache)
const { serve } = await import('./serve.ts')
serve(parentPort)
