/**
 * A stream of bytes, as both sides of it are told. `Flow` takes what goes there, `FlowEvents` hears what comes from there;
 * two of them are joined by crossing them (`joinFlows`), and what one has not let go of yet is not asked for from the other.
 */
export type Flow = {
  /** The bytes are the flow's from now on. Whoever writes more than a window ahead of `written` is cut off. */
  write(bytes: Uint8Array): void
  /** So many bytes of what `data` brought were used: as many more may come. */
  consumed(bytes: number): void
  /** Nothing more will be written; what comes from there still comes. */
  end(): void
  /** Ends both directions at once. `closed` is not called for it. */
  reset(reason: StreamEnd): void
}
export type FlowEvents = {
  connected(): void
  data(bytes: Uint8Array): void
  /** So many of the bytes written have gone. */
  written(bytes: number): void
  /** Nothing more comes from there. */
  ended(): void
  /** Both directions are over; nothing is called after it. */
  closed(reason: StreamEnd): void
}

/** Why a stream ended. On the wire the place in this list. */
export const streamEnds = [
  'done',
  'protocol',
  'refused',
  'unreachable',
  'unresolved',
  'timeout',
  'resources',
  'lost',
  'cancelled',
] as const
export type StreamEnd = (typeof streamEnds)[number]

export function codeOfEnd(reason: StreamEnd): number {
  return streamEnds.indexOf(reason)
}

export function endOfCode(code: number | undefined): StreamEnd {
  return streamEnds[code ?? 1] ?? 'protocol'
}

/** Where a stream of the last hop's goes: to a host outside, or to a service of that node itself. */
export type Target =
  | {
      readonly kind: 'host'
      readonly host: string
      readonly port: number
      /**
       * What is written before the stream is connected goes out with the request for it, and once more with another one where that
       * came to nothing. Only for what may arrive twice, as the greeting of TLS may.
       */
      readonly isEarly?: boolean
    }
  | { readonly kind: 'service'; readonly service: string }

/** What an exit can do; `@anarq/socks` has it over sockets. What it calls back may come at once or later. */
export type Exit = {
  connect(host: string, port: number, events: FlowEvents): Flow
  /** Addresses as text; none where the name has none that may be reached. */
  resolve(host: string, done: (addresses: readonly string[]) => void): void
  datagrams(events: DatagramEvents): Datagrams
}
/** Services of this node that circuits may end at. Undefined: there is none of this name. */
export type Services = {
  connect(service: string, events: FlowEvents): Flow | undefined
}
export type Datagrams = {
  send(host: string, port: number, bytes: Uint8Array): void
  close(): void
}
export type DatagramEvents = {
  /** The association stands. */
  connected(): void
  datagram(host: string, port: number, bytes: Uint8Array): void
  closed(reason: StreamEnd): void
}

/**
 * Events that hand everything on to another flow. `done` is not handed on: each side is done by itself, and the other one may
 * still have bytes to send.
 */
export function joinFlows(to: () => Flow | undefined): Omit<FlowEvents, 'connected'> {
  return {
    data: (bytes) => to()?.write(bytes),
    written: (bytes) => to()?.consumed(bytes),
    ended: () => to()?.end(),
    closed(reason) {
      if (reason !== 'done') to()?.reset(reason)
    },
  }
}
