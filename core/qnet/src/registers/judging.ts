import { equalBytes } from '@anarq/bytes'
import type { Clock } from '@anarq/clock'
import type { NodeId } from '../node-id.ts'
import { faultsOf } from '../swarm/index.ts'
import {
  type Chain,
  electorsOf,
  encodeStep,
  lastOf,
  linksMax,
  numberOf,
  readStep,
  type Step,
  sortElectors,
} from './chain.ts'
import { type Descriptor, hashOfElectors } from './descriptor.ts'
import { type Entry, follows, isWritten } from './entry.ts'
import type { CurrentElectors } from './ports.ts'
import type { RegistersSettings } from './settings.ts'

export type JudgingOptions = {
  readonly clock: Clock
  readonly settings: Pick<RegistersSettings, 'skewMs'>
  readonly current: CurrentElectors
  /** Whether an elector is still a neighbour, or a relay of the network. */
  isThere(descriptor: Descriptor, id: NodeId): boolean
  /** No room for certificates that stay. */
  isFull(): boolean
}

/** What an elector can say of a step by itself, from what it knows. */
export type Judging = {
  /** Its time is its writer's word; that it is about now is what the electors sign with it. */
  isNext(chain: Chain, entry: Entry): boolean
  accepts(chain: Chain, number: number, value: Uint8Array): boolean
  /** What to propose, with this candidate or none; `attempt` counts from 0. */
  proposal(chain: Chain, candidate: Entry | undefined, attempt: number): Uint8Array | undefined
  /**
   * Whether others should decide from now on. Each such step is a certificate more for ever, so it waits until half of those who may
   * fail are gone, or there could be half as many again. A public change first goes to the committee of its period.
   */
  isDue(chain: Chain, isChanging: boolean): boolean
}

export function createJudging({ clock, settings, current, isThere, isFull }: JudgingOptions): Judging {
  function isNext(chain: Chain, entry: Entry): boolean {
    const offMs = Math.abs(entry.atMs - clock.nowMs())
    return offMs <= settings.skewMs && follows(chain, entry, lastOf(chain)?.entry)
  }

  function isDue(chain: Chain, isChanging: boolean): boolean {
    const { links, descriptor } = chain
    const electors = electorsOf(chain)
    if (electors.length === 0 || links.length >= linksMax || numberOf(chain) === 0 || isFull()) return false
    const now = current(descriptor)
    if (now === undefined || now.length === 0 || isSame(sortElectors(now), electors)) return false
    const gone = electors.filter(({ id }) => !isThere(descriptor, id)).length
    if (gone > 0 && 2 * gone > faultsOf(electors.length)) return true
    return 2 * now.length >= 3 * electors.length || (descriptor.class === 'public' && isChanging)
  }

  function isRightMove(chain: Chain, { electors }: Extract<Step, { readonly electors: unknown }>): boolean {
    const now = current(chain.descriptor)
    return now !== undefined && isDue(chain, true) && isSame(electors, sortElectors(now))
  }

  return {
    isNext,
    isDue,
    accepts(chain, number, value) {
      const step = readStep(chain.id, value)
      if (step?.number !== number) return false
      return 'entry' in step
        ? isNext(chain, step.entry) && isWritten(chain, step.entry)
        : isRightMove(chain, step)
    },
    proposal(chain, candidate, attempt) {
      const number = numberOf(chain) + 1
      const now = isDue(chain, candidate !== undefined) ? current(chain.descriptor) : undefined
      // Where the others do not see the same electors yet, a change need not wait for it.
      if (now !== undefined && (attempt % 2 === 0 || candidate === undefined))
        return encodeStep(chain.id, { number, electors: sortElectors(now) })
      return candidate && encodeStep(chain.id, { number, entry: candidate })
    },
  }
}

type Keyed = { readonly publicKey: Uint8Array }

function isSame(a: readonly Keyed[], b: readonly Keyed[]): boolean {
  return equalBytes(hashOfElectors(a), hashOfElectors(b))
}
