import { Button, Dialog, type Say, TextField } from '@anarq/design'
import { type ReactNode, useState } from 'react'
import type { MessageKey } from './messages.ts'
import type { Store } from './use-store.ts'

export type DriveDialogProps = {
  readonly say: Say<MessageKey>
  readonly store: Store
  readonly isOpen: boolean
  readonly onClose: () => void
}

export function DriveDialog({ say, store, isOpen, onClose }: DriveDialogProps): ReactNode {
  const [path, setPath] = useState('')
  const look = (): void => {
    const plain = path.trim().startsWith('/') ? path.trim() : `/${path.trim()}`
    onClose()
    void store.inspect(plain, { path: plain, isIncoming: false, isDevelopment: false })
  }
  return (
    <Dialog
      isOpen={isOpen}
      onClose={onClose}
      title={say('drive.title')}
      closeLabel={say('close')}
      foot={
        <>
          <Button onPress={onClose}>{say('cancel')}</Button>
          <Button look="accent" isDisabled={path.trim() === ''} onPress={look}>
            {say('drive.act')}
          </Button>
        </>
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (path.trim() !== '') look()
        }}
      >
        <TextField
          autoFocus
          label={say('drive.path')}
          hint={say('drive.hint')}
          icon="folder"
          value={path}
          onChange={setPath}
        />
      </form>
    </Dialog>
  )
}
