import {
  agoOf,
  Badge,
  EmptyState,
  Failure,
  Group,
  Icon,
  Line,
  Lines,
  PageHead,
  useAsked,
} from '@anarq/design'
import { type ReactNode, useCallback, useEffect, useState } from 'react'
import { useSurroundings } from '../context.ts'
import { actionKey, iconOf, toneOf } from '../logic/log.ts'

const shown = 40
const tickMs = 20_000

/** The end of the log, as it grows. */
export function Live(): ReactNode {
  const { sdk, say, locale, events, nameOf } = useSurroundings()
  const ask = useCallback(() => sdk.guardian.entries({ limit: shown }), [sdk])
  const { value, problem, again } = useAsked(ask, events, ...everything)
  const nowMs = useNow()
  return (
    <>
      <PageHead
        title={say('live.title')}
        text={say('live.text')}
        acts={
          problem === undefined && (
            <span className="guardian-live">
              <Badge tone="success">{say('live.on')}</Badge>
            </span>
          )
        }
      />
      {value === undefined && problem !== undefined && (
        <Failure
          icon="play"
          title={say('log.failed')}
          problem={problem}
          again={say('again')}
          onRetry={again}
        />
      )}
      {value?.length === 0 && (
        <EmptyState icon="play" title={say('live.none')}>
          {say('live.none.text')}
        </EmptyState>
      )}
      {value !== undefined && value.length > 0 && (
        <Group>
          <Lines label={say('live.list')}>
            {value.map(({ index, atMs, action, identity, object, verdict, code }) => {
              const key = actionKey(action)
              const about = [nameOf(identity), ...(object === undefined ? [] : [object.slice(0, 12)])]
              return (
                <Line
                  key={index}
                  lead={<Icon name={iconOf[verdict]} label={say(`verdict.${verdict}`)} />}
                  title={key === undefined ? action : say(key)}
                  text={[...about, ...(verdict === 'ok' || code === undefined ? [] : [code])].join(' · ')}
                  end={
                    <>
                      {verdict !== 'ok' && <Badge tone={toneOf[verdict]}>{say(`verdict.${verdict}`)}</Badge>}
                      <span className="aq-small">{agoOf(atMs, nowMs, locale)}</span>
                    </>
                  }
                />
              )
            })}
          </Lines>
        </Group>
      )}
    </>
  )
}

/** Whatever changes anything leaves an entry. */
export const everything = ['guardian', 'drive', 'consent', 'identity', 'lock', 'apps', 'browsers'] as const

/** The time, so that "now" does not stay now. */
function useNow(): number {
  const [nowMs, setNowMs] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), tickMs)
    return () => clearInterval(timer)
  }, [])
  return nowMs
}
