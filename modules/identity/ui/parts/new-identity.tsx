import { Button, Dialog, RadioGroup, TextField } from '@anarq/design'
import { type FormEvent, type ReactNode, useId, useState } from 'react'
import { useSurroundings } from '../context.ts'
import { type NewKind, newKinds } from '../logic/kinds.ts'

/** Asks for what it is and what it is called, and makes it. */
export function NewIdentity({ onClose }: { readonly onClose: () => void }): ReactNode {
  const { sdk, say, deed, window } = useSurroundings()
  const [kind, setKind] = useState<NewKind>('sub')
  const [name, setName] = useState('')
  const [isTried, setTried] = useState(false)
  const form = useId()
  const make = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    setTried(true)
    if (name.trim() === '') return
    const made = await deed.run(() => sdk.identity.create({ kind, name: name.trim() }))
    if (made === undefined) return
    window.notify({ title: say('new.made', { name: made.name }), tone: 'success' })
    onClose()
  }
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={say('new.title')}
      closeLabel={say('close')}
      foot={
        <>
          <Button onPress={onClose}>{say('cancel')}</Button>
          <Button look="accent" type="submit" form={form} isPending={deed.isBusy}>
            {say('new.make')}
          </Button>
        </>
      }
    >
      <form id={form} className="identity-form" onSubmit={(event) => void make(event)}>
        <TextField
          label={say('new.name')}
          hint={say('new.name.hint')}
          error={isTried && name.trim() === '' ? say('new.name.missing') : undefined}
          value={name}
          onChange={setName}
          maxLength={200}
          autoComplete="off"
          autoFocus
        />
        <RadioGroup
          label={say('new.kind')}
          value={kind}
          onChange={setKind}
          options={newKinds.map((value) => ({
            value,
            label: say(`kind.${value}`),
            hint: say(`kind.${value}.text`),
          }))}
        />
        <p className="aq-small">{say('new.child')}</p>
      </form>
    </Dialog>
  )
}
