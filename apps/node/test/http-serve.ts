/** A node in a process of its own, for tests: `http-serve.ts HOME` opens it, `http-serve.ts HOME memory` one whose content goes nowhere. */
import { openHttpDoor, socketOf } from '@anarq/http'

const [home = '', how] = process.argv.slice(2)
let peakBytes = 0
setInterval(() => {
  peakBytes = Math.max(peakBytes, process.memoryUsage.rss())
}, 20).unref()

const close = how === 'memory' ? await serveMemory() : await serveDisk()
process.send?.('ready')
process.on('message', async (message) => {
  if (message === 'memory') process.send?.({ peakBytes, rssBytes: process.memoryUsage.rss() })
  else {
    await close()
    process.disconnect?.()
  }
})

async function serveDisk(): Promise<() => Promise<void>> {
  const { openNode } = await import('@anarq/node')
  const { serveNode } = await import('@anarq/node/serve')
  const node = await openNode({ home })
  const served = await serveNode(node, { port: 0, host: '127.0.0.1' })
  return async () => {
    await served.close()
    await node.close()
  }
}

/** A whole kernel over a store that names and counts the blocks of content, and forgets them. */
async function serveMemory(): Promise<() => Promise<void>> {
  const { createKernel } = await import('@anarq/kernel')
  const { createMemoryPorts } = await import('@anarq/kernel/testing')
  const { createCedar } = await import('@anarq/cedar')
  const { systemClock: clock } = await import('@anarq/clock')
  const { systemRandom: random } = await import('@anarq/random')
  const ports = createMemoryPorts({ clock, random, createPolicies: createCedar })
  const blocks: typeof ports.blocks = {
    ...ports.blocks,
    putSealed: async (sealed) => ({
      blocks: sealed.length,
      bytes: sealed.reduce((sum, { parts }) => sum + parts.reduce((all, { length }) => all + length, 0), 0),
    }),
  }
  const kernel = await createKernel({ ports: { ...ports, blocks }, version: '0' })
  const stats = { blocks: 0, liveBytes: 0, fileBytes: 0, damaged: 0 }
  const door = await openHttpDoor({
    kernel,
    blocks,
    stats: async () => stats,
    port: 0,
    socket: socketOf(home),
  })
  return async () => {
    await door.close()
    await kernel.close()
  }
}
