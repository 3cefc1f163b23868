import { createSocket } from 'node:dgram'
import { isIPv6, type Socket } from 'node:net'
import type { DatagramEvents, Datagrams } from '@anarq/qnet'
import {
  codeOfReason,
  type Request,
  readDatagram,
  replyCode,
  requestReply,
  writeDatagram,
} from './request.ts'

/**
 * UDP ASSOCIATE (RFC 1928 sections 4, 6 and 7): a port on the address at which the program came in, for that program's host
 * alone, as long as its TCP connection stands.
 */
export function openAssociation(
  tcp: Socket,
  { port: announcedPort }: Request,
  associate: (events: DatagramEvents) => Datagrams,
  connectMs: number,
): void {
  const localAddress = tcp.localAddress ?? '127.0.0.1'
  const client = tcp.remoteAddress
  const udp = createSocket(isIPv6(localAddress) ? 'udp6' : 'udp4')
  let clientPort = announcedPort
  let datagrams: Datagrams | undefined
  let isOver = false
  let isAnswered = false

  const answer = (reply: Uint8Array): void => {
    isAnswered = true
    clearTimeout(timer)
    if (reply[1] === replyCode.done) tcp.write(reply)
    else tcp.end(reply)
  }
  const finish = (code: number): void => {
    if (isOver) return
    isOver = true
    clearTimeout(timer)
    datagrams?.close()
    udp.close()
    if (!isAnswered) answer(requestReply(code))
    tcp.destroySoon()
  }
  const timer = setTimeout(() => finish(replyCode.expired), connectMs)
  udp.on('error', () => finish(replyCode.failure))
  udp.on('message', (packet, from) => {
    if (from.address !== client || (clientPort !== 0 && from.port !== clientPort)) return
    const datagram = readDatagram(packet)
    if (datagram === undefined) return
    // Who announced no port is known by the first whole datagram.
    clientPort = from.port
    datagrams?.send(datagram.host, datagram.port, datagram.bytes)
  })
  // What comes over the connection means nothing; that it ends does.
  tcp.resume()
  tcp.once('end', () => finish(replyCode.failure))
  tcp.once('close', () => finish(replyCode.failure))

  udp.bind({ address: localAddress, port: 0 }, () => {
    if (isOver) return
    datagrams = associate({
      connected() {
        if (!isOver && !isAnswered) answer(requestReply(replyCode.done, localAddress, udp.address().port))
      },
      datagram(host, port, bytes) {
        if (isOver || clientPort === 0 || client === undefined) return
        udp.send(writeDatagram({ host, port, bytes }), clientPort, client, () => {})
      },
      closed: (reason) => finish(codeOfReason(reason)),
    })
  })
}
