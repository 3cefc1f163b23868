import { type FlowEnd, flowPaths, type Guardian, type StageReport } from '@anarq/qerberos'
import type { FlowFacts } from './audit-operations.ts'

/** So many flows are shown; the one that was quiet longest goes first. */
const flowsMax = 64
/** More than all stages and ends of so many flows. */
const eventsMax = 1024

type Kept = Omit<FlowFacts, 'stages'> & { stages: FlowFacts['stages'][number][] }

/**
 * The flows of now and of a moment ago, stage by stage, as the guardian hears of them. Ten thousand small files are seventy
 * thousand events that nobody looks at: they are put in order when somebody does.
 */
export function watchFlows(guardian: Pick<Guardian, 'onStage' | 'onEnd'>): {
  /** Newest first. */
  list(): readonly FlowFacts[]
  stop(): void
} {
  const events: (StageReport | FlowEnd)[] = []
  let next = 0
  const note = (event: StageReport | FlowEnd): void => {
    events[next] = event
    next = (next + 1) % eventsMax
  }
  const stops = [guardian.onStage(note), guardian.onEnd(note)]
  return {
    list: () => flowsOf([...events.slice(next), ...events.slice(0, next)]).toReversed(),
    stop() {
      for (const stop of stops) stop()
    },
  }
}

/** Whatever was heard of last stands last. */
function flowsOf(events: readonly (StageReport | FlowEnd)[]): readonly FlowFacts[] {
  const flows = new Map<string, Kept>()
  for (const event of events) {
    if ('stage' in event) {
      const flow = flows.get(event.flow) ?? begun(event)
      flow.stages.push(stageOf(event))
      flows.delete(event.flow)
      flows.set(event.flow, flow)
    } else {
      const { flow: id, verdict, code } = event
      const flow = flows.get(id)
      if (flow !== undefined)
        flows.set(id, { ...flow, ended: { verdict, ...(code === undefined ? {} : { code }) } })
    }
  }
  return [...flows.values()].slice(-flowsMax)
}

function begun({ flow: id, kind, identity, object }: StageReport): Kept {
  const about = object === undefined ? {} : { object }
  return { id, kind, identity, ...about, path: flowPaths[kind].stages, stages: [] }
}

function stageOf({ stage, atMs, bytes, chunks }: StageReport): FlowFacts['stages'][number] {
  return {
    stage,
    atMs,
    ...(bytes === undefined ? {} : { bytes }),
    ...(chunks === undefined ? {} : { chunks }),
  }
}
