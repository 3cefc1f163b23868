import { Answered, Badge, Button, copyText, Facts, Group, Note, PageHead } from '@anarq/design'
import { type ReactNode, useCallback } from 'react'
import { useWatched } from '../asking.ts'
import { type Status, useSurroundings } from '../context.ts'
import { shortId } from '../logic/peers.ts'
import { Invite } from './invite.tsx'
import { Join } from './join.tsx'
import { Way } from './way.tsx'

const clockOffMs = 60_000

/** Whether this node is among others, and how it comes to be. */
export function Here(): ReactNode {
  const { sdk, say, events } = useSurroundings()
  const ask = useCallback(() => sdk.network.status({}), [sdk])
  const asked = useWatched(ask, events)
  return (
    <>
      <PageHead title={say('here.title')} text={say('here.text')} />
      <Answered asked={asked} icon="network" failed={say('here.failed')}>
        {(value) => (
          <>
            {value.state === 'off' && (
              <Note icon="network">
                <strong>{say('off')}.</strong> {say('off.text')}
              </Note>
            )}
            {value.state === 'on' && <On status={value} onJoined={asked.again} />}
            <Way isFirst={value.state === 'off'} />
          </>
        )}
      </Answered>
    </>
  )
}

function reachOf(
  { reachability, brokers, brokering }: OnProps['status'],
  say: ReturnType<typeof useSurroundings>['say'],
): readonly { readonly name: string; readonly value: ReactNode }[] {
  const facts = [
    { name: say('reach'), value: say(`reach.${reachability}`) },
    {
      name: say('brought'),
      value: brokers.length === 0 ? say('brought.none') : <code>{brokers.map(shortId).join(', ')}</code>,
    },
  ]
  if (brokering === undefined) return facts
  const { places, placesMax, pairs, pairsMax, pairBytesPerSecond } = brokering
  const kb = Math.round(pairBytesPerSecond / 1000)
  return [
    ...facts,
    { name: say('brokering'), value: say('brokering.facts', { places, placesMax, pairs, pairsMax, kb }) },
  ]
}

type OnProps = { readonly status: Extract<Status, { state: 'on' }>; readonly onJoined: () => void }

function On({ status, onJoined }: OnProps): ReactNode {
  const { say, window } = useSurroundings()
  const { id, addresses, isUsable, live, known, links, clockOffsetMs, roles, agreed, brokers } = status
  const state = isUsable ? 'usable' : known === 0 ? 'alone' : 'looking'
  const copy = (): void => {
    copyText(id).then(
      () => window.notify({ title: say('id.copied'), tone: 'success' }),
      () => window.notify({ title: say('failed'), text: say('copy.failed'), tone: 'warning' }),
    )
  }
  return (
    <>
      {Math.abs(clockOffsetMs) >= clockOffMs && (
        <Note tone="warning" icon="alert">
          {say('clock', { seconds: Math.round(Math.abs(clockOffsetMs) / 1000) })}
        </Note>
      )}
      <Group
        title={say(`state.${state}`)}
        text={say(`state.${state}.text`, { live, known })}
        acts={<Badge tone={isUsable ? 'success' : 'warning'}>{say('links', { count: links })}</Badge>}
      >
        <Facts
          facts={[
            {
              name: say('reached'),
              value: addresses.length === 0 ? say('reached.none') : <code>{addresses.join(', ')}</code>,
            },
            ...reachOf(status, say),
            {
              name: say('roles'),
              value:
                roles.length === 0 ? say('roles.none') : roles.map((role) => say(`role.${role}`)).join(', '),
            },
            {
              name: say('agreed'),
              value:
                agreed === undefined ? say('agreed.none') : say('agreed.some', { relays: agreed.relays }),
            },
            {
              name: say('id'),
              value: (
                <span className="network-id">
                  <code>{id}</code>
                  <Button size="small" icon="copy" onPress={copy}>
                    {say('copy')}
                  </Button>
                </span>
              ),
            },
          ]}
        />
      </Group>
      <Invite canInvite={addresses.length > 0 || brokers.length > 0} />
      <Join onJoined={onJoined} />
    </>
  )
}
