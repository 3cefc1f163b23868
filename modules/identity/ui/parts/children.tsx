import {
  Avatar,
  Badge,
  Button,
  dayOf,
  EmptyState,
  Facts,
  Group,
  Line,
  Lines,
  momentOf,
  PageHead,
} from '@anarq/design'
import { type ReactNode, useState } from 'react'
import { type Identity, useSurroundings } from '../context.ts'
import { factsOfLimits } from '../logic/limits.ts'
import { ChildActs } from './child-acts.tsx'
import { NewChild } from './new-child.tsx'

/** Children of this home with their limits, and how the rest is done. */
export function Children(): ReactNode {
  const { say, identities } = useSurroundings()
  const [isMaking, setMaking] = useState(false)
  const children = identities.value?.filter(({ child }) => child !== undefined) ?? []
  return (
    <>
      <PageHead
        title={say('children.title')}
        text={say('children.text')}
        acts={
          <Button look="accent" icon="plus" onPress={() => setMaking(true)}>
            {say('child.new')}
          </Button>
        }
      />
      {isMaking && <NewChild onClose={() => setMaking(false)} />}
      {children.map((one) => (
        <Child key={one.did} identity={one} />
      ))}
      {children.length === 0 && identities.value !== undefined && (
        <EmptyState icon="people" title={say('children.none')}>
          {say('children.none.text')}
        </EmptyState>
      )}
      <Commands />
    </>
  )
}

function Child({ identity }: { readonly identity: Identity }): ReactNode {
  const { say, locale } = useSurroundings()
  const { did, name, child } = identity
  if (child === undefined) return null
  const { stage, side, majorityMs, delegatedUntilMs, limits } = child
  const until = momentOf(delegatedUntilMs, locale)
  return (
    <Group>
      <Lines label={say('children.list')}>
        <Line
          lead={<Avatar name={name} seed={did} kind="child" size={40} />}
          title={name}
          text={say(side === 'guardian' ? 'children.guardian-of' : 'children.ward')}
          end={<Badge>{say('kind.child')}</Badge>}
        />
      </Lines>
      <h3 className="identity-small-head">{say('children.limits', { name })}</h3>
      <Facts
        facts={[
          {
            name: say('child.stage'),
            value:
              stage === 'adult'
                ? say('child.stage.adult')
                : say('child.stage.minor', { day: dayOf(majorityMs, locale) }),
          },
          {
            name: say('child.until'),
            value: delegatedUntilMs < Date.now() ? say('child.expired', { day: until }) : until,
          },
          ...factsOfLimits(limits, say, locale).map((fact) => ({ name: say(fact.name), value: fact.value })),
        ]}
      />
      {side === 'guardian' && <ChildActs identity={{ ...identity, child }} />}
    </Group>
  )
}

const commands = [
  { key: 'children.how.enrol', command: 'anarq id enrol --name NAME' },
  { key: 'children.how.recover', command: 'anarq id recover NAME --device FILE --share FILE' },
  { key: 'children.how.lend', command: 'anarq id lend FILE' },
] as const

function Commands(): ReactNode {
  const { say } = useSurroundings()
  return (
    <Group title={say('children.how')} text={say('children.how.text')}>
      {commands.map(({ key, command }) => (
        <div key={key}>
          <p className="aq-small">{say(key)}</p>
          <code className="aq-command">{command}</code>
        </div>
      ))}
    </Group>
  )
}
