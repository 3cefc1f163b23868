import type { DatagramEvents, Datagrams, Exit, Flow, FlowEvents, StreamEnd } from '../flow.ts'
import type { ExitPolicy } from './policy.ts'

/** Sockets and a resolver, as an exit needs them. Addresses are text in the policy's spelling; nothing is looked up here. */
export type Outside = {
  lookup(name: string, done: (addresses: readonly string[]) => void): void
  dial(address: string, port: number, events: FlowEvents): Flow
  datagrams(events: {
    connected(): void
    datagram(address: string, port: number, bytes: Uint8Array): void
    closed(reason: StreamEnd): void
  }): { send(address: string, port: number, bytes: Uint8Array): void; close(): void }
}
export type ExitOptions = { readonly policy: ExitPolicy; readonly outside: Outside }

/** Addresses of one name that are dialled one after the other. */
const attemptsMax = 3
/** Datagrams to names that wait for their look-up, of one association. */
const lookupsMax = 16
const namesMax = 64

/**
 * The exit: each host is judged, its name looked up once, each address judged, and that very address dialled, so that a
 * second answer of the name's server changes nothing (rebinding).
 */
export function createExit({ policy, outside }: ExitOptions): Exit {
  /** Allowed addresses of a host: undefined where it is refused. */
  const addressesOf = (
    host: string,
    port: number,
    done: (addresses: readonly string[] | undefined, wasFound: boolean) => void,
  ): void => {
    const destination = policy.judgeHost(host, port)
    if (destination === undefined) {
      done(undefined, false)
      return
    }
    if (destination.kind === 'address') {
      done([destination.address], true)
      return
    }
    outside.lookup(destination.name, (found) => {
      const allowed = found.map((address) => policy.judgeAddress(address)).filter((one) => one !== undefined)
      done(allowed.length === 0 && found.length > 0 ? undefined : allowed, found.length > 0)
    })
  }
  return {
    connect: (host, port, events) => dialHost(host, port, events, { addressesOf, outside }),
    resolve(host, done) {
      // A look-up alone is judged as one for the web would be.
      addressesOf(host, 443, (addresses = []) => done(addresses))
    },
    datagrams: (events) => associate(events, { addressesOf, outside }),
  }
}

type Inside = {
  readonly addressesOf: (
    host: string,
    port: number,
    done: (addresses: readonly string[] | undefined, wasFound: boolean) => void,
  ) => void
  readonly outside: Outside
}

function dialHost(host: string, port: number, events: FlowEvents, { addressesOf, outside }: Inside): Flow {
  let out: Flow | undefined
  let isOver = false
  let isConnected = false
  /** As much as a stream's first window: credit for more comes when it has gone. */
  const early: Uint8Array[] = []
  let isEnding = false

  const dial = (addresses: readonly string[], attempt: number): void => {
    const address = addresses[attempt]
    if (isOver || address === undefined) return
    out = outside.dial(address, port, {
      ...events,
      connected() {
        isConnected = true
        events.connected()
        for (const bytes of early.splice(0)) out?.write(bytes)
        if (isEnding) out?.end()
      },
      closed(reason) {
        if (isOver) return
        const isLast = attempt + 1 >= Math.min(addresses.length, attemptsMax)
        if (!isConnected && !isLast) return dial(addresses, attempt + 1)
        isOver = true
        events.closed(reason)
      },
    })
  }
  addressesOf(host, port, (addresses, wasFound) => {
    if (isOver) return
    if (addresses !== undefined && addresses.length > 0) return dial(addresses, 0)
    isOver = true
    events.closed(addresses === undefined || wasFound ? 'refused' : 'unresolved')
  })
  return {
    write: (bytes) => (isConnected ? out?.write(bytes) : early.push(bytes)),
    consumed: (bytes) => out?.consumed(bytes),
    end() {
      isEnding = true
      if (isConnected) out?.end()
    },
    reset(reason) {
      isOver = true
      early.length = 0
      out?.reset(reason)
    },
  }
}

function associate(events: DatagramEvents, { addressesOf, outside }: Inside): Datagrams {
  /** Names of this association and what they were looked up to, once. */
  const known = new Map<string, string>()
  let lookups = 0
  const inner = outside.datagrams(events)
  return {
    send(host, port, bytes) {
      const before = known.get(`${port} ${host}`)
      if (before !== undefined) return inner.send(before, port, bytes)
      if (lookups >= lookupsMax) return
      lookups += 1
      addressesOf(host, port, (addresses) => {
        lookups -= 1
        const address = addresses?.[0]
        if (address === undefined) return
        if (known.size >= namesMax) known.clear()
        known.set(`${port} ${host}`, address)
        inner.send(address, port, bytes)
      })
    },
    close: inner.close,
  }
}
