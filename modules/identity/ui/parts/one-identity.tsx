import { AlertDialog, Avatar, Badge, Button, dayOf, Facts, Group, PageHead } from '@anarq/design'
import { type ReactNode, useState } from 'react'
import { type Identity, useSurroundings } from '../context.ts'
import { doingsOf } from '../logic/kinds.ts'
import { CardOf } from './card-of.tsx'
import { KeyDevices } from './key-devices.tsx'

type OneProps = { readonly identity: Identity; readonly onBack: () => void }

/** What there is to know of one identity, and what can be done with it. */
export function OneIdentity({ identity, onBack }: OneProps): ReactNode {
  const { sdk, say, locale, deed } = useSurroundings()
  const { did, name, kind, status, epoch, createdMs, isCurrent, formerly } = identity
  const keys =
    epoch === 0
      ? say('fact.keys.first')
      : epoch === 1
        ? say('fact.keys.once')
        : say('fact.keys.later', { count: epoch })
  return (
    <>
      <PageHead
        title={name}
        text={say(`kind.${kind}.text`)}
        lead={<Avatar name={name} seed={did} kind={kind} size={48} />}
        back={{ label: say('back'), onGo: onBack }}
        acts={
          isCurrent ? (
            <Badge tone="accent" icon="check">
              {say('in-use')}
            </Badge>
          ) : (
            doingsOf(identity).canUse && (
              <Button
                look="accent"
                icon="switch"
                isDisabled={deed.isBusy}
                onPress={() => void deed.run(() => sdk.identity.use({ ref: did }))}
              >
                {say('use')}
              </Button>
            )
          )
        }
      />
      <Group>
        <Facts
          facts={[
            { name: say('fact.kind'), value: say(`kind.${kind}`) },
            { name: say('fact.did'), value: <code>{did}</code> },
            { name: say('fact.made'), value: dayOf(createdMs, locale) },
            { name: say('fact.keys'), value: status === 'revoked' ? say('revoked') : keys },
            ...(formerly.length === 0
              ? []
              : [{ name: say('fact.formerly'), value: <code>{formerly.join(' ')}</code> }]),
          ]}
        />
      </Group>
      {status === 'active' && (
        <>
          <CardOf identity={identity} title={say('card.title')} text={say('card.text')} />
          <KeyDevices identity={identity} />
        </>
      )}
      <Endings identity={identity} />
    </>
  )
}

/** What changes it for good, each with what it means first. */
function Endings({ identity }: { readonly identity: Identity }): ReactNode {
  const { sdk, say, deed, window } = useSurroundings()
  const [asked, setAsked] = useState<'rotate' | 'revoke'>()
  const { did, name } = identity
  const { canRotate, keepsAddress, keptBy } = doingsOf(identity)
  const act = async (how: 'rotate' | 'revoke'): Promise<void> => {
    setAsked(undefined)
    const done = await deed.run(() => sdk.identity[how]({ ref: did }))
    if (done !== undefined) window.notify({ title: say(`${how}.done`, { name }), tone: 'success' })
  }
  if (keptBy === 'revoked') return null
  return (
    <>
      {canRotate && (
        <Group
          title={say('rotate.title')}
          text={say('rotate.text')}
          acts={
            <Button icon="refresh" isDisabled={deed.isBusy} onPress={() => setAsked('rotate')}>
              {say('rotate.act')}
            </Button>
          }
        />
      )}
      <Group
        title={say('revoke.title')}
        text={keptBy === undefined ? say('revoke.text') : say(`revoke.${keptBy}`)}
        acts={
          keptBy === undefined && (
            <Button look="danger" isDisabled={deed.isBusy} onPress={() => setAsked('revoke')}>
              {say('revoke.act')}
            </Button>
          )
        }
      />
      <AlertDialog
        isOpen={asked === 'rotate'}
        title={say('rotate.ask', { name })}
        act={say('rotate.act')}
        cancel={say('cancel')}
        onAct={() => void act('rotate')}
        onCancel={() => setAsked(undefined)}
      >
        {say(keepsAddress ? 'rotate.ask.logged' : 'rotate.ask.peer')}
      </AlertDialog>
      <AlertDialog
        isOpen={asked === 'revoke'}
        isDanger
        title={say('revoke.ask', { name })}
        act={say('revoke.act')}
        cancel={say('cancel')}
        onAct={() => void act('revoke')}
        onCancel={() => setAsked(undefined)}
      >
        {say('revoke.ask.text')}
      </AlertDialog>
    </>
  )
}
