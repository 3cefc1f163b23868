/**
 * Cells of a circuit: what a client seals for three hops, and what one hop takes off, with either AEAD, beside what the same
 * work costs as Tor's relays did it (AES-128-CTR in three layers and SHA-1, 509 bytes a cell).
 *
 *   npm run bench circuit [-- --ms=1000]
 */
import { createCipheriv, createHash, randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { primitives } from '@anarq/qlock'
import { bodyBytes, command, dataBytesMax, tailBytes, writeMessage } from '../core/qnet/src/circuit/cell.ts'
import { type Aead, cellAead, createLayer, peelForward, sealForward } from '../core/qnet/src/circuit/layer.ts'
import { markdown } from './table.ts'

const { values } = parseArgs({ options: { ms: { type: 'string', default: '1000' } } })
const forMs = Number(values.ms)
const hops = 3
const torCellBytes = 509
const torDataBytes = 498

const chacha: Aead = {
  seal: (key, nonce, plain, aad) => primitives.chachaSeal(key, nonce, plain, aad),
  open: (key, nonce, sealed, aad) => primitives.chachaOpen(key, nonce, sealed, aad),
}

/** How often a second, by the processor's time of this process, so that neighbours on the machine count little. */
function rate(work: () => void): number {
  for (let i = 0; i < 200; i += 1) work()
  const started = process.cpuUsage()
  let [count, usedMs] = [0, 0]
  while (usedMs < forMs) {
    for (let i = 0; i < 64; i += 1) work()
    count += 64
    const { user, system } = process.cpuUsage(started)
    usedMs = (user + system) / 1000
  }
  return (count / usedMs) * 1000
}

function ours(aead: Aead): readonly [seal: number, peel: number] {
  const keys = Array.from({ length: hops }, () => randomBytes(64))
  const plain = writeMessage({ command: command.data, stream: 1, data: randomBytes(dataBytesMax) })
  const free = randomBytes(tailBytes)
  const [into, out] = [new Uint8Array(bodyBytes), new Uint8Array(bodyBytes)]
  const layers = keys.map((key) => createLayer(key, aead))
  const seal = (): void => sealForward(layers, plain, free, into)
  const sealed = rate(seal)
  // A relay takes cells in order: they are made outside of what is timed, and again when they run out.
  const relay = createLayer(keys[0] as Uint8Array, aead)
  const senders = keys.map((key) => createLayer(key, aead))
  const cells = Array.from({ length: 20_000 }, () => {
    const body = new Uint8Array(bodyBytes)
    sealForward(senders, plain, free, body)
    return body
  })
  const started = process.cpuUsage()
  for (const body of cells)
    if (peelForward(relay, body, out)?.kind !== 'pass') throw new Error('a cell was refused')
  const { user, system } = process.cpuUsage(started)
  return [sealed, (cells.length / (user + system)) * 1e6]
}

function tor(): readonly [seal: number, peel: number] {
  const ciphers = Array.from({ length: hops }, () =>
    createCipheriv('aes-128-ctr', randomBytes(16), Buffer.alloc(16)),
  )
  const digest = createHash('sha1')
  const cell = randomBytes(torCellBytes)
  const seal = (): void => {
    digest.update(cell)
    digest.copy().digest()
    let onion: Uint8Array = cell
    for (const cipher of ciphers) onion = cipher.update(onion)
  }
  return [rate(seal), rate(() => ciphers[0]?.update(cell))]
}

const rows = (
  [
    ['AES-256-GCM', ours(cellAead), dataBytesMax],
    ['ChaCha20-Poly1305', ours(chacha), dataBytesMax],
    ['Tor: AES-128-CTR and SHA-1', tor(), torDataBytes],
  ] as const
).map(([name, [seal, peel], bytes]) => [
  name,
  Math.round(seal).toLocaleString('en'),
  ((seal * bytes) / 1e6).toFixed(0),
  Math.round(peel).toLocaleString('en'),
  ((peel * bytes) / 1e6).toFixed(0),
])
console.log(markdown(['cells', 'client seals /s', 'MB/s', 'one hop peels /s', 'MB/s'], rows))
