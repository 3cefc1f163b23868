/**
 * Makes a path long: each connection is handed on to another port, and every byte of it comes so much later, in either direction. For
 * machines whose kernel has no netem. Arguments: milliseconds one way, and `from:to` for each port.
 */
import { connect, createServer, type Socket } from 'node:net'

/** More than any window of what is measured: the delay holds nobody up but by being one. */
const waitingBytesMax = 64 * 1024 * 1024
const [delayText, ...pairs] = process.argv.slice(2) as [string, ...string[]]
const delayMs = Number(delayText)

await Promise.all(
  pairs.map((pair) => {
    const [from, to] = pair.split(':').map(Number)
    const server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
      const far = connect({ host: '127.0.0.1', port: to as number, noDelay: true, allowHalfOpen: true })
      later(near, far)
      later(far, near)
    })
    return new Promise<void>((resolve) => server.listen(from, '127.0.0.1', resolve))
  }),
)
console.log('ready')

function later(from: Socket, to: Socket): void {
  const waiting: { readonly dueMs: number; readonly bytes: Buffer | undefined }[] = []
  let waitingBytes = 0
  let timer: NodeJS.Timeout | undefined
  let isFull = false
  const give = (): void => {
    timer = undefined
    // Timers of Node come up to a millisecond early or late.
    const nowMs = performance.now() + 0.5
    while (!isFull && (waiting[0]?.dueMs ?? Number.POSITIVE_INFINITY) <= nowMs) {
      const { bytes } = waiting.shift() as (typeof waiting)[number]
      if (bytes === undefined) to.end()
      else {
        waitingBytes -= bytes.length
        isFull = !to.write(bytes)
      }
    }
    if (from.isPaused() && waitingBytes < waitingBytesMax / 2) from.resume()
    const next = waiting[0]
    if (next !== undefined && !isFull) timer = setTimeout(give, Math.max(0, next.dueMs - nowMs))
  }
  const keep = (bytes: Buffer | undefined): void => {
    waiting.push({ dueMs: performance.now() + delayMs, bytes })
    waitingBytes += bytes?.length ?? 0
    if (waitingBytes >= waitingBytesMax) from.pause()
    if (timer === undefined && !isFull) give()
  }
  from.on('data', keep).on('end', () => keep(undefined))
  from.on('error', () => {}).on('close', () => setTimeout(() => to.destroy(), delayMs))
  to.on('drain', () => {
    isFull = false
    if (timer === undefined) give()
  })
}
