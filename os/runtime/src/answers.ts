import type { Fault } from '@anarq/fault'
import type { Timers } from './timers.ts'

/** The answers that are waited for, by the ids of what was asked. */
export type Answers = {
  expect(id: number, msMax: number, onExpire: () => void): Promise<unknown>
  isExpected(id: number): boolean
  /** False where nobody asked, or it was answered before. The answer to what was given up is let pass, once. */
  settle(id: number, act: (one: Waiter) => void): boolean
  /** Nobody waits for this one any more. How many were given up and are still not answered. */
  giveUp(id: number, fault: Fault): number
  rejectAll(fault: Fault): void
  size(): number
}

export type Waiter = { resolve(value: unknown): void; reject(fault: Fault): void }

export function createAnswers(timers: Timers): Answers {
  const waiting = new Map<number, Waiter & { cancel(): void }>()
  const late = new Set<number>()
  const take = (id: number): Waiter | undefined => {
    const one = waiting.get(id)
    waiting.delete(id)
    one?.cancel()
    return one
  }
  return {
    expect: (id, msMax, onExpire) =>
      new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject, cancel: timers.after(msMax, onExpire) })
      }),
    isExpected: (id) => waiting.has(id) || late.has(id),
    settle(id, act) {
      const one = take(id)
      if (one === undefined) return late.delete(id)
      act(one)
      return true
    },
    giveUp(id, fault) {
      take(id)?.reject(fault)
      late.add(id)
      return late.size
    },
    rejectAll(fault) {
      for (const id of [...waiting.keys()]) take(id)?.reject(fault)
    },
    size: () => waiting.size,
  }
}
