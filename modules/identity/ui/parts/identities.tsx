import {
  Answered,
  Avatar,
  Badge,
  Button,
  Group,
  IconButton,
  Line,
  Lines,
  PageHead,
  Skeleton,
} from '@anarq/design'
import { type ReactNode, useState } from 'react'
import { type Identity, useSurroundings } from '../context.ts'
import { doingsOf, inOrder } from '../logic/kinds.ts'
import { NewIdentity } from './new-identity.tsx'
import { OneIdentity } from './one-identity.tsx'

/** All of them, or the one that was opened. */
export function Identities(): ReactNode {
  const { say, identities } = useSurroundings()
  const [opened, setOpened] = useState<string>()
  const [isMaking, setMaking] = useState(false)
  const one = identities.value?.find(({ did, formerly }) => did === opened || formerly.includes(opened ?? ''))
  if (one !== undefined) return <OneIdentity identity={one} onBack={() => setOpened(undefined)} />
  return (
    <>
      <PageHead
        title={say('place.identities')}
        text={say('identities.text')}
        acts={
          <Button look="accent" icon="plus" onPress={() => setMaking(true)}>
            {say('identities.new')}
          </Button>
        }
      />
      <Answered
        asked={identities}
        icon="identity"
        failed={say('identities.failed')}
        waiting={
          <Group>
            <Lines label={say('identities.list')}>
              <Line
                lead={<Skeleton width={40} height={40} />}
                title={<Skeleton width={160} />}
                text={<Skeleton width={260} />}
              />
            </Lines>
          </Group>
        }
      >
        {(value) => (
          <Group>
            <Lines label={say('identities.list')}>
              {inOrder(value).map((identity) => (
                <IdentityLine key={identity.did} identity={identity} onOpen={() => setOpened(identity.did)} />
              ))}
            </Lines>
          </Group>
        )}
      </Answered>
      {isMaking && <NewIdentity onClose={() => setMaking(false)} />}
    </>
  )
}

function IdentityLine({
  identity,
  onOpen,
}: {
  readonly identity: Identity
  readonly onOpen: () => void
}): ReactNode {
  const { sdk, say, deed } = useSurroundings()
  const { did, name, kind, status, isCurrent } = identity
  return (
    <Line
      lead={<Avatar name={name} seed={did} kind={kind} size={40} />}
      title={name}
      text={
        <>
          <b>{say(`kind.${kind}`)}.</b> {say(`kind.${kind}.text`)}
        </>
      }
      isFaded={status === 'revoked'}
      end={
        <>
          {isCurrent && (
            <Badge tone="accent" icon="check">
              {say('in-use')}
            </Badge>
          )}
          {status === 'revoked' && <Badge>{say('revoked')}</Badge>}
          {doingsOf(identity).canUse && (
            <Button
              size="small"
              aria-label={say('use.named', { name })}
              isDisabled={deed.isBusy}
              onPress={() => void deed.run(() => sdk.identity.use({ ref: did }))}
            >
              {say('use')}
            </Button>
          )}
          <IconButton icon="chevron-right" label={say('open.named', { name })} onPress={onOpen} />
        </>
      }
    />
  )
}
