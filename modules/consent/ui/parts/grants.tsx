import {
  Answered,
  Avatar,
  EmptyState,
  Group,
  Icon,
  Line,
  Lines,
  Note,
  PageHead,
  Segments,
  Skeleton,
  useAsked,
} from '@anarq/design'
import { type ReactNode, useCallback, useState } from 'react'
import { useSurroundings } from '../context.ts'
import { type By, type GrantGroup, groupsOf, type Shown, shownOf } from '../logic/grants.ts'
import { GrantLine } from './grant-line.tsx'

type GrantsProps = { readonly direction: 'in' | 'out' }

/** All of one direction, by person or by file. */
export function Grants({ direction }: GrantsProps): ReactNode {
  const { sdk, say, events, nameOf } = useSurroundings()
  const [by, setBy] = useState<By>('person')
  const [shown, setShown] = useState<Shown>('all')
  const ask = useCallback(() => sdk.consent.grants({ direction }), [sdk, direction])
  const asked = useAsked(ask, events, 'consent', 'drive')
  return (
    <>
      <PageHead title={say(`${direction}.title`)} text={say(`${direction}.text`)} />
      <Answered
        asked={asked}
        icon="consent"
        failed={say('grants.failed')}
        waiting={
          <Group>
            <Lines label={say(`${direction}.title`)}>
              <Line title={<Skeleton width={180} />} text={<Skeleton width={280} />} />
            </Lines>
          </Group>
        }
      >
        {(value) =>
          value.length === 0 ? (
            <EmptyState icon="consent" title={say(`${direction}.none`)}>
              {say(`${direction}.none.text`)}
            </EmptyState>
          ) : (
            <>
              <div className="consent-bar">
                <Segments
                  label={say('by.label')}
                  value={by}
                  onChange={setBy}
                  options={[
                    { value: 'person', label: say('by.person') },
                    { value: 'file', label: say('by.file') },
                  ]}
                />
                <Segments
                  label={say('show.label')}
                  value={shown}
                  onChange={setShown}
                  options={[
                    { value: 'all', label: say('show.all') },
                    { value: 'active', label: say('show.active') },
                    { value: 'past', label: say('show.past') },
                  ]}
                />
              </div>
              <Groups groups={groupsOf(shownOf(value, shown), by, nameOf)} by={by} />
              <Note>{say('honest')}</Note>
            </>
          )
        }
      </Answered>
    </>
  )
}

function Groups({ groups, by }: { readonly groups: readonly GrantGroup[]; readonly by: By }): ReactNode {
  const { say } = useSurroundings()
  if (groups.length === 0) {
    return (
      <EmptyState icon="consent" title={say('some.none')}>
        {say('some.none.text')}
      </EmptyState>
    )
  }
  return groups.map(({ id, title, grants }) => (
    <section key={id} className="consent-group" aria-label={title}>
      <header>
        {by === 'person' ? (
          <Avatar name={title} seed={id} size={28} />
        ) : (
          <Icon name={grants[0]?.kind === 'folder' ? 'folder' : 'file'} />
        )}
        <h3>{title}</h3>
      </header>
      <Group>
        <Lines label={say('with.list', { name: title })}>
          {grants.map((grant) => (
            <GrantLine key={grant.id} grant={grant} by={by} />
          ))}
        </Lines>
      </Group>
    </section>
  ))
}
