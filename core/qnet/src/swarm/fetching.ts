import { equalBytes } from '@anarq/bytes'
import { hashBlake3 } from '@anarq/qlock'
import type { NodeId } from '../node-id.ts'
import type { World } from '../world.ts'
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

/** So long one holder is asked alone: a mebibyte comes in that time on a line of four megabits a second. */
const aloneMs = 2500

/**
 * All of them are asked who has it, and those who do are asked for it, one after another: the next one, too, while who was asked before
 * is slow. So who is gone, or slow, holds up nobody, and what is quick comes once.
 */
export function createFetch(world: World, requests: Requests, accusations: Accusations): Fetch {
  return (from, { home, key }, then) => {
    const having: NodeId[] = []
    let waiting = from.length
    let fetching = 0
    let isInTime = false
    let isDone = false
    const end = (bytes: Uint8Array | undefined): void => {
      if (isDone) return
      isDone = true
      then(bytes)
    }
    const fetchNext = (): void => {
      const next = isInTime || isDone ? undefined : having.shift()
      if (next !== undefined) fetchFrom(next)
      else if (!isInTime && waiting === 0 && fetching === 0) end(undefined)
    }
    const fetchFrom = (holder: NodeId): void => {
      fetching += 1
      isInTime = true
      let hasTime = true
      const goOn = (): void => {
        if (hasTime) isInTime = false
        hasTime = false
        fetchNext()
      }
      const stop = world.after(aloneMs, goOn)
      const onAnswer = (answer: readonly unknown[] | undefined): void => {
        stop()
        fetching -= 1
        const bytes = answer?.[0]
        const isWhole = bytes instanceof Uint8Array && equalBytes(hashBlake3(bytes), key)
        if (bytes instanceof Uint8Array && !isWhole) accusations.accuse(holder, 'wrong-block')
        if (isWhole) end(bytes)
        else goOn()
      }
      // Most blocks are of one MiB at most.
      requests.ask(holder, 'fetch', [key], onAnswer, (1024 * 1024 * 1000) / slowestBytesPerSecond)
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
