import { Button, Dialog, EmptyState, PasswordField } from '@anarq/design'
import { type FormEvent, type ReactNode, useState } from 'react'
import { useSurroundings } from '../context.ts'
import type { LockAsked } from '../model/locks.ts'

type LockProps = {
  /** The one that was given before did not open it. */
  readonly isWrong: boolean
  readonly onOpen: (passphrase: string) => void
}

/** In the place of what a second lock keeps: its passphrase is kept for as long as this is shown. */
export function LockGate({ isWrong, onOpen }: LockProps): ReactNode {
  const { say } = useSurroundings()
  const { form, submit } = useLockForm({ isWrong, onOpen })
  return (
    <EmptyState
      icon="lock"
      tone="accent"
      title={say('lock.title')}
      acts={
        <Button look="accent" onPress={submit}>
          {say('act.open')}
        </Button>
      }
    >
      {say('lock.text')}
      {form}
    </EmptyState>
  )
}

export type LockDialogProps = LockProps & Omit<LockAsked, 'isWrong'> & { readonly onClose: () => void }

export function LockDialog({ name, kind, isWrong, onOpen, onClose }: LockDialogProps): ReactNode {
  const { say } = useSurroundings()
  const { form, submit } = useLockForm({ isWrong, onOpen })
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={say(`lock.title.${kind}`, { name })}
      closeLabel={say('act.close')}
      foot={
        <>
          <Button onPress={onClose}>{say('act.cancel')}</Button>
          <Button look="accent" onPress={submit}>
            {say('act.open')}
          </Button>
        </>
      }
    >
      <p>{say('lock.text')}</p>
      {form}
    </Dialog>
  )
}

function useLockForm({ isWrong, onOpen }: LockProps): { form: ReactNode; submit: () => void } {
  const { say } = useSurroundings()
  const [value, setValue] = useState('')
  const [isEmpty, setEmpty] = useState(false)
  const submit = (): void => {
    setEmpty(value === '')
    if (value !== '') onOpen(value)
  }
  const error = isEmpty ? say('lock.empty') : isWrong ? say('lock.wrong') : undefined
  const form = (
    <form
      className="qd-lock"
      // A passphrase that was wrong would keep the next one back.
      noValidate
      onSubmit={(event: FormEvent) => {
        event.preventDefault()
        submit()
      }}
    >
      <PasswordField
        label={say('lock.label')}
        value={value}
        onChange={setValue}
        autoFocus
        // What the browser keeps for this page is another passphrase.
        autoComplete="off"
        maxLength={1000}
        words={{ show: say('lock.show'), hide: say('lock.hide') }}
        error={error}
      />
    </form>
  )
  return { form, submit }
}
