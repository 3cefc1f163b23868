import { Fault } from '@anarq/fault'

export type PipeEvents = {
  /** The bytes are the listener's until it returns. */
  readonly onData: (bytes: Uint8Array) => void
  /** After a `write` that was false: there is room again. */
  readonly onDrain: () => void
  /** Once, however it ended. */
  readonly onClosed: () => void
}

/** An ordered, reliable connection of bytes. What comes before `start` waits for it. */
export type Pipe = {
  /** The other side's network address, without its port, in its family's own spelling; empty where there is none. */
  readonly remoteAddress: string
  /** The other side's port, where its address and this one say where it is dialled from. */
  readonly remotePort?: number | undefined
  /** How it came to be; absent: one side dialled, the other let it in. */
  readonly way?: PipeWay | undefined
  start(events: PipeEvents): void
  /** At most 128 KiB. False asks to wait for `onDrain`. Never throws, and calls nobody back before it returns. */
  write(bytes: Uint8Array): boolean
  /** After what was written; a peer that does not take it is left after some seconds. */
  end(): void
}

/** Both sides dialled at once, or a third node passes the bytes on. */
export type PipeWay = 'punched' | 'relayed'

export type Listener = {
  /** Where it really listens: port 0 became a port. */
  readonly address: string
  /** Takes no more connections; those that are there stay. */
  close(): Promise<void>
}

/** A way to carry links. Implementations pass `testCarrier` of `@anarq/links/testing`. */
export type Carrier = {
  /** What its addresses begin with, before `://`. */
  readonly scheme: string
  /** `invalid.address`, or `unavailable.address` where nobody answers. */
  dial(address: string, signal: AbortSignal): Promise<Pipe>
  /** Left out where one can only dial, as in a browser. */
  listen?(address: string, onPipe: (pipe: Pipe) => void): Promise<Listener>
}

export const addressLengthMax = 256

/** The parts of `scheme://host:port/path`; `invalid.address` where it is none, or carries more than that. */
export function parseAddress(address: string, scheme: string): URL & { readonly port: string } {
  const url = address.length <= addressLengthMax && URL.canParse(address) ? new URL(address) : undefined
  const isPlain = url?.username === '' && url.password === '' && url.search === '' && url.hash === ''
  if (url === undefined || !isPlain || url.protocol !== `${scheme}:` || url.hostname === '')
    throw new Fault('invalid.address', `That is no address of the form ${scheme}://host:port.`)
  return url
}

/** The host of a URL, without the brackets of IPv6. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '')
}

/** Where both families come in by one socket, it shows IPv4 as IPv6 (RFC 4291 section 2.5.5.2). */
export function plainAddress(address = ''): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '')
}

export function schemeOf(address: string): string {
  return address.slice(0, Math.max(0, address.indexOf('://')))
}

export function unreachable(address: string, cause?: unknown): Fault {
  return new Fault('unavailable.address', `Nobody answers at ${address}. Try again later.`, { cause })
}
