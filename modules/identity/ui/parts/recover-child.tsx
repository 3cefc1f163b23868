import { Button, Dialog, FileText, Note, TextField } from '@anarq/design'
import { type FormEvent, type ReactNode, useId, useState } from 'react'
import { type Identity, useSurroundings } from '../context.ts'
import { Carry, type Made } from './carry.tsx'

type Props = { readonly identity: Identity; readonly onClose: () => void }

/** Another device for a child whose own is lost: two of three shares make its key anew, the guardian's and the second one's. */
export function RecoverChild({ identity, onClose }: Props): ReactNode {
  const { say } = useSurroundings()
  const [made, setMade] = useState<Made>()
  return made === undefined ? (
    <Ask identity={identity} onMade={setMade} onClose={onClose} />
  ) : (
    <Carry made={made} title={say('recover.made', { name: made.name })} onClose={onClose} />
  )
}

function Ask({ identity, onMade, onClose }: Props & { readonly onMade: (made: Made) => void }): ReactNode {
  const { sdk, say, deed } = useSurroundings()
  const form = useId()
  const [device, setDevice] = useState('')
  const [share, setShare] = useState('')
  const [second, setSecond] = useState('')
  const [isTried, setTried] = useState(false)
  const { did, name } = identity
  const missing = (text: string, sentence: Parameters<typeof say>[0]): string | undefined =>
    isTried && text.trim() === '' ? say(sentence) : undefined
  const recover = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    setTried(true)
    if ([device, share, second].some((text) => text.trim() === '')) return
    const input = { ref: did, device: device.trim(), guardianShare: share.trim(), second: second.trim() }
    const made = await deed.run(() => sdk.identity.recoverChild(input))
    if (made !== undefined) onMade(made)
  }
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={say('recover.title', { name })}
      closeLabel={say('close')}
      foot={
        <>
          <Button onPress={onClose}>{say('cancel')}</Button>
          <Button look="accent" type="submit" form={form} isPending={deed.isBusy}>
            {say('recover.act')}
          </Button>
        </>
      }
    >
      <form id={form} className="identity-form" onSubmit={(event) => void recover(event)}>
        <Note icon="people">{say('recover.text')}</Note>
        <FileText
          label={say('recover.device')}
          hint={say('recover.device.hint')}
          choose={say('child.file')}
          value={device}
          onChange={setDevice}
          error={missing(device, 'child.device.missing')}
        />
        <FileText
          label={say('recover.share')}
          hint={say('recover.share.hint')}
          choose={say('recover.share.file')}
          value={share}
          onChange={setShare}
          error={missing(share, 'recover.share.missing')}
        />
        <TextField
          label={say('child.second')}
          hint={say('recover.second.hint')}
          value={second}
          onChange={setSecond}
          spellCheck="false"
          autoComplete="off"
          error={missing(second, 'child.second.missing')}
        />
      </form>
    </Dialog>
  )
}
