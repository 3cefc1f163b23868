import { join } from 'node:path'
import { toHex } from '@anarq/bytes'
import { systemRandom } from '@anarq/random'
import { type Contender, makeFar, portsOf, type Setting } from './contender.ts'
import type { NodePlan } from './ours-node.ts'

/** Three relays and a client of ours, each a process. */
export async function startOurs(setting: Setting): Promise<Contender> {
  const { tools, firstPort } = setting
  await makeFar(setting)
  const relays = [0, 1, 2].map((relay) => ({ seeds: seeds(), port: portsOf(firstPort, relay).far }))
  const start = (plan: NodePlan) =>
    tools.serve([process.execPath, join(import.meta.dirname, 'ours-node.ts'), JSON.stringify(plan)])
  const services = [2, 1, 0].map((relay) =>
    start({
      seeds: (relays[relay] as (typeof relays)[number]).seeds,
      port: portsOf(firstPort, relay).real,
      isExit: relay === 2,
      relays,
    }),
  )
  const started = await Promise.all(services)
  const client = await start({ seeds: seeds(), relays })
  return {
    name: 'anarq',
    socksPort: Number(client.line.split(' ')[1]),
    pids: [...started, client].map(({ pid }) => pid),
  }
}

function seeds(): NodePlan['seeds'] {
  return [0, 1, 2].map(() => toHex(systemRandom.bytes(32))) as unknown as NodePlan['seeds']
}
