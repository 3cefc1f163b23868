/**
 * Content on its way between a framed app and the node. The app asks for the next step of a transfer, one at a time: what it
 * does not ask for is not read, so that memory holds a piece of each, however slow it is. A transfer that nobody takes from
 * ends, and one of another frame is none here.
 */
import { Fault } from '@anarq/fault'

/** Of a read the next piece; of what is sent how far it is, and with the end what became of it. */
export type Step = { readonly value?: unknown; readonly isEnd: boolean }
/** Ends with the signal that it was opened with. */
export type Source = { next(): Promise<Step> }
export type Direction = 'read' | 'send'

export type TransferPorts = {
  /** Of this bridge: no other has the same. */
  readonly tag: string
  /** Acts after so long; gives what prevents it. */
  later(act: () => void, ms: number): () => void
  /** A read was ended because nobody took from it for too long. */
  onLeft(): void
  readonly limits?: Partial<TransferLimits>
}

export type TransferLimits = {
  /** Of one bridge at once, and how many of them send. */
  readonly transfersMax: number
  readonly sendsMax: number
  readonly idleMs: number
}

export type Transfers = {
  /** Gives what `open` says of it, with the name by which it goes on. */
  begin<About extends object>(
    direction: Direction,
    open: (signal: AbortSignal) => Promise<{ readonly source: Source; readonly about: About }>,
  ): Promise<About & { readonly transfer: string }>
  next(transfer: unknown): Promise<Step>
  end(transfer: unknown): void
  endAll(): void
}

type Transfer = {
  readonly direction: Direction
  readonly stop: AbortController
  source: Source | undefined
  isAsked: boolean
  /** Why it was ended here; it is said once, to whoever asks next. */
  ended: Fault | undefined
  /** Prevents that it is ended for being left alone. */
  keep: () => void
}

const usual: TransferLimits = { transfersMax: 8, sendsMax: 2, idleMs: 50_000 }

export function createTransfers({ tag, later, onLeft, limits }: TransferPorts): Transfers {
  const { transfersMax, sendsMax, idleMs } = { ...usual, ...limits }
  const all = new Map<string, Transfer>()
  let given = 0

  const reserve = (direction: Direction): { id: string; one: Transfer } => {
    const sends = [...all.values()].filter((one) => one.direction === 'send').length
    if (all.size >= transfersMax || (direction === 'send' && sends >= sendsMax))
      throw new Fault('limit.transfers', 'Too many transfers at once. Wait until one has ended.')
    const one: Transfer = {
      direction,
      stop: new AbortController(),
      source: undefined,
      isAsked: false,
      ended: undefined,
      keep: () => {},
    }
    const id = `${tag}.${given}`
    given += 1
    all.set(id, one)
    return { id, one }
  }
  const end = (id: string, one: Transfer, why: Fault): void => {
    one.keep()
    one.stop.abort(why)
    all.delete(id)
  }
  /** What is sent goes on by itself, and takes no more memory for being left alone. */
  const watch = (one: Transfer): void => {
    if (one.direction === 'send') return
    one.keep = later(() => {
      one.ended = new Fault('cancelled.left', 'Nobody took from this transfer for too long. Begin it again.')
      one.stop.abort(one.ended)
      onLeft()
    }, idleMs)
  }
  const need = (transfer: unknown): { id: string; one: Transfer } => {
    const id = String(transfer)
    const one = all.get(id)
    if (typeof transfer === 'string' && one?.source !== undefined) return { id, one }
    const number = id.startsWith(`${tag}.`) ? Number(id.slice(tag.length + 1)) : Number.NaN
    if (number < given) throw new Fault('missing.transfer', 'This transfer has ended. Begin it again.')
    throw new Fault('refused.transfer', "This transfer is not this app's.")
  }

  return {
    async begin(direction, open) {
      const { id, one } = reserve(direction)
      try {
        const { source, about } = await open(one.stop.signal)
        one.stop.signal.throwIfAborted()
        one.source = source
        watch(one)
        return { ...about, transfer: id }
      } catch (error) {
        end(id, one, stopped())
        throw error
      }
    },
    async next(transfer) {
      const { id, one } = need(transfer)
      const { ended } = one
      if (ended !== undefined) {
        end(id, one, ended)
        throw ended
      }
      if (one.isAsked)
        throw new Fault('conflict.transfer', 'The next step of this transfer is asked for already.')
      one.isAsked = true
      one.keep()
      try {
        const step = await orStopped((one.source as Source).next(), one.stop.signal)
        if (step.isEnd) end(id, one, stopped())
        else watch(one)
        return step
      } catch (error) {
        end(id, one, stopped())
        throw error
      } finally {
        one.isAsked = false
      }
    },
    end(transfer) {
      const { id, one } = need(transfer)
      end(id, one, stopped())
    },
    endAll() {
      for (const [id, one] of all) end(id, one, stopped())
    },
  }
}

function stopped(): Fault {
  return new Fault('cancelled.stopped', 'This transfer was ended.')
}

/** Whatever waits hears of the end at once, whether its source does or not. */
function orStopped<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason)
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
