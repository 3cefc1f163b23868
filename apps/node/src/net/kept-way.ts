import { asFault, type Fault } from '@anarq/fault'
import { decodeCbor, encodeCbor, readFields, readInt, readText } from '@anarq/ipld'
import type { SmallFile } from '@anarq/kernel'
import type { NetworkWay, NetworkWayFacts } from '@anarq/sdk'
import type { NetSettings } from './net.ts'
import { everywhere } from './scope.ts'

/** How this node meets others, as somebody chose on its screen: kept in the home. */
export type KeptWay = {
  current(): NetworkWay
  write(way: NetworkWay): Promise<void>
}

/** Where other nodes come in, where nobody says another port. */
const portDefault = 4610
const off: NetworkWay = { way: 'off', port: portDefault }
const ways = ['off', 'out', 'listen'] as const
const what = 'How this node meets others'

/** What does not read is told of, and the node then only goes out when it has something to ask. */
export async function openKeptWay(file: SmallFile, onFault: (fault: Fault) => void): Promise<KeptWay> {
  let way = off
  try {
    const bytes = await file.read()
    if (bytes !== undefined) way = readWay(bytes)
  } catch (error) {
    onFault(asFault(error))
  }
  return {
    current: () => way,
    async write(chosen) {
      await file.write(encodeCbor({ v: 1, ...chosen, giveBytes: chosen.giveBytes ?? null }))
      way = chosen
    },
  }
}

function readWay(bytes: Uint8Array): NetworkWay {
  const fields = readFields(decodeCbor(bytes, what), ['v', 'way', 'port', 'giveBytes'], what)
  readInt(fields.v, 'Its version', { min: 1, max: 1 })
  const text = readText(fields.way, what, { max: 10 })
  const port = readInt(fields.port, 'Its port', { min: 1, max: 65_535 })
  const way = ways.find((one) => one === text) ?? off.way
  return fields.giveBytes === null
    ? { way, port }
    : { way, port, giveBytes: readInt(fields.giveBytes, 'What it gives') }
}

export function settingsOf({ way, port, giveBytes }: NetworkWay): NetSettings {
  if (way === 'off') return {}
  return {
    isAmongOthers: true,
    ...(way === 'listen' ? { listen: `tcp://${everywhere()}:${port}` } : {}),
    ...(giveBytes === undefined ? {} : { keeping: { heldBytesMax: giveBytes } }),
  }
}

/** What was said by the line that started it, in the same words. */
export function wayOf({ isAmongOthers, listen, keeping }: NetSettings): NetworkWayFacts {
  const port = Number(/:(\d+)$/.exec(listen ?? '')?.[1] ?? portDefault)
  const giveBytes = keeping?.heldBytesMax
  const way = isAmongOthers !== true ? 'off' : listen === undefined ? 'out' : 'listen'
  return { way, port, ...(giveBytes === undefined ? {} : { giveBytes }), isFixed: true }
}
