import { asFault, type Fault, hasCode } from '@anarq/fault'
import type { NodeId, World } from '@anarq/qnet'
import type { Swarm } from '@anarq/qnet/swarm'
import type { Waker } from './waker.ts'

/** Who is alone looks for others often, who is not now and then, in case there are two networks that do not know of each other. */
const meetAloneMs = 1000
const meetMs = 30_000
/** Nobody leads to a neighbourhood: this node is the first, until it meets others. */
const foundAfterMs = 20_000

export type Meeting = {
  readonly world: World
  readonly swarm: Swarm
  /** Whether this node may be the first of a neighbourhood. */
  readonly mayFound: boolean
  known(): readonly NodeId[]
  others(): readonly NodeId[]
  isStopped(): boolean
}

/** Starts it, and meets others from then on. */
export function startMeeting({ world, swarm, mayFound, known, others, isStopped }: Meeting): void {
  swarm.start(known())
  world.after(foundAfterMs, () => {
    if (!isStopped() && mayFound && swarm.view() === undefined) swarm.membership.found()
  })
  const meet = (): void => {
    if (isStopped()) return
    swarm.meet(known())
    world.after(others().length === 0 ? meetAloneMs : meetMs, meet)
  }
  meet()
}

const bytesPerSecondDefault = 16 * 1024 * 1024
/** A put is in the store before anybody else gets it, and before the index shows it: it is let finish. */
const settleMs = 500
const retryMs = 5_000

export type Pumping = {
  readonly waker: Waker
  readonly bytesPerSecond: number | undefined
  /** How long it rests where nothing is left to do, ever longer as long as nothing changes. */
  readonly restMsMin: number
  readonly restMsMax: number
  /** Whether there is somebody to send to. */
  isReady(): boolean
  isStopped(): boolean
  step(): Promise<{ readonly isIdle: boolean; readonly sentBytes: number }>
  /** It rested: to its end, or until it was woken. */
  rested(isWoken: boolean): void
  onFault(fault: Fault): void
}

/** One step after the other, no faster than the pace allows. What is new wakes it. Resolves once it is stopped. */
export async function pump(work: Pumping): Promise<void> {
  const { waker, bytesPerSecond = bytesPerSecondDefault, restMsMin, restMsMax } = work
  let restMs = restMsMin
  while (!work.isStopped()) {
    if (!work.isReady()) {
      await waker.rest(retryMs)
      continue
    }
    try {
      const { isIdle, sentBytes } = await work.step()
      if (!isIdle) await waker.pause((sentBytes / bytesPerSecond) * 1000)
      else {
        const isWoken = await waker.rest(restMs)
        restMs = isWoken ? restMsMin : Math.min(restMsMax, restMs * 2)
        if (isWoken) await waker.pause(settleMs)
        work.rested(isWoken)
      }
    } catch (error) {
      if (!hasCode(error, 'unavailable') && !hasCode(error, 'refused.locked')) work.onFault(asFault(error))
      await waker.rest(retryMs)
    }
  }
}
