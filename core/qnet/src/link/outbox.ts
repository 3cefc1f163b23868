import { cellBytes, frameType, type OutFrame } from './frame.ts'
import type { LinkEvents } from './link.ts'
import { MessageSender } from './messages.ts'
import type { StreamTable } from './stream-table.ts'

/** Frames of control that wait because the other side does not read: more than these are its own doing. */
const controlsMax = 1024
/** 4 MiB: whoever has more to say has to wait, or give up. */
export const cellsMax = 1024

/** A cell is an eighth of a message's part: so many have one turn. */
const cellsATurn = 8

type Left = () => void
const nothing: Left = () => {}

/** What waits to be sent: control first, then cells, messages and streams in turns. */
export class Outbox {
  readonly #streams: StreamTable
  readonly #messageBytesQueuedMax: number
  /** Made with the first message: most links have none for most of their time. */
  #messages: MessageSender | undefined
  #controls: OutFrame[] = []
  #cells: Uint8Array[] = []
  readonly #events: Pick<LinkEvents, 'onCellRoom'>
  #isCellRefused = false
  #turn = 0
  #cellsLeft = cellsATurn

  constructor(streams: StreamTable, messageBytesQueuedMax: number, events: Pick<LinkEvents, 'onCellRoom'>) {
    this.#streams = streams
    this.#messageBytesQueuedMax = messageBytesQueuedMax
    this.#events = events
  }

  get isEmpty(): boolean {
    return this.#controls.length === 0 && this.#cells.length === 0 && this.#messages === undefined
  }

  get isFull(): boolean {
    return this.#controls.length > controlsMax
  }

  control(frame: OutFrame): void {
    this.#controls.push(frame)
  }

  /** False where there is no room. */
  message(bytes: Uint8Array): boolean {
    this.#messages ??= new MessageSender(this.#messageBytesQueuedMax)
    return this.#messages.push(bytes)
  }

  cell(bytes: Uint8Array): boolean {
    if (bytes.length !== cellBytes) return false
    if (this.#cells.length >= cellsMax) {
      this.#isCellRefused = true
      return false
    }
    this.#cells.push(bytes)
    return true
  }

  next(isControlOnly: boolean): { readonly frame: OutFrame; readonly left: Left } | undefined {
    const control = this.#controls.shift()
    if (control !== undefined) return { frame: control, left: nothing }
    if (isControlOnly) return undefined
    for (let tries = 0; tries < 3; tries += 1) {
      if (this.#turn !== 2 || this.#cellsLeft === 0 || this.#cells.length === 0) {
        this.#turn = (this.#turn + 1) % 3
        this.#cellsLeft = cellsATurn
      }
      const next = this.#ofTurn()
      if (next !== undefined) return next
    }
    return undefined
  }

  clear(): void {
    this.#controls = []
    this.#cells = []
    this.#messages = undefined
  }

  #ofTurn(): { readonly frame: OutFrame; readonly left: Left } | undefined {
    if (this.#turn === 0) return this.#streams.next()
    if (this.#turn === 2) return this.#nextCell()
    const frame = this.#nextMessage()
    return frame === undefined ? undefined : { frame, left: nothing }
  }

  #nextMessage(): OutFrame | undefined {
    const frame = this.#messages?.next()
    if (this.#messages?.isEmpty === true) this.#messages = undefined
    return frame
  }

  /** The frame says nothing of the circuit: which one it is stands in the cell. */
  #nextCell(): { readonly frame: OutFrame; readonly left: Left } | undefined {
    const cell = this.#cells.shift()
    this.#cellsLeft -= 1
    if (cell === undefined) return undefined
    const hasRoom = this.#isCellRefused && this.#cells.length <= cellsMax / 2
    if (hasRoom) this.#isCellRefused = false
    return {
      frame: { type: frameType.cell, id: 0, pieces: [cell] },
      left: hasRoom ? () => this.#events.onCellRoom?.() : nothing,
    }
  }
}
