import { primitives, wipe } from '@anarq/qlock'
import { command, layerBytes, plainBytes, tagBytes, tailBytes } from './cell.ts'

/**
 * One hop's layer of the onion, as both of its holders see it.
 *
 * A body is `sealed | tag | tail`. The layer is an AEAD over the sealed part with the tail as associated data, its nonce
 * the number of the cell, so that nothing of a body can change, repeat, be left out or come in another order. Forward, a
 * hop opens it, takes the command off in front, crosses the tail with its stream and puts 17 bytes of its stream
 * behind: as long as before, and as random. The client knows all streams and computes each tag over what will stand
 * there (the filler of Sphinx, Danezis and Goldberg 2009). Backward, a hop puts its command in front, seals, and lets the last
 * 17 bytes go, which the client makes again from the streams.
 */
export type Aead = {
  seal(key: Uint8Array, nonce: Uint8Array, plain: Uint8Array, aad: Uint8Array): Uint8Array
  open(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array, aad: Uint8Array): Uint8Array | undefined
}

/** Chosen by measurement: `bench/circuit.bench.ts`. */
export const cellAead: Aead = {
  seal: (key, nonce, plain, aad) => primitives.aesGcmSeal(key, nonce, plain, aad),
  open: (key, nonce, sealed, aad) => primitives.aesGcmOpen(key, nonce, sealed, aad),
}

/** One direction of one hop's layer: a key, a stream, and the number of the next cell, which cannot be had apart. */
export type Layer = {
  /** Seals and opens the cell that is next; `step` goes on to the one behind it. */
  seal(plain: Uint8Array, tail: Uint8Array): Uint8Array
  open(sealed: Uint8Array, tail: Uint8Array): Uint8Array | undefined
  /** 34 bytes for the tail and 17 for the filler of the cell that is next. */
  stream(): Uint8Array
  /** The next cell. */
  step(): void
  erase(): void
}

export const layerKeyBytes = 64
const sealedBytes: number = plainBytes + tagBytes
const streamBytes: number = tailBytes + layerBytes
const cellsPerBatch = 32
const zeros = new Uint8Array(streamBytes * cellsPerBatch)
const noAad = new Uint8Array(0)
/** Far below what AES-GCM bears under one key (NIST SP 800-38D section 8.3); keys live ten minutes. */
const cellsMax = 2 ** 31

/** Of 64 bytes of key: 32 for cells, 32 for the stream. */
export function createLayer(keys: Uint8Array, aead: Aead = cellAead): Layer {
  const cellKey = keys.slice(0, 32)
  const streamKey = keys.slice(32, layerKeyBytes)
  const nonce = new Uint8Array(12)
  const batchNonce = new Uint8Array(12)
  let count = 0
  let batch: Uint8Array = noAad
  let batchNumber = -1
  const at = (target: Uint8Array, number: number): Uint8Array => {
    target[8] = number >>> 24
    target[9] = number >>> 16
    target[10] = number >>> 8
    target[11] = number
    return target
  }
  return {
    seal: (plain, tail) => aead.seal(cellKey, at(nonce, count), plain, tail),
    open: (sealed, tail) => aead.open(cellKey, at(nonce, count), sealed, tail),
    stream() {
      const index = count % cellsPerBatch
      const number = (count - index) / cellsPerBatch
      if (number !== batchNumber) {
        batch = aead.seal(streamKey, at(batchNonce, number), zeros, noAad)
        batchNumber = number
      }
      return batch.subarray(index * streamBytes, (index + 1) * streamBytes)
    },
    step() {
      count += 1
      if (count >= cellsMax) throw new RangeError('a layer has sealed all the cells that its key may')
    },
    erase() {
      wipe(cellKey, streamKey, batch)
    },
  }
}

export type Opened =
  | { readonly kind: 'pass'; readonly body: Uint8Array }
  | { readonly kind: 'mine'; readonly plain: Uint8Array }

/** A hop takes its layer off a forward cell, or undefined: the circuit ends. `into` is where the next body goes. */
export function peelForward(layer: Layer, body: Uint8Array, into: Uint8Array): Opened | undefined {
  const tail = body.subarray(sealedBytes)
  const plain = layer.open(body.subarray(0, sealedBytes), tail)
  if (plain === undefined) return undefined
  if (plain[0] !== command.pass) {
    layer.step()
    return { kind: 'mine', plain }
  }
  const stream = layer.stream()
  into.set(plain.subarray(1), 0)
  crossInto(into, plainBytes - 1, tail, stream)
  into.set(stream.subarray(tailBytes), plainBytes - 1 + tailBytes)
  layer.step()
  return { kind: 'pass', body: into }
}

/** A hop puts its layer on a cell that goes back to the client, in a new body. */
export function coverBackward(layer: Layer, body: Uint8Array, into: Uint8Array): void {
  const plain = new Uint8Array(plainBytes)
  plain[0] = command.pass
  plain.set(body.subarray(0, plainBytes - 1), 1)
  crossInto(into, sealedBytes, body.subarray(plainBytes - 1, plainBytes - 1 + tailBytes), layer.stream())
  into.set(layer.seal(plain, into.subarray(sealedBytes)), 0)
  layer.step()
}

