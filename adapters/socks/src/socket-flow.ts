import type { Socket } from 'node:net'
import type { Flow, FlowEvents, StreamEnd } from '@anarq/qnet'

/** Read ahead of what the other side took, at most. */
const readBytesMax = 256 * 1024
/** Written ahead of what the socket took: more than two windows of a circuit's stream. */
const writeBytesMax = 16 * 1024 * 1024

/** A connected TCP socket as a flow. It must be one that may be half open; `connected` is not called. */
export function flowOfSocket(socket: Socket, events: Omit<FlowEvents, 'connected'>): Flow {
  let isOver = false
  let reading = 0
  let writing = 0
  let hasEnded = false
  let reason: StreamEnd | undefined
  let isCorked = false

  /** What is written in one go leaves in one system call: a circuit brings a cell at a time, and its link many at once. */
  const cork = (): void => {
    if (isCorked) return
    isCorked = true
    socket.cork()
    process.nextTick(() => {
      isCorked = false
      socket.uncork()
    })
  }
  const cut = (why: StreamEnd): void => {
    isOver = true
    // The other program must see that this was no orderly end.
    if (why === 'done') socket.destroy()
    else socket.resetAndDestroy()
  }
  socket.on('data', (bytes: Buffer) => {
    if (isOver) return
    reading += bytes.length
    if (reading > readBytesMax) socket.pause()
    events.data(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length))
  })
  socket.on('end', () => {
    hasEnded = true
    if (!isOver) events.ended()
  })
  socket.on('error', (error) => {
    reason = endOfError(error)
  })
  socket.on('close', () => {
    if (isOver) return
    isOver = true
    events.closed(reason ?? (hasEnded && socket.writableFinished ? 'done' : 'lost'))
  })
  // Whoever handed it over may have paused it, with bytes put back.
  socket.resume()
  return {
    write(bytes) {
      if (isOver || socket.writableEnded) return
      writing += bytes.length
      if (writing > writeBytesMax) {
        cut('resources')
        events.closed('resources')
        return
      }
      cork()
      socket.write(bytes, (error) => {
        writing -= bytes.length
        if (!error && !isOver) events.written(bytes.length)
      })
    },
    consumed(bytes) {
      reading = Math.max(0, reading - Math.max(0, bytes))
      if (!isOver && reading < readBytesMax / 2) socket.resume()
    },
    end() {
      if (!isOver) socket.end()
    },
    reset(why) {
      if (!isOver) cut(why)
    },
  }
}

/** What the operating system says, as coarse as streams say it. */
function endOfError(error: Error): StreamEnd {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ECONNREFUSED':
      return 'refused'
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
    case 'EACCES':
    case 'EPERM':
      return 'unreachable'
    case 'ETIMEDOUT':
      return 'timeout'
    case 'EMFILE':
    case 'ENFILE':
    case 'ENOBUFS':
      return 'resources'
    default:
      return 'lost'
  }
}
