import { type FlowEnd, flowPaths, type Guardian, type StageReport } from '@anarq/qerberos'
import type { FlowFacts } from './audit-operations.ts'

/** So many flows are remembered; the one that was quiet longest goes first. */
const flowsMax = 64

type Kept = Omit<FlowFacts, 'stages'> & { stages: FlowFacts['stages'][number][] }

/** The flows of now and of a moment ago, stage by stage, as the guardian hears of them. */
export function watchFlows(guardian: Pick<Guardian, 'onStage' | 'onEnd'>): {
  /** Newest first. */
  list(): readonly FlowFacts[]
  stop(): void
} {
  const flows = new Map<string, Kept>()
  const keep = (id: string, flow: Kept): void => {
    flows.delete(id)
    flows.set(id, flow)
    const oldest = flows.keys().next()
    if (flows.size > flowsMax && oldest.done === false) flows.delete(oldest.value)
  }
  const onStage = ({ flow: id, kind, identity, object, stage, atMs, bytes, chunks }: StageReport): void => {
    const about = object === undefined ? {} : { object }
    const path = flowPaths[kind].stages
    const flow = flows.get(id) ?? { id, kind, identity, ...about, path, stages: [] }
    const size = { ...(bytes === undefined ? {} : { bytes }), ...(chunks === undefined ? {} : { chunks }) }
    flow.stages.push({ stage, atMs, ...size })
    keep(id, flow)
  }
  const onEnd = ({ flow: id, verdict, code }: FlowEnd): void => {
    const flow = flows.get(id)
    if (flow !== undefined)
      flows.set(id, { ...flow, ended: { verdict, ...(code === undefined ? {} : { code }) } })
  }
  const stops = [guardian.onStage(onStage), guardian.onEnd(onEnd)]
  return {
    list: () => [...flows.values()].toReversed(),
    stop() {
      for (const stop of stops) stop()
    },
  }
}
