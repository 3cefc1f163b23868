/**
 * The unit of everything that travels: 4,096 bytes at every hop, whatever is in it.
 *
 *     circuit u32 | command u8 | body 4,091
 *     body of a relay cell:  sealed 4,041 | tag 16 | tail 34
 *     a message in it:       command u8 | stream u16 | length u16 | data, at most 4,036
 */
export const cellBytes = 4096
export const bodyFrom = 5
export const bodyBytes: number = cellBytes - bodyFrom
export const hopsMax = 3
export const tagBytes = 16
/** What a hop takes off: its tag, and the command that says whether the cell is for it. */
export const layerBytes: number = tagBytes + 1
/** What the layers of the hops before have left behind. */
export const tailBytes: number = layerBytes * (hopsMax - 1)
export const plainBytes: number = bodyBytes - tagBytes - tailBytes
export const messageFrom = 5
export const dataBytesMax: number = plainBytes - messageFrom

/** Between two neighbours, in the clear for both. */
export const cellCommand = { padding: 0, create: 1, created: 2, relay: 3, destroy: 4 } as const

/** Inside the onion. `pass` says that the cell belongs to a hop further on. */
export const command = {
  pass: 0,
  extend: 1,
  extended: 2,
  rekey: 3,
  rekeyed: 4,
  switched: 5,
  drop: 6,
  ack: 7,
  begin: 10,
  connected: 11,
  data: 12,
  end: 13,
  reset: 14,
  credit: 15,
  resume: 16,
  resumed: 17,
  blocked: 18,
  resolve: 20,
  resolved: 21,
  associate: 22,
  datagram: 23,
} as const

export type Message = { readonly command: number; readonly stream: number; readonly data: Uint8Array }

/** Why a circuit ended, as coarse as it may be: a reason that says more would say it to every hop. */
export const endReason = { done: 0, protocol: 1, resources: 2, unreachable: 3, expired: 4 } as const
export type EndReason = keyof typeof endReason

const reasons = Object.keys(endReason) as EndReason[]

export function createCell(circuit: number, kind: number): Uint8Array {
  const cell = new Uint8Array(cellBytes)
  writeHeader(cell, circuit, kind)
  return cell
}

export function writeHeader(cell: Uint8Array, circuit: number, kind: number): void {
  cell[0] = circuit >>> 24
  cell[1] = circuit >>> 16
  cell[2] = circuit >>> 8
  cell[3] = circuit
  cell[4] = kind
}

export function circuitOf(cell: Uint8Array): number {
  return (((cell[0] as number) << 24) | ((cell[1] as number) << 16) | u16(cell, 2)) >>> 0
}

/** A cell of CREATE or CREATED: the length of the handshake, and the handshake. */
export function handshakeCell(circuit: number, kind: number, handshake: Uint8Array): Uint8Array {
  const cell = createCell(circuit, kind)
  cell[bodyFrom] = handshake.length >>> 8
  cell[bodyFrom + 1] = handshake.length
  cell.set(handshake, bodyFrom + 2)
  return cell
}

export function handshakeOf(cell: Uint8Array): Uint8Array | undefined {
  const length = u16(cell, bodyFrom)
  const from = bodyFrom + 2
  return from + length > cellBytes ? undefined : cell.subarray(from, from + length)
}

export function destroyCell(circuit: number, reason: EndReason): Uint8Array {
  const cell = createCell(circuit, cellCommand.destroy)
  cell[bodyFrom] = endReason[reason]
  return cell
}

export function reasonOf(cell: Uint8Array): EndReason {
  return reasons[cell[bodyFrom] as number] ?? 'protocol'
}

/** The plain text of a layer. Data over `dataBytesMax` is a defect of the caller's. */
export function writeMessage({ command: kind, stream, data }: Message): Uint8Array {
  if (data.length > dataBytesMax) throw new RangeError(`a message of ${data.length} bytes in a cell`)
  const plain = new Uint8Array(plainBytes)
  plain[0] = kind
  plain[1] = stream >>> 8
  plain[2] = stream
  plain[3] = data.length >>> 8
  plain[4] = data.length
  plain.set(data, messageFrom)
  return plain
}

export function readMessage(plain: Uint8Array): Message | undefined {
  const length = u16(plain, 3)
  if (plain.length !== plainBytes || length > dataBytesMax) return undefined
  const data = plain.subarray(messageFrom, messageFrom + length)
  return { command: plain[0] as number, stream: u16(plain, 1), data }
}

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
}
