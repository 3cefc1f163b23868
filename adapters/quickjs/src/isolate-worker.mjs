// The worker's side: one isolate. A plain module, so that no thread loads what turns TypeScript into JavaScript.
import { parentPort, workerData } from 'node:worker_threads'
import { serve } from './isolate.mjs'

if (parentPort === null) throw new Error('isolate-worker.mjs runs as a worker thread only')
await serve(parentPort, workerData)
