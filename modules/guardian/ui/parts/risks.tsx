import {
  Answered,
  agoOf,
  Badge,
  EmptyState,
  Group,
  Line,
  Lines,
  Meter,
  PageHead,
  useAsked,
  useNow,
} from '@anarq/design'
import { type ReactNode, useCallback } from 'react'
import { useSurroundings } from '../context.ts'
import { toneOfSeverity } from '../logic/alerts.ts'
import { reasonKey } from '../logic/flows.ts'

const scoreMax = 1000

/** How much stands against whom, and why. */
export function Risks(): ReactNode {
  const { sdk, say, locale, events, nameOf } = useSurroundings()
  const ask = useCallback(() => sdk.guardian.risks({}), [sdk])
  const asked = useAsked(ask, events, 'guardian', 'flows')
  const nowMs = useNow()
  return (
    <>
      <PageHead title={say('risks.title')} text={say('risks.text')} />
      <Answered asked={asked} icon="people" failed={say('risks.failed')}>
        {(value) =>
          value.length === 0 ? (
            <EmptyState icon="people" title={say('risks.none')}>
              {say('risks.none.text')}
            </EmptyState>
          ) : (
            <Group>
              <Lines label={say('risks.list')}>
                {value.map(({ identity, score, level, mode, lastMs, reasons }) => (
                  <Line
                    key={identity}
                    title={nameOf(identity)}
                    text={say('risks.last', { ago: agoOf(lastMs, nowMs, locale) })}
                    end={
                      <>
                        {mode !== 'normal' && <Badge tone="danger">{say(`mode.${mode}`)}</Badge>}
                        <Badge tone={score === 0 ? 'success' : toneOfSeverity[level]}>
                          {score === 0 ? say('risks.nothing') : say(`severity.${level}`)}
                        </Badge>
                      </>
                    }
                  >
                    {score > 0 && (
                      <div className="guardian-risk">
                        <Meter
                          label={say('risks.score')}
                          value={score / scoreMax}
                          text={say('risks.of', { score, max: scoreMax })}
                          tone={toneOfSeverity[level]}
                        />
                        <p className="aq-small">
                          {reasons
                            .map(({ reason, points }) =>
                              say('risks.reason', { reason: say(reasonKey(reason)), points }),
                            )
                            .join(' · ')}
                        </p>
                      </div>
                    )}
                  </Line>
                ))}
              </Lines>
            </Group>
          )
        }
      </Answered>
    </>
  )
}
