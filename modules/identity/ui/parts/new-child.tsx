import { Button, Dialog, FileText, TextField } from '@anarq/design'
import { type FormEvent, type ReactNode, useId, useState } from 'react'
import { useSurroundings } from '../context.ts'
import { birthIn } from '../logic/child-form.ts'
import { Carry, type Made } from './carry.tsx'
import { Terms, useTerms } from './child-terms.tsx'

/** Takes in what the child's device wrote, makes the identity, and gives the two files that are carried. */
export function NewChild({ onClose }: { readonly onClose: () => void }): ReactNode {
  const { say } = useSurroundings()
  const [made, setMade] = useState<Made>()
  return made === undefined ? (
    <Ask onMade={setMade} onClose={onClose} />
  ) : (
    <Carry made={made} title={say('child.made', { name: made.name })} onClose={onClose} />
  )
}

type AskProps = { readonly onMade: (made: Made) => void; readonly onClose: () => void }

function Ask({ onMade, onClose }: AskProps): ReactNode {
  const { sdk, say, deed } = useSurroundings()
  const form = useId()
  const [name, setName] = useState('')
  const [birth, setBirth] = useState('')
  const [device, setDevice] = useState('')
  const [second, setSecond] = useState('')
  const [isTried, setTried] = useState(false)
  const terms = useTerms()
  const birthMs = birthIn(birth, Date.now())
  const missing = (isThere: boolean, sentence: Parameters<typeof say>[0]): string | undefined =>
    isTried && !isThere ? say(sentence) : undefined
  const make = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    setTried(true)
    const called = name.trim()
    const isWhole = called !== '' && second.trim() !== '' && !terms.isWrong
    if (!isWhole || birthMs === undefined || device.trim() === '') return
    const made = await deed.run(() =>
      sdk.identity.createChild({
        name: called,
        birthMs,
        device: device.trim(),
        second: second.trim(),
        limits: terms.read(),
      }),
    )
    if (made !== undefined) onMade(made)
  }
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={say('child.new')}
      closeLabel={say('close')}
      foot={
        <>
          <Button onPress={onClose}>{say('cancel')}</Button>
          <Button look="accent" type="submit" form={form} isPending={deed.isBusy}>
            {say('child.make')}
          </Button>
        </>
      }
    >
      <form id={form} className="identity-form" onSubmit={(event) => void make(event)}>
        <p className="aq-small">{say('child.enrol')}</p>
        <FileText
          label={say('child.device')}
          choose={say('child.file')}
          value={device}
          onChange={setDevice}
          error={missing(device.trim() !== '', 'child.device.missing')}
        />
        <TextField
          label={say('child.name')}
          value={name}
          onChange={setName}
          maxLength={100}
          autoComplete="off"
          error={missing(name.trim() !== '', 'new.name.missing')}
        />
        <TextField
          label={say('child.birth')}
          hint={say('child.birth.hint')}
          value={birth}
          onChange={setBirth}
          inputMode="numeric"
          autoComplete="off"
          error={missing(birthMs !== undefined, 'child.birth.wrong')}
        />
        <TextField
          label={say('child.second')}
          hint={say('child.second.hint')}
          value={second}
          onChange={setSecond}
          spellCheck="false"
          autoComplete="off"
          error={missing(second.trim() !== '', 'child.second.missing')}
        />
        <Terms terms={terms} isTried={isTried} />
      </form>
    </Dialog>
  )
}
