import {
  Answered,
  Avatar,
  Button,
  EmptyState,
  Group,
  Line,
  Lines,
  momentOf,
  PageHead,
  useAsked,
} from '@anarq/design'
import { type ReactNode, useCallback } from 'react'
import { useSurroundings } from '../context.ts'
import { decisions, refusalsOf } from '../logic/refusals.ts'

const lookedThrough = 2000

export function Refused(): ReactNode {
  const { sdk, say, locale, window, events, nameOf } = useSurroundings()
  const ask = useCallback(async () => {
    const [grants, ...entries] = await Promise.all([
      sdk.consent.grants({}),
      ...decisions.map((action) => sdk.guardian.entries({ action, limit: lookedThrough })),
    ])
    return {
      refusals: refusalsOf(entries.flat()),
      names: new Map(grants.map(({ object, name }) => [object, name])),
    }
  }, [sdk])
  const asked = useAsked(ask, events, 'consent', 'guardian', 'drive')
  return (
    <>
      <PageHead
        title={say('refused.title')}
        text={say('refused.text')}
        acts={
          <Button icon="guardian" onPress={() => window.open('org.anarq.guardian', 'log')}>
            {say('open-log')}
          </Button>
        }
      />
      <Answered asked={asked} icon="lock" failed={say('refused.failed')}>
        {(value) =>
          value.refusals.length === 0 ? (
            <EmptyState icon="lock" title={say('refused.none')}>
              {say('refused.none.text')}
            </EmptyState>
          ) : (
            <Group>
              <Lines label={say('refused.list')}>
                {value.refusals.map(({ index, atMs, who, object = '', act, why, code }) => {
                  const name = nameOf(who)
                  const what = value.names.get(object) ?? say('refused.object', { id: object.slice(0, 8) })
                  return (
                    <Line
                      key={index}
                      lead={<Avatar name={name} seed={who} size={32} />}
                      title={say('refused.what', { name, act: say(act) })}
                      text={`${what} · ${say(why, { code })}`}
                      end={<span className="aq-small">{momentOf(atMs, locale)}</span>}
                    />
                  )
                })}
              </Lines>
            </Group>
          )
        }
      </Answered>
    </>
  )
}
