import { asFault, type Fault } from '@anarq/fault'
import type { World } from '@anarq/qnet'
import { openSocks, type Socks } from '@anarq/socks'

export type SocksDoorOptions = {
  readonly streams: Parameters<typeof openSocks>[0]['streams']
  /** On 127.0.0.1; 0 takes a free one. */
  readonly port: number
  readonly world: Pick<World, 'after'>
  readonly againMs?: number
  onFault(fault: Fault): void
  /** It is open now, or failed for the first time. */
  onChanged(): void
}

/** The door for programs. A port that is taken keeps nothing else from standing: it is tried again until it can be had. */
export type SocksDoor = {
  readonly port: number
  /** Undefined while the port cannot be had. */
  current(): Socks | undefined
  /** Why it is not open. */
  fault(): Fault | undefined
  close(): Promise<void>
}

const againMsDefault = 5_000

/** Resolves when it was tried once. */
export async function openSocksDoor(options: SocksDoorOptions): Promise<SocksDoor> {
  const { streams, port, world, againMs = againMsDefault, onFault, onChanged } = options
  let socks: Socks | undefined
  let fault: Fault | undefined
  let isClosed = false
  let trying: Promise<void> = Promise.resolve()
  let stopTimer = (): void => {}

  async function open(): Promise<void> {
    try {
      socks = await openSocks({ streams, port })
      fault = undefined
      onChanged()
    } catch (error) {
      const isFirst = fault === undefined
      fault = asFault(error)
      if (!isClosed)
        stopTimer = world.after(againMs, () => {
          trying = open()
        })
      if (isFirst) {
        onFault(fault)
        onChanged()
      }
    }
  }

  await open()
  return {
    port,
    current: () => socks,
    fault: () => fault,
    async close() {
      isClosed = true
      stopTimer()
      await trying
      stopTimer()
      await socks?.close()
    },
  }
}
