import { toHex } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import type { PutReport } from '../operations.ts'
import type { KernelPorts } from '../ports.ts'
import { writingBytes } from './messages.ts'

export type WritingOf = {
  readonly subject: string
  /** Takes the pieces in their order, to the end; aborted where nobody sends any more. */
  take(pieces: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<PutReport>
}

/** Writers of other nodes on their way: pieces come by their numbers, some ahead of their turn, and each is answered when there is room. */
export type Writings = {
  begin(writing: WritingOf): Uint8Array
  /** Resolves when the next piece may come; of the last one with the report. `missing.writing` where there is none by this name. */
  give(name: Uint8Array, number: number, piece: Uint8Array, isLast: boolean): Promise<PutReport | undefined>
  clear(): void
}

/** Pieces that are here and not taken yet, of one writer. */
export const piecesAheadMax = 8
const idleMsMax = 60_000
const writingsMax = 64
const perSubjectMax = 4

export function createWritings({ random }: Pick<KernelPorts, 'random'>): Writings {
  const open = new Map<string, Writing>()
  return {
    begin({ subject, take }) {
      const theirs = [...open.values()].filter((one) => one.subject === subject)
      if (open.size >= writingsMax || theirs.length >= perSubjectMax)
        throw new Fault(
          'busy.writings',
          'The other node is being written to by many others just now. Try again later.',
        )
      const name = random.bytes(writingBytes)
      const key = toHex(name)
      open.set(
        key,
        createWriting(subject, take, () => open.delete(key)),
      )
      return name
    },
    async give(name, number, piece, isLast) {
      const writing = open.get(toHex(name))
      if (writing === undefined)
        throw new Fault(
          'missing.writing',
          'The other node was waited for too long, or restarted. Write it again; what it has already is not kept twice.',
        )
      return writing.give(number, piece, isLast)
    },
    clear() {
      for (const { leave } of [...open.values()]) leave(gone())
    },
  }
}

type Writing = {
  readonly subject: string
  give(number: number, piece: Uint8Array, isLast: boolean): Promise<PutReport | undefined>
  leave(why: Fault): void
}

function createWriting(subject: string, take: WritingOf['take'], onOver: () => void): Writing {
  const left = new AbortController()
  const waiting = new Map<number, Uint8Array>()
  let taken = 0
  let last: number | undefined
  let wake = (): void => {}
  const roomier: (() => void)[] = []
  let timer: NodeJS.Timeout | undefined
  const leave = (why: Fault): void => {
    left.abort(why)
    waiting.clear()
    wake()
    for (const told of roomier.splice(0)) told()
  }
  /** Only while it is the writer's turn: what takes long here is not their silence. */
  const waitForMore = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => leave(gone()), idleMsMax)
    timer.unref()
  }
  async function* pieces(): AsyncGenerator<Uint8Array, void, undefined> {
    for (; taken !== last; taken += 1) {
      let piece = waiting.get(taken)
      if (piece === undefined) waitForMore()
      for (; piece === undefined; piece = waiting.get(taken)) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
        left.signal.throwIfAborted()
      }
      clearTimeout(timer)
      waiting.delete(taken)
      yield piece
      for (const told of roomier.splice(0)) told()
    }
  }
  const report = take(pieces(), left.signal).finally(() => {
    clearTimeout(timer)
    onOver()
    for (const told of roomier.splice(0)) told()
  })
  // Whoever gives the last piece hears of it; before that, whoever gives one.
  report.catch(() => {})
  let isOver = false
  const over = report.then(
    () => (isOver = true),
    () => (isOver = true),
  )
  return {
    subject,
    leave,
    async give(number, piece, isLast) {
      const isNear = number >= taken && number < taken + 2 * piecesAheadMax
      if (!isNear || waiting.has(number) || number >= (last ?? number + 1) || (isLast && last !== undefined))
        throw outOfTurn()
      waiting.set(number, piece)
      if (isLast) last = number + 1
      wake()
      if (isLast) return report
      while (!isOver && !left.signal.aborted && number >= taken + piecesAheadMax)
        await Promise.race([over, new Promise<void>((resolve) => roomier.push(resolve))])
      if (isOver) await report
      left.signal.throwIfAborted()
      return undefined
    },
  }
}

function gone(): Fault {
  return new Fault(
    'cancelled.writer',
    'Whoever wrote from another node is gone. What had come whole was kept.',
  )
}

function outOfTurn(): Fault {
  return new Fault('invalid.question', 'This node does not understand what it was asked.')
}
