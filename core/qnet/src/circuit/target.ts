import { concatBytes, fromUtf8, toUtf8 } from '@anarq/bytes'
import type { Target } from '../flow.ts'

/** What BEGIN, RESOLVE and DATAGRAM say. A host is a name or an address as text; what it may be is the exit's to judge. */
export type Begin = { readonly target: Target; readonly token?: Uint8Array }

export const tokenBytes = 16
const hostBytesMax = 255
const kinds = { host: 0, service: 1, keptService: 2 } as const

/** With a token the stream is kept: it outlives its circuit. */
export function writeBegin({ target, token }: Begin): Uint8Array {
  if (target.kind === 'host')
    return concatBytes(Uint8Array.of(kinds.host), writeHost(target.host, target.port))
  const name = fromUtf8(target.service)
  if (token === undefined) return concatBytes(Uint8Array.of(kinds.service), name)
  return concatBytes(Uint8Array.of(kinds.keptService), token, name)
}

export function readBegin(data: Uint8Array): Begin | undefined {
  const rest = data.subarray(1)
  if (data[0] === kinds.host) {
    const host = readHost(rest)
    if (host === undefined || host.bytes !== rest.length || host.port === 0) return undefined
    return { target: { kind: 'host', host: host.host, port: host.port } }
  }
  if (data[0] === kinds.service) return serviceOf(rest)
  if (data[0] !== kinds.keptService || rest.length <= tokenBytes) return undefined
  const begin = serviceOf(rest.subarray(tokenBytes))
  return begin && { ...begin, token: rest.slice(0, tokenBytes) }
}

/** `port u16 | length u8 | host`. A host of more than 255 bytes is a defect of the caller's. */
export function writeHost(host: string, port: number): Uint8Array {
  const bytes = fromUtf8(host)
  if (bytes.length > hostBytesMax) throw new RangeError(`a host of ${bytes.length} bytes`)
  return concatBytes(Uint8Array.of(port >>> 8, port, bytes.length), bytes)
}

export function readHost(data: Uint8Array): { host: string; port: number; bytes: number } | undefined {
  const length = data[2]
  if (length === undefined || length === 0 || data.length < 3 + length) return undefined
  const host = textOf(data.subarray(3, 3 + length))
  const port = ((data[0] as number) << 8) | (data[1] as number)
  return host === undefined ? undefined : { host, port, bytes: 3 + length }
}

export function isHostText(host: string): boolean {
  const bytes = fromUtf8(host).length
  return bytes > 0 && bytes <= hostBytesMax && textOf(fromUtf8(host)) !== undefined
}

function serviceOf(bytes: Uint8Array): Begin | undefined {
  const service = textOf(bytes)
  if (service === undefined || !/^[a-z0-9][a-z0-9.-]{0,63}$/.test(service)) return undefined
  return { target: { kind: 'service', service } }
}

/** UTF-8 without control characters or spaces. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    const text = toUtf8(bytes)
    return /[\u0000-\u0020\u007f]/.test(text) ? undefined : text
  } catch {
    return undefined
  }
}

/** At most 16 addresses as text, each behind its length. */
export function writeAddresses(addresses: readonly string[]): Uint8Array {
  const texts = addresses.slice(0, 16).map((address) => fromUtf8(address).subarray(0, 64))
  return concatBytes(...texts.flatMap((text) => [Uint8Array.of(text.length), text]))
}

export function readAddresses(data: Uint8Array): readonly string[] | undefined {
  const addresses: string[] = []
  for (let at = 0; at < data.length; ) {
    const length = data[at] as number
    const text = textOf(data.subarray(at + 1, at + 1 + length))
    if (length === 0 || at + 1 + length > data.length || text === undefined) return undefined
    addresses.push(text)
    at += 1 + length
  }
  return addresses.length > 16 ? undefined : addresses
}
