import { Button, copyText, dayOf, Group, Note, QrCode, saveFile, TextField } from '@anarq/design'
import { type ReactNode, useState } from 'react'
import { type Invitation, useSurroundings } from '../context.ts'

/** A line that leads another node here: to copy, to save, or to hold a camera at. */
export function Invite({ canInvite }: { readonly canInvite: boolean }): ReactNode {
  const { sdk, say, locale, window, deed } = useSurroundings()
  const [made, setMade] = useState<Invitation>()
  const make = async (): Promise<void> => setMade(await deed.run(() => sdk.network.invite({})))
  const copy = (text: string): void => {
    copyText(text).then(
      () => window.notify({ title: say('invite.copied'), tone: 'success' }),
      () => window.notify({ title: say('failed'), text: say('copy.failed'), tone: 'warning' }),
    )
  }
  return (
    <Group
      title={say('invite')}
      text={say('invite.text')}
      acts={
        canInvite && (
          <Button look="accent" icon="share" isDisabled={deed.isBusy} onPress={() => void make()}>
            {say('invite.make')}
          </Button>
        )
      }
    >
      {!canInvite && <Note icon="network">{say('invite.none')}</Note>}
      {made !== undefined && (
        <div className="network-invitation">
          <QrCode text={made.invitation} label={say('invite.code')} />
          <div>
            <TextField label={say('invite.line')} rows={5} value={made.invitation} isReadOnly />
            <p className="aq-small">{say('invite.until', { day: dayOf(made.endsMs, locale) })}</p>
            <div className="aq-acts">
              <Button icon="copy" onPress={() => copy(made.invitation)}>
                {say('copy')}
              </Button>
              <Button
                icon="download"
                onPress={() => saveFile('invitation.txt', `${made.invitation}\n`, 'text/plain')}
              >
                {say('save')}
              </Button>
            </div>
          </div>
        </div>
      )}
    </Group>
  )
}
