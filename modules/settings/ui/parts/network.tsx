import { Answered, Badge, Facts, Flags, Group, Line, Lines, Note, PageHead, useAsked } from '@anarq/design'
import type { OthersFacts } from '@anarq/sdk'
import { type ReactNode, useCallback } from 'react'
import { useSurroundings } from '../context.ts'

/** Only what is true: where the one node is reached. */
export function Network(): ReactNode {
  const { sdk, say, events } = useSurroundings()
  const ask = useCallback(() => sdk.system.network({}), [sdk])
  const asked = useAsked(ask, events)
  return (
    <>
      <PageHead title={say('place.network')} text={say('network.text')} />
      <Answered asked={asked} icon="network" failed={say('network.failed')}>
        {(value) => (
          <>
            <Others others={value.others} />
            <Group
              title={say('network.listens')}
              text={
                <Flags>
                  {say(value.reach === 'machine' ? 'network.machine.text' : 'network.network.text')}
                </Flags>
              }
              acts={
                <Badge tone={value.reach === 'machine' ? 'success' : 'warning'}>
                  {say(`network.${value.reach}`)}
                </Badge>
              }
            >
              <Facts
                facts={[
                  { name: say('network.address'), value: <code>{value.address}</code> },
                  { name: say('network.host'), value: <code>{`${value.host}, ${value.port}`}</code> },
                  {
                    name: say('network.tls'),
                    value:
                      value.tlsName === undefined ? say('network.tls.none') : <code>{value.tlsName}</code>,
                  },
                  { name: say('network.socket'), value: <code>{value.socket}</code> },
                ]}
              />
            </Group>
            <Group title={say('network.doors')}>
              <Lines label={say('network.doors')}>
                {value.doors.map(({ kind, path }) => (
                  <Line
                    key={kind}
                    title={say(`door.${kind}`)}
                    text={say(`door.${kind}.text`)}
                    end={<code className="aq-command">{path}</code>}
                  />
                ))}
              </Lines>
            </Group>
            <Group title={say('network.camouflage')} text={say('network.camouflage.text')} />
          </>
        )}
      </Answered>
    </>
  )
}

/** How it stands towards other nodes now. */
function Others({ others }: { readonly others: OthersFacts }): ReactNode {
  const { say } = useSurroundings()
  const isMissing = others.state === 'not-listening'
  return (
    <Note icon={isMissing ? 'alert' : 'network'} {...(isMissing ? { tone: 'warning' } : {})}>
      <strong>{say(`network.${others.state}`)}</strong> <Flags>{say(`network.${others.state}.text`)}</Flags>
      {others.state === 'listening' && (
        <span className="settings-others">
          <code>{others.address}</code>
          {others.outside !== undefined && (
            <>
              {' '}
              {say('network.outside')} <code>{others.outside}</code>
            </>
          )}
        </span>
      )}
      {isMissing && (
        <span className="settings-others">
          <code>{others.wanted}</code>
        </span>
      )}
    </Note>
  )
}
