import {
  Avatar,
  Badge,
  Button,
  Dialog,
  dayOf,
  Icon,
  IconButton,
  Line,
  Menu,
  Note,
  ProgressBar,
} from '@anarq/design'
import { type ReactNode, useState } from 'react'
import { useSurroundings } from '../context.ts'
import { type By, type Grant, termsOf, toneOf } from '../logic/grants.ts'

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

/** Says what sealing anew does and what it costs, and does it. */
function SealAnew({ grant, onClose }: { readonly grant: Grant; readonly onClose: () => void }): ReactNode {
  const { sdk, say, window, deed, nameOf } = useSurroundings()
  const { id, name: file, with: who } = grant
  const seal = async (): Promise<void> => {
    const report = await deed.run(() => sdk.consent.revokeHard({ grant: id }))
    if (report === undefined) return
    const { files, versions, buriedBlocks, skipped } = report
    const left = skipped.length === 0 ? '' : say('hard.skipped', { count: skipped.length })
    window.notify({
      title: say('hard.done', { files, versions }),
      text: `${say('hard.done.text', { buried: buriedBlocks })} ${left}`.trim(),
      tone: skipped.length === 0 ? 'success' : 'warning',
    })
    onClose()
  }
  return (
    <Dialog
      isOpen
      onClose={() => {
        if (!deed.isBusy) onClose()
      }}
      title={say('hard.title', { file })}
      closeLabel={say('close')}
      foot={
        <>
          <Button isDisabled={deed.isBusy} onPress={onClose}>
            {say('cancel')}
          </Button>
          <Button look="danger" isPending={deed.isBusy} onPress={() => void seal()}>
            {say('hard.act')}
          </Button>
        </>
      }
    >
      <p>{say('hard.text', { name: nameOf(who) })}</p>
      {deed.isBusy ? <ProgressBar label={say('hard.busy')} /> : <Note>{say('hard.time')}</Note>}
      <p className="aq-small">{say('honest')}</p>
    </Dialog>
  )
}
