import {
  Answered,
  agoOf,
  Badge,
  EmptyState,
  Group,
  Icon,
  Line,
  Lines,
  PageHead,
  sizeOf,
  useAsked,
  useNow,
} from '@anarq/design'
import { type ReactNode, useCallback } from 'react'
import { useSurroundings } from '../context.ts'
import { bytesOf, type Flow, objectOf, stageKey, stateOf, stepsOf, toneOfState } from '../logic/flows.ts'

const iconOf = { in: 'upload', out: 'download', access: 'lock' } as const
const tickMs = 5_000

/** The flows, stage by stage, as they run. */
export function Live(): ReactNode {
  const { sdk, say, events } = useSurroundings()
  const ask = useCallback(() => sdk.guardian.flows({}), [sdk])
  const asked = useAsked(ask, events, 'flows', 'identity')
  const nowMs = useNow(tickMs)
  return (
    <>
      <PageHead
        title={say('live.title')}
        text={say('live.text')}
        acts={
          asked.problem === undefined && (
            <span className="guardian-live">
              <Badge tone="success">{say('live.on')}</Badge>
            </span>
          )
        }
      />
      <Answered asked={asked} icon="play" failed={say('live.failed')}>
        {(value) =>
          value.length === 0 ? (
            <EmptyState icon="play" title={say('live.none')}>
              {say('live.none.text')}
            </EmptyState>
          ) : (
            <Group>
              <Lines label={say('live.list')}>
                {value.map((flow) => (
                  <FlowLine key={flow.id} flow={flow} nowMs={nowMs} />
                ))}
              </Lines>
            </Group>
          )
        }
      </Answered>
    </>
  )
}

function FlowLine({ flow, nowMs }: { readonly flow: Flow; readonly nowMs: number }): ReactNode {
  const { say, locale, nameOf } = useSurroundings()
  const { kind, identity, stages, ended } = flow
  const object = objectOf(flow)
  const state = stateOf(flow, nowMs)
  const bytes = bytesOf(flow)
  const facts = [
    nameOf(identity),
    ...(object === undefined ? [] : [object]),
    ...(bytes === undefined ? [] : [sizeOf(bytes, locale)]),
    ...(ended?.code === undefined ? [] : [ended.code]),
  ]
  return (
    <Line
      lead={<Icon name={iconOf[kind]} />}
      title={say(`flow.${kind}`)}
      text={facts.join(' · ')}
      end={
        <>
          <Badge tone={toneOfState[state]}>{say(`flow.state.${state}`)}</Badge>
          <span className="aq-small">{agoOf(stages.at(-1)?.atMs ?? nowMs, nowMs, locale)}</span>
        </>
      }
    >
      <ol className="guardian-stages" aria-label={say('flow.stages')}>
        {stepsOf(flow).map(({ stage, is }) => {
          const key = stageKey(stage)
          return (
            <li key={stage} data-is={is}>
              {key === undefined ? stage : say(key)}
              <span className="aq-unseen"> {say(`step.${is}`)}</span>
            </li>
          )
        })}
      </ol>
    </Line>
  )
}
