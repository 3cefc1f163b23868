// Closes a sealer while the answer of its worker is on its way: it comes while nothing of this thread runs.
import { createThreadSealer } from '@anarq/threads'

const sealer = createThreadSealer({ threads: 1, windowBytes: 1024 * 1024, windowsMax: 1 })
const window = await sealer.window()
const seal = (): Promise<unknown> =>
  sealer.seal(window, [{ from: 0, to: 1000, sealedAt: 0 }], { chunkSecret: new Uint8Array(32) })
await seal()
const sealing = seal().catch(() => {})
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50)
await sealer.close()
await sealing
console.log('closed')
