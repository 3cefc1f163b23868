import { Button, Group, TextField } from '@anarq/design'
import { type ReactNode, useState } from 'react'
import { useSurroundings } from '../context.ts'
import { invitationIn, shortId } from '../logic/peers.ts'

/** By a line that somebody else's node made. */
export function Join({ onJoined }: { readonly onJoined: () => void }): ReactNode {
  const { sdk, say, window, deed } = useSurroundings()
  const [text, setText] = useState('')
  const invitation = invitationIn(text)
  const join = async (): Promise<void> => {
    if (invitation === undefined) return
    const peer = await deed.run(() => sdk.network.join({ invitation }))
    if (peer === undefined) return
    setText('')
    window.notify({
      title: say('joined'),
      text: say('joined.text', { id: shortId(peer.id) }),
      tone: 'success',
    })
    onJoined()
  }
  return (
    <Group title={say('join')} text={say('join.text')}>
      <form
        className="network-join"
        onSubmit={(event) => {
          event.preventDefault()
          void join()
        }}
      >
        <TextField
          label={say('join.line')}
          placeholder="anarq:…"
          value={text}
          onChange={setText}
          {...(text !== '' && invitation === undefined ? { error: say('join.wrong') } : {})}
        />
        <Button type="submit" look="accent" isDisabled={invitation === undefined} isPending={deed.isBusy}>
          {say('join.act')}
        </Button>
      </form>
    </Group>
  )
}