/** A hop begins a cell that goes back. */
export function sealBackward(layer: Layer, plain: Uint8Array, into: Uint8Array): void {
  into.set(layer.stream().subarray(0, tailBytes), sealedBytes)
  into.set(layer.seal(plain, into.subarray(sealedBytes)), 0)
  layer.step()
}

/** The client seals `plain` for the last of `layers`, hop after hop from behind. */
export function sealForward(
  layers: readonly Layer[],
  plain: Uint8Array,
  free: Uint8Array,
  into: Uint8Array,
): void {
  let next = into
  for (let hop = layers.length - 1; hop >= 0; hop -= 1) {
    const layer = layers[hop] as Layer
    const isLast = hop === layers.length - 1
    const body = new Uint8Array(sealedBytes + tailBytes)
    const tail = body.subarray(sealedBytes)
    if (isLast) tail.set(lastTail(layers, free))
    else crossInto(body, sealedBytes, next.subarray(plainBytes - 1), layer.stream())
    body.set(layer.seal(isLast ? plain : passing(next), tail), 0)
    next = body
  }
  for (const layer of layers) layer.step()
  into.set(next)
}

function passing(body: Uint8Array): Uint8Array {
  const plain = new Uint8Array(plainBytes)
  plain[0] = command.pass
  plain.set(body.subarray(0, plainBytes - 1), 1)
  return plain
}

/** What the tail will be when the cell comes to the last hop: what is free is random, the rest the hops' fillers. */
function lastTail(layers: readonly Layer[], free: Uint8Array): Uint8Array {
  const determined = new Uint8Array(tailBytes)
  for (let hop = 0; hop < layers.length - 1; hop += 1) {
    const stream = (layers[hop] as Layer).stream()
    const crossed = new Uint8Array(tailBytes)
    crossInto(crossed, 0, determined, stream)
    determined.set(crossed.subarray(layerBytes), 0)
    determined.set(stream.subarray(tailBytes), tailBytes - layerBytes)
  }
  determined.set(free.subarray(0, tailBytes - layerBytes * (layers.length - 1)), 0)
  return determined
}

/**
 * The client takes layers off a cell that came back, until one is a message: of which hop, and what. Undefined: not what any
 * hop sent next, and the circuit ends. Which hop began the cell is not known beforehand, but it decides the 17 bytes
 * that every hop between let go; the last hop is tried first, because it is nearly always the one.
 */
export function openBackward(
  layers: readonly Layer[],
  received: Uint8Array,
): { readonly hop: number; readonly plain: Uint8Array } | undefined {
  let body = received
  for (let hop = 0; hop < layers.length; hop += 1) {
    const layer = layers[hop] as Layer
    const plain = hop === 0 ? openPlain(layer, body) : openGuessing(layers, hop, body)
    if (plain === undefined) return undefined
    if (plain[0] !== command.pass) {
      for (let i = 0; i <= hop; i += 1) layers[i]?.step()
      return { hop, plain }
    }
    const next = new Uint8Array(sealedBytes + tailBytes)
    next.set(plain.subarray(1), 0)
    crossInto(next, plainBytes - 1, body.subarray(sealedBytes), layer.stream())
    body = next
  }
  return undefined
}

function openPlain(layer: Layer, body: Uint8Array): Uint8Array | undefined {
  return layer.open(body.subarray(0, sealedBytes), body.subarray(sealedBytes))
}

function openGuessing(layers: readonly Layer[], hop: number, body: Uint8Array): Uint8Array | undefined {
  for (let origin = layers.length - 1; origin >= hop; origin -= 1) {
    body.set(dropped(layers, hop, origin), body.length - layerBytes)
    const plain = openPlain(layers[hop] as Layer, body)
    if (plain !== undefined) return plain
  }
  return undefined
}

/** The last 17 bytes of the body that `hop` sent, had `origin` begun it. */
function dropped(layers: readonly Layer[], hop: number, origin: number): Uint8Array {
  let tail = (layers[origin] as Layer).stream().slice(0, tailBytes)
  for (let at = origin - 1; at >= hop; at -= 1) {
    // What stood in the sealed part in front is not known here, and lies in bytes that are not asked for.
    const shifted = new Uint8Array(tailBytes)
    shifted.set(tail.subarray(0, tailBytes - layerBytes), layerBytes)
    const crossed = new Uint8Array(tailBytes)
    crossInto(crossed, 0, shifted, (layers[at] as Layer).stream())
    tail = crossed
  }
  return tail.subarray(tailBytes - layerBytes)
}

/** `bytes` of a tail crossed with the stream, written at `from`. */
function crossInto(into: Uint8Array, from: number, bytes: Uint8Array, stream: Uint8Array): void {
  for (let i = 0; i < tailBytes; i += 1) into[from + i] = (bytes[i] as number) ^ (stream[i] as number)
}
