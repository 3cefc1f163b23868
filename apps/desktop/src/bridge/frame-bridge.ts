/** The bridge of one frame with all that lies behind it: calls and content as its app, in transfers of its own. */
import { toHex } from '@anarq/bytes'
import type { Fault } from '@anarq/fault'
import type { Client } from '../client/port.ts'
import { type Bridge, createBridge } from './bridge.ts'
import { callsWithFiles, createContentCalls, pacedCalls } from './content-calls.ts'
import { createFrameCalls, type FramePorts } from './frame-calls.ts'
import { createFrameMedia } from './frame-media.ts'
import type { Reply } from './message.ts'
import { createTransfers } from './transfers.ts'

export type FrameBridge = Bridge & {
  /** Of the page that was there before: what it had on its way, and what it played. */
  endTransfers(): void
}

export type FramedApp = {
  readonly id: string
  /** Where its files lie for this window. */
  readonly base: string
}

export type FrameWindow = Pick<FramePorts, 'setTitle' | 'close' | 'notify' | 'press' | 'save'> & {
  /** In the reader's language. */
  sentence(fault: Fault): string
  /** A transfer was ended because the app left it alone. */
  onLeft(): void
  onCutOff(why: string): void
}

const tagBytes = 8

export function frameBridge(
  { id, base }: FramedApp,
  client: Pick<Client, 'callFor' | 'sdkFor' | 'askBackend'>,
  { sentence, onLeft, onCutOff, ...window }: FrameWindow,
): FrameBridge {
  const transfers = createTransfers({
    tag: toHex(crypto.getRandomValues(new Uint8Array(tagBytes))),
    later(act, ms) {
      const timer = setTimeout(act, ms)
      return () => clearTimeout(timer)
    },
    onLeft,
  })
  const { content } = client.sdkFor(id)
  const media = createFrameMedia(content, base)
  const endAll = (): void => {
    transfers.endAll()
    media.endAll()
  }
  const { allows, call } = createFrameCalls({
    ...window,
    sdk: client.callFor(id),
    content: createContentCalls(content, { transfers, media }),
    backend: (asked, signal) => client.askBackend(id, asked, signal),
    nowMs: Date.now,
  })
  const bridge = createBridge({
    allows,
    call,
    withFiles: callsWithFiles,
    paced: pacedCalls,
    sentence,
    nowMs: Date.now,
    onCutOff(why) {
      endAll()
      onCutOff(why)
    },
  })
  return {
    get isOpen() {
      return bridge.isOpen
    },
    receive: bridge.receive,
    close() {
      bridge.close()
      endAll()
    },
    endTransfers: endAll,
  }
}

/** Of a reply, the memory that goes over as it is: a piece of content is nobody else's. */
export function handedOver(reply: Reply): Transferable[] {
  const value = 'ok' in reply ? (reply.ok as { value?: unknown } | undefined | null)?.value : undefined
  const isWhole = value instanceof Uint8Array && value.byteLength === value.buffer.byteLength
  return isWhole ? [value.buffer as ArrayBuffer] : []
}
