import {
  AlertDialog,
  Answered,
  agoOf,
  Badge,
  Button,
  dayOf,
  EmptyState,
  Group,
  Line,
  Lines,
  PageHead,
  useAsked,
  useNow,
} from '@anarq/design'
import type { Sdk } from '@anarq/sdk/client'
import { type ReactNode, useCallback, useState } from 'react'
import { useSurroundings } from '../context.ts'
import { NewKey } from './new-key.tsx'

type Key = Awaited<ReturnType<Sdk['tools']['list']>>[number]

/** Keys by which the person's own tools come in. */
export function Keys(): ReactNode {
  const { sdk, say, window, events, deed } = useSurroundings()
  const ask = useCallback(() => sdk.tools.list({}), [sdk])
  const asked = useAsked(ask, events, 'tools', 'identity')
  const [isMaking, setMaking] = useState(false)
  const [leaving, setLeaving] = useState<Key>()
  const revoke = async ({ id, name }: Key): Promise<void> => {
    setLeaving(undefined)
    const done = await deed.run(() => sdk.tools.revoke({ id }))
    if (done !== undefined) window.notify({ title: say('keys.revoked', { name }), tone: 'success' })
  }
  return (
    <>
      <PageHead
        title={say('place.keys')}
        text={say('keys.text')}
        acts={
          <Button look="accent" icon="plus" onPress={() => setMaking(true)}>
            {say('keys.new')}
          </Button>
        }
      />
      <Answered asked={asked} icon="key" failed={say('keys.failed')}>
        {(value) =>
          value.length === 0 ? (
            <EmptyState icon="key" title={say('keys.none')}>
              {say('keys.none.text')}
            </EmptyState>
          ) : (
            <Group>
              <Lines label={say('keys.list')}>
                {value.map((key) => (
                  <KeyLine key={key.id} of={key} onRevoke={() => setLeaving(key)} />
                ))}
              </Lines>
            </Group>
          )
        }
      </Answered>
      {isMaking && <NewKey onClose={() => setMaking(false)} />}
      <AlertDialog
        isOpen={leaving !== undefined}
        title={say('keys.revoke.title', { name: leaving?.name ?? '' })}
        act={say('keys.revoke')}
        cancel={say('cancel')}
        isDanger
        onAct={() => leaving !== undefined && void revoke(leaving)}
        onCancel={() => setLeaving(undefined)}
      >
        {say('keys.revoke.text')}
      </AlertDialog>
    </>
  )
}

const toneOf = { active: 'success', expired: 'plain', revoked: 'plain' } as const

function KeyLine({ of, onRevoke }: { readonly of: Key; readonly onRevoke: () => void }): ReactNode {
  const { say, locale } = useSurroundings()
  const nowMs = useNow()
  const { name, door, folder, rights, untilMs, lastUsedMs, state } = of
  const where = folder === undefined ? say('keys.folder.gone') : folder === '/' ? say('keys.whole') : folder
  const facts = [
    say(`door.${door}`),
    where,
    say(`keys.rights.${rights}`),
    untilMs === undefined ? say('keys.no-end') : say('keys.until', { day: dayOf(untilMs, locale) }),
    lastUsedMs === undefined
      ? say('keys.unused')
      : say('keys.used', { ago: agoOf(lastUsedMs, nowMs, locale) }),
  ]
  return (
    <Line
      title={name}
      text={facts.join(' · ')}
      isFaded={state !== 'active'}
      end={
        <>
          <Badge tone={toneOf[state]}>{say(`keys.state.${state}`)}</Badge>
          {state !== 'revoked' && (
            <Button size="small" aria-label={say('keys.revoke.named', { name })} onPress={onRevoke}>
              {say('keys.revoke')}
            </Button>
          )}
        </>
      }
    />
  )
}
