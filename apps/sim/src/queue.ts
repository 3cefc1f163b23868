/** One row of events for the whole network: by time, then by the order in which they were asked for. */
export type Queue = {
  nowMs(): number
  at(atMs: number, task: () => void): () => void
  run(untilMs: number): void
  /** The same for rooms that do some things a moment later (`queueMicrotask`): all of that is done before the next event. */
  runWell(untilMs: number): Promise<void>
  readonly done: () => number
}

type Event = { readonly atMs: number; readonly order: number; task: (() => void) | undefined }

/** A binary heap. */
export function createQueue(startMs: number): Queue {
  const heap: Event[] = []
  let nowMs = startMs
  let order = 0
  let done = 0

  const isBefore = (a: Event, b: Event): boolean =>
    a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)

  function push(event: Event): void {
    let i = heap.push(event) - 1
    while (i > 0) {
      const up = (i - 1) >> 1
      const parent = heap[up] as Event
      if (!isBefore(event, parent)) break
      heap[i] = parent
      i = up
    }
    heap[i] = event
  }

  function pop(): Event {
    const top = heap[0] as Event
    const last = heap.pop() as Event
    if (heap.length === 0) return top
    let i = 0
    for (;;) {
      let least = 2 * i + 1
      if (least >= heap.length) break
      if (least + 1 < heap.length && isBefore(heap[least + 1] as Event, heap[least] as Event)) least += 1
      const child = heap[least] as Event
      if (!isBefore(child, last)) break
      heap[i] = child
      i = least
    }
    heap[i] = last
    return top
  }

  /** False: nothing is due by then. */
  function step(untilMs: number): boolean {
    if (heap.length === 0 || (heap[0] as Event).atMs > untilMs) return false
    const event = pop()
    nowMs = event.atMs
    if (event.task === undefined) return true
    done += 1
    event.task()
    return true
  }

  return {
    nowMs: () => nowMs,
    at(atMs, task) {
      const event: Event = { atMs: Math.max(atMs, nowMs), order: order++, task }
      push(event)
      return () => {
        event.task = undefined
      }
    },
    run(untilMs) {
      while (step(untilMs)) {}
      nowMs = untilMs
    },
    async runWell(untilMs) {
      while (step(untilMs)) await new Promise(setImmediate)
      nowMs = untilMs
    },
    done: () => done,
  }
}
