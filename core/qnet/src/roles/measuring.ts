import { waitMs } from '../chance.ts'
import type { NodeId } from '../node-id.ts'
import type { World } from '../world.ts'
import { askedMax, type Seen } from './report.ts'

/** A MasterNode's term: each Operator is looked at, at moments that nobody can tell beforehand, until the period is over. */
export type Measuring = {
  readonly period: number
  readonly operators: readonly NodeId[]
  /** Who came meanwhile is measured from now on. */
  include(operators: readonly NodeId[]): void
  /** Nothing is counted any more. What was seen. */
  end(): readonly Seen[]
}

export type MeasuringOptions = {
  readonly world: World
  readonly period: number
  readonly operatorsMax: number
  /** Between two looks at one Operator, on average. */
  readonly everyMs: number
  look(at: NodeId, done: (isThere: boolean | undefined) => void): void
}

export function startMeasuring({ world, period, operatorsMax, everyMs, look }: MeasuringOptions): Measuring {
  const counts = new Map<NodeId, { asked: number; answered: number }>()
  let isOver = false

  const goOn = (operator: NodeId): void => {
    world.after(waitMs(world.random, everyMs), () => {
      if (isOver) return
      look(operator, (isThere) => {
        const count = counts.get(operator)
        if (isOver || isThere === undefined || count === undefined || count.asked >= askedMax) return
        count.asked += 1
        if (isThere) count.answered += 1
      })
      goOn(operator)
    })
  }
  return {
    period,
    get operators() {
      return [...counts.keys()]
    },
    include(operators) {
      for (const operator of operators) {
        if (counts.has(operator) || counts.size >= operatorsMax) continue
        counts.set(operator, { asked: 0, answered: 0 })
        goOn(operator)
      }
    },
    end() {
      isOver = true
      return [...counts].flatMap(([operator, count]) => (count.asked === 0 ? [] : [{ operator, ...count }]))
    },
  }
}
