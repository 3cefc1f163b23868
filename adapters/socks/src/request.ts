import { isIPv4, isIPv6 } from 'node:net'
import type { StreamEnd } from '@anarq/qnet'

/**
 * SOCKS5 byte by byte (RFC 1928; RFC 1929 for name and password). Each reader gives `more` while bytes are missing, and never
 * waits for bytes behind a wrong one.
 */
export type Read<T> =
  | { readonly kind: 'more' }
  | { readonly kind: 'wrong'; readonly reply?: Uint8Array }
  | { readonly kind: 'read'; readonly value: T; readonly bytes: number }

export type Method = 'none' | 'password'
export type Request = {
  readonly command: 'connect' | 'associate' | 'resolve'
  readonly host: string
  readonly port: number
}
export type Datagram = { readonly host: string; readonly port: number; readonly bytes: Uint8Array }

/** Section 6. */
export const replyCode = {
  done: 0,
  failure: 1,
  notAllowed: 2,
  networkUnreachable: 3,
  hostUnreachable: 4,
  refused: 5,
  expired: 6,
  commandUnknown: 7,
  addressUnknown: 8,
} as const

/** The longest greeting, name and password, and request together: more is not held. */
export const handshakeBytesMax = 1024

const more = { kind: 'more' } as const
const version = 5
const none = 0
const password = 2
const nobody = 255

/** Section 3. Name and password are chosen where they are offered: they say which streams may be seen together. */
export function readGreeting(bytes: Uint8Array): Read<Method> {
  if (bytes.length > 0 && bytes[0] !== version) return { kind: 'wrong' }
  const count = bytes[1]
  if (count === 0) return { kind: 'wrong', reply: Uint8Array.of(version, nobody) }
  if (count === undefined || bytes.length < 2 + count) return more
  const methods = bytes.subarray(2, 2 + count)
  if (methods.includes(password)) return { kind: 'read', value: 'password', bytes: 2 + count }
  if (methods.includes(none)) return { kind: 'read', value: 'none', bytes: 2 + count }
  return { kind: 'wrong', reply: Uint8Array.of(version, nobody) }
}

export function methodReply(method: Method): Uint8Array {
  return Uint8Array.of(version, method === 'password' ? password : none)
}

/** RFC 1929 section 2, as the key by which streams are kept apart. An empty password is taken: curl sends one. */
export function readPassword(bytes: Uint8Array): Read<string> {
  if (bytes.length > 0 && bytes[0] !== 1) return { kind: 'wrong', reply: Uint8Array.of(1, 1) }
  const nameBytes = bytes[1]
  if (nameBytes === undefined) return more
  const wordBytes = bytes[2 + nameBytes]
  const length = 3 + nameBytes + (wordBytes ?? 0)
  if (wordBytes === undefined || bytes.length < length) return more
  // With its lengths in front: the same text cut in two ways is two keys.
  return { kind: 'read', value: Buffer.from(bytes.subarray(1, length)).toString('latin1'), bytes: length }
}

export const passwordReply: Uint8Array = Uint8Array.of(1, 0)

/** Section 4, and a name looked up alone, as Tor's socks-extensions.txt (section 2) has it. */
const commands: Readonly<Record<number, Request['command']>> = {
  1: 'connect',
  3: 'associate',
  240: 'resolve',
}

export function readRequest(bytes: Uint8Array): Read<Request> {
  const [first, kind, reserved] = bytes
  if (first !== undefined && first !== version) return wrong(replyCode.failure)
  const command = commands[kind ?? 1]
  if (command === undefined) return wrong(replyCode.commandUnknown)
  if (reserved !== undefined && reserved !== 0) return wrong(replyCode.failure)
  if (reserved === undefined) return more
  const address = readAddress(bytes.subarray(3))
  if (address.kind !== 'read') return address
  const { host, port } = address.value
  if (kind === 1 && port === 0) return wrong(replyCode.failure)
  return {
    kind: 'read',
    value: { command, host, port },
    bytes: 3 + address.bytes,
  }
}

