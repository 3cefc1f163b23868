import { equalBytes } from '@anarq/bytes'
import { hashBlake3 } from '@anarq/qlock'
import type { NodeId } from '../node-id.ts'
import type { Accusations } from './accusations.ts'
import type { Requests } from './requests.ts'
import type { BlockAt } from './store.ts'

/** A slower line than this loses what it sends: so long is waited for an answer to a block. */
export const slowestBytesPerSecond: number = 128 * 1024

export type Fetch = (
  from: readonly NodeId[],
  at: BlockAt,
  then: (bytes: Uint8Array | undefined) => void,
) => void

/** All of them are asked who has it, and those who do are asked for it, one at a time: who is gone holds up nobody. */
export function createFetch(requests: Requests, accusations: Accusations): Fetch {
  return (from, { home, key }, then) => {
    const having: NodeId[] = []
    let waiting = from.length
    let isFetching = false
    let isDone = false
    const end = (bytes: Uint8Array | undefined): void => {
      if (isDone) return
      isDone = true
      then(bytes)
    }
    const fetchNext = (): void => {
      const next = isFetching || isDone ? undefined : having.shift()
      if (next === undefined) {
        if (waiting === 0 && !isFetching) end(undefined)
        return
      }
      isFetching = true
      const onAnswer = (answer: readonly unknown[] | undefined): void => {
        isFetching = false
        const bytes = answer?.[0]
        const isWhole = bytes instanceof Uint8Array && equalBytes(hashBlake3(bytes), key)
        if (bytes instanceof Uint8Array && !isWhole) accusations.accuse(next, 'wrong-block')
        if (isWhole) end(bytes)
        else fetchNext()
      }
      // Most blocks are of one MiB at most.
      requests.ask(next, 'fetch', [key], onAnswer, (1024 * 1024 * 1000) / slowestBytesPerSecond)
    }
    if (waiting === 0) end(undefined)
    for (const id of from)
      requests.ask(id, 'have', [[[key, home]]], (answer) => {
        waiting -= 1
        if (answer?.[0] instanceof Uint8Array && answer[0][0] === 1) having.push(id)
        fetchNext()
      })
  }
}
