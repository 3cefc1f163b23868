import { Avatar, Badge, Button, dayOf, Icon, IconButton, Line, Menu } from '@anarq/design'
import { type ReactNode, useState } from 'react'
import { useSurroundings } from '../context.ts'
import { type By, type Grant, termsOf, toneOf } from '../logic/grants.ts'
import { SealAnew } from './seal-anew.tsx'

type GrantLineProps = { readonly grant: Grant; readonly by: By }

/** One grant with its terms; what I allowed is taken back by one press. */
export function GrantLine({ grant, by }: GrantLineProps): ReactNode {
  const { sdk, say, locale, window, deed, nameOf } = useSurroundings()
  const [isSealing, setSealing] = useState(false)
  const { id, direction, kind, name: file, with: who, state } = grant
  const name = nameOf(who)
  const isMine = direction === 'out'
  const revoke = async (): Promise<void> => {
    const done = await deed.run(() => sdk.consent.revoke({ grant: id }))
    if (done === undefined) return
    window.notify({
      title: say('revoke.done', { file }),
      text: say('revoke.done.text', { name }),
      tone: 'success',
    })
  }
  return (
    <Line
      lead={
        by === 'person' ? (
          <Icon name={kind} label={say(`kind.${kind}`)} />
        ) : (
          <Avatar name={name} seed={who} size={28} />
        )
      }
      title={by === 'person' ? file : say(isMine ? 'to' : 'from', { name })}
      text={termsOf(grant, say, (ms) => dayOf(ms, locale), locale)}
      isFaded={state !== 'active'}
      end={
        <>
          <Badge tone={toneOf[state]}>{say(`state.${state}`)}</Badge>
          {isMine && state === 'active' && (
            <Button
              size="small"
              isDisabled={deed.isBusy}
              aria-label={say('revoke.named', { file, name })}
              onPress={() => void revoke()}
            >
              {say('revoke')}
            </Button>
          )}
          {isMine && (
            <Menu
              label={say('more', { file })}
              placement="bottom end"
              entries={[{ id: 'hard', label: say('hard.act'), icon: 'lock' }]}
              onAct={() => setSealing(true)}
            >
              <IconButton icon="more" label={say('more', { file })} />
            </Menu>
          )}
          {isSealing && <SealAnew grant={grant} onClose={() => setSealing(false)} />}
        </>
      }
    />
  )
}
