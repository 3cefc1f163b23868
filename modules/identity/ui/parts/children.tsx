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
  Note,
  PageHead,
} from '@anarq/design'
import { type ReactNode, useState } from 'react'
import { type Identity, useSurroundings } from '../context.ts'
import { type ChildState, childStateOf } from '../logic/child-state.ts'
import { factsOfLimits } from '../logic/limits.ts'
import { SecondGuardian, TakeIn } from './carried-in.tsx'
import { ChildActs } from './child-acts.tsx'
import { NewChild } from './new-child.tsx'

/** Children of this home with their limits and where they stand, and what second guardians do. */
export function Children(): ReactNode {
  const { say, identities } = useSurroundings()
  const [isMaking, setMaking] = useState(false)
  const children = identities.value?.filter(({ child }) => child !== undefined) ?? []
  // A child's home is its own alone: nobody has children there, or is a second guardian.
  const isWard = children.some(({ child }) => child?.side === 'child')
  return (
    <>
      <PageHead
        title={say('children.title')}
        text={say('children.text')}
        acts={
          isWard ? undefined : (
            <Button look="accent" icon="plus" onPress={() => setMaking(true)}>
              {say('child.new')}
            </Button>
          )
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
      {isWard ? <TakeIn /> : <SecondGuardian />}
    </>
  )
}

const tones = {
  adult: 'accent',
  'of-age': 'warning',
  lapsed: 'danger',
  soon: 'warning',
  acting: 'success',
} as const satisfies Record<ChildState, string>

function Child({ identity }: { readonly identity: Identity }): ReactNode {
  const { say, locale } = useSurroundings()
  const { did, name, child } = identity
  if (child === undefined) return null
  const { stage, side, majorityMs, delegatedUntilMs, limits } = child
  const state = childStateOf(child, Date.now())
  const until = momentOf(delegatedUntilMs, locale)
  return (
    <Group>
      <Lines label={say('children.list')}>
        <Line
          lead={<Avatar name={name} seed={did} kind="child" size={40} />}
          title={name}
          text={say(side === 'guardian' ? 'children.guardian-of' : 'children.ward')}
          end={<Badge tone={tones[state]}>{say(`child.state.${state}`)}</Badge>}
        />
      </Lines>
      {(state === 'of-age' || state === 'lapsed') && (
        <Note tone="warning">{say(`child.state.${state}.${side}`, { name })}</Note>
      )}
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
            value: state === 'lapsed' ? say('child.expired', { day: until }) : until,
          },
          ...factsOfLimits(limits, say, locale).map((fact) => ({ name: say(fact.name), value: fact.value })),
        ]}
      />
      {side === 'guardian' && <ChildActs identity={{ ...identity, child }} />}
    </Group>
  )
}
