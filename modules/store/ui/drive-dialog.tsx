import { Button, Dialog, type Say, TextField } from '@anarq/design'
import { type ReactNode, useState } from 'react'
import type { MessageKey } from './messages.ts'
import type { Store } from './use-store.ts'

export type InDrive = 'package' | 'feed'

export type DriveDialogProps = {
  readonly say: Say<MessageKey>
  readonly store: Store
  /** Absent: closed. */
  readonly what: InDrive | undefined
  readonly onClose: () => void
}

export function DriveDialog({ say, store, what, onClose }: DriveDialogProps): ReactNode {
  const [path, setPath] = useState('')
  const isFeed = what === 'feed'
  const look = (): void => {
    const plain = path.trim().startsWith('/') ? path.trim() : `/${path.trim()}`
    onClose()
    if (what === 'feed') void store.feeds.add(plain)
    else void store.inspect(plain, { path: plain, isIncoming: false, isDevelopment: false })
  }
  return (
    <Dialog
      isOpen={what !== undefined}
      onClose={onClose}
      title={say(isFeed ? 'feed.drive.title' : 'drive.title')}
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
          label={say(isFeed ? 'feed.drive.path' : 'drive.path')}
          hint={say(isFeed ? 'feed.drive.hint' : 'drive.hint')}
          icon="folder"
          value={path}
          onChange={setPath}
        />
      </form>
    </Dialog>
  )
}