/** Section 5, with the port behind it. */
function readAddress(bytes: Uint8Array): Read<{ readonly host: string; readonly port: number }> {
  const kind = bytes[0]
  if (kind === undefined) return more
  if (kind !== 1 && kind !== 3 && kind !== 4) return wrong(replyCode.addressUnknown)
  if (kind === 3 && bytes[1] === undefined) return more
  if (kind === 3 && bytes[1] === 0) return wrong(replyCode.failure)
  const from = kind === 3 ? 2 : 1
  const length = kind === 1 ? 4 : kind === 4 ? 16 : (bytes[1] as number)
  if (bytes.length < from + length + 2) return more
  const raw = bytes.subarray(from, from + length)
  const host = kind === 3 ? nameOf(raw) : textOfIp(raw)
  if (host === undefined) return wrong(replyCode.failure)
  const port = ((bytes[from + length] as number) << 8) | (bytes[from + length + 1] as number)
  return { kind: 'read', value: { host, port }, bytes: from + length + 2 }
}

function wrong(code: number): { readonly kind: 'wrong'; readonly reply: Uint8Array } {
  return { kind: 'wrong', reply: requestReply(code) }
}

/** A name in UTF-8, without spaces and control characters. */
function nameOf(bytes: Uint8Array): string | undefined {
  const text = Buffer.from(bytes).toString('utf8')
  return /[\u0000-\u0020\u007f\ufffd]/.test(text) ? undefined : text
}

function textOfIp(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  const groups: string[] = []
  for (let at = 0; at < 16; at += 2)
    groups.push((((bytes[at] as number) << 8) | (bytes[at + 1] as number)).toString(16))
  return groups.join(':')
}

function bytesOfIpv6(host: string): Uint8Array {
  // The URL parser has the one spelling, in which the halves beside `::` can be counted.
  const plain = new URL(`http://[${host}]`).hostname.slice(1, -1)
  const [front = [], back = []] = plain.split('::').map((half) => (half === '' ? [] : half.split(':')))
  const zeros = Array<string>(8 - front.length - back.length).fill('0')
  return Uint8Array.from(
    [...front, ...zeros, ...back].flatMap((word) => [
      Number.parseInt(word, 16) >> 8,
      Number.parseInt(word, 16) & 255,
    ]),
  )
}

function writeAddress(host: string, port: number): Uint8Array {
  const end = [port >>> 8, port & 255]
  if (isIPv4(host)) return Uint8Array.from([1, ...host.split('.').map(Number), ...end])
  const bare = host.replace(/%.*$/s, '')
  if (isIPv6(bare)) return Uint8Array.from([4, ...bytesOfIpv6(bare), ...end])
  const name = Buffer.from(host).subarray(0, 255)
  return Uint8Array.from([3, name.length, ...name, ...end])
}

/** Section 6. Where a stream leaves the network is nobody's business: the address is empty but for UDP. */
export function requestReply(code: number, host = '0.0.0.0', port = 0): Uint8Array {
  return Uint8Array.from([version, code, 0, ...writeAddress(host, port)])
}

/** Section 7. Undefined: not one, or a part of one, which nobody is bound to put together. */
export function readDatagram(packet: Uint8Array): Datagram | undefined {
  if (packet[0] !== 0 || packet[1] !== 0 || packet[2] !== 0) return undefined
  const address = readAddress(packet.subarray(3))
  if (address.kind !== 'read' || address.value.port === 0) return undefined
  return { ...address.value, bytes: packet.slice(3 + address.bytes) }
}

export function writeDatagram({ host, port, bytes }: Datagram): Uint8Array {
  return Uint8Array.from([0, 0, 0, ...writeAddress(host, port), ...bytes])
}

/** An exit says `refused` both for a host that it lets nobody to and for one that refused it. */
export function codeOfReason(reason: StreamEnd): number {
  switch (reason) {
    case 'refused':
      return replyCode.refused
    case 'unreachable':
    case 'unresolved':
      return replyCode.hostUnreachable
    case 'timeout':
      return replyCode.expired
    default:
      return replyCode.failure
  }
}
