/** A node on the disk in a process of its own, for judges: `dav-serve.ts HOME` tells its address and a key to write with. */
import { openNode } from '@anarq/node'
import { serveNode } from '@anarq/node/serve'
import { passphrase } from './http-world.ts'

const [home = ''] = process.argv.slice(2)
const node = await openNode({ home, passphraseCost: { memoryKiB: 8, passes: 1, lanes: 1 } })
await node.operations.account.init({ name: 'alice', passphrase })
const faults: string[] = []
const served = await serveNode(node, {
  port: 0,
  host: '127.0.0.1',
  onFault: (fault) => faults.push(fault.stack ?? fault.message),
})
const { secret } = await node.operations.tools.create({ name: 'judge', door: 'webdav', rights: 'write' })
process.send?.({ address: served.address, secret })
process.on('message', async (message) => {
  if (message === 'memory') {
    process.send?.({ rssBytes: process.memoryUsage.rss() })
    return
  }
  await served.close()
  await node.close()
  process.send?.({ faults })
  process.disconnect?.()
})
