import type { Tools } from '../tools.ts'

/** A network of three relays whose SOCKS server is ready to be measured. */
export type Contender = {
  readonly name: string
  readonly socksPort: number
  /** Of the processes that carry bytes: client and relays. */
  readonly pids: readonly number[]
}

export type Setting = {
  readonly tools: Tools
  /** Ports from here on are this contender's: three for relays, three where they are dialled, and some more. */
  readonly firstPort: number
  /** One way, on each of the three links of a circuit. */
  readonly delayMs: number
}

/** The port at which a relay listens, and the one where it is dialled, which is that much further away. */
export function portsOf(firstPort: number, relay: number): { readonly real: number; readonly far: number } {
  return { real: firstPort + relay, far: firstPort + 10 + relay }
}

export async function makeFar({ tools, firstPort, delayMs }: Setting): Promise<void> {
  const pairs = [0, 1, 2].map((relay) => portsOf(firstPort, relay)).map(({ real, far }) => `${far}:${real}`)
  await tools.serve([process.execPath, `${import.meta.dirname}/delay.ts`, String(delayMs), ...pairs])
}
