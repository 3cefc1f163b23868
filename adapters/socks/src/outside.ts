import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { Resolver } from 'node:dns'
import { connect, isIPv6 } from 'node:net'
import type { Flow, FlowEvents, StreamEnd } from '@anarq/qnet'
import type { Outside } from '@anarq/qnet/exit'
import { flowOfSocket } from './socket-flow.ts'

export type OutsideOptions = {
  /** `address:port` of name servers; the system's where none is named. */
  readonly nameServers?: readonly string[]
  readonly connectionsMax?: number
  readonly lookupsMax?: number
  readonly associationsMax?: number
  readonly connectMs?: number
  readonly lookupMs?: number
}

/** Of one association: hosts that may answer are those that were written to. */
const hostsMax = 256

/**
 * Sockets for an exit. It opens what it is told to: what may be told stands in the exit's policy. Names go to name servers alone
 * (never to this machine's table of hosts), and without the threads that files need.
 */
export function createOutside({
  nameServers,
  connectionsMax = 4096,
  lookupsMax = 256,
  associationsMax = 256,
  connectMs = 8000,
  lookupMs = 2000,
}: OutsideOptions = {}): Outside {
  const resolver = new Resolver({ timeout: lookupMs, tries: 2 })
  if (nameServers !== undefined) resolver.setServers([...nameServers])
  const counts = { connections: 0, lookups: 0, associations: 0 }
  return {
    lookup(name, done) {
      if (counts.lookups >= lookupsMax) {
        done([])
        return
      }
      counts.lookups += 1
      lookUp(resolver, name, (addresses) => {
        counts.lookups -= 1
        done(addresses)
      })
    },
    dial(address, port, events) {
      if (counts.connections >= connectionsMax) return closedFlow(() => events.closed('resources'))
      counts.connections += 1
      return dialSocket(address, port, connectMs, events, () => {
        counts.connections -= 1
      })
    },
    datagrams(events) {
      if (counts.associations >= associationsMax) {
        queueMicrotask(() => events.closed('resources'))
        return { send() {}, close() {} }
      }
      counts.associations += 1
      return openDatagrams(events, () => {
        counts.associations -= 1
      })
    },
  }
}

/** IPv4 first: an exit has it more often than IPv6. */
function lookUp(resolver: Resolver, name: string, done: (addresses: readonly string[]) => void): void {
  const found: [readonly string[], readonly string[]] = [[], []]
  let open = 2
  const take = (place: 0 | 1) => (error: Error | null, addresses: readonly string[] | undefined) => {
    if (error === null && addresses !== undefined) found[place] = addresses
    open -= 1
    if (open === 0) done(found.flat())
  }
  resolver.resolve4(name, take(0))
  resolver.resolve6(name, take(1))
}

function dialSocket(
  address: string,
  port: number,
  connectMs: number,
  events: FlowEvents,
  onClosed: () => void,
): Flow {
  const socket = connect({ host: address, port, noDelay: true, allowHalfOpen: true })
  let failure: StreamEnd | undefined
  const timer = setTimeout(() => {
    failure = 'timeout'
    socket.destroy()
  }, connectMs)
  socket.once('connect', () => {
    clearTimeout(timer)
    events.connected()
  })
  socket.once('close', () => {
    clearTimeout(timer)
    onClosed()
  })
  return flowOfSocket(socket, { ...events, closed: (reason) => events.closed(failure ?? reason) })
}

function closedFlow(tell: () => void): Flow {
  queueMicrotask(tell)
  return { write() {}, consumed() {}, end() {}, reset() {} }
}

type DatagramsOutside = ReturnType<Outside['datagrams']>

function openDatagrams(events: Parameters<Outside['datagrams']>[0], onClosed: () => void): DatagramsOutside {
  const sockets = new Map<'udp4' | 'udp6', UdpSocket>()
  const writtenTo = new Set<string>()
  let isOver = false
  const close = (): void => {
    if (isOver) return
    isOver = true
    for (const socket of sockets.values()) socket.close()
    sockets.clear()
    onClosed()
  }
  const socketFor = (kind: 'udp4' | 'udp6'): UdpSocket => {
    const known = sockets.get(kind)
    if (known !== undefined) return known
    const socket = createSocket(kind)
    socket.on('error', () => {
      close()
      events.closed('lost')
    })
    socket.on('message', (bytes, from) => {
      const address = plainOf(from.address)
      if (!isOver && writtenTo.has(`${address} ${from.port}`))
        events.datagram(address, from.port, new Uint8Array(bytes))
    })
    sockets.set(kind, socket)
    return socket
  }
  queueMicrotask(() => {
    if (!isOver) events.connected()
  })
  return {
    send(address, port, bytes) {
      if (isOver) return
      const to = `${plainOf(address)} ${port}`
      writtenTo.delete(to)
      writtenTo.add(to)
      if (writtenTo.size > hostsMax) writtenTo.delete(writtenTo.values().next().value as string)
      // What a network does not take is lost, as datagrams are.
      socketFor(isIPv6(address) ? 'udp6' : 'udp4').send(bytes, port, address, () => {})
    },
    close,
  }
}

/** The one spelling of an address: the policy and the socket write IPv6 differently. */
function plainOf(address: string): string {
  return isIPv6(address) ? new URL(`http://[${address.replace(/%.*$/s, '')}]`).hostname.slice(1, -1) : address
}
