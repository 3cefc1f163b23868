import { Button, Dialog, type Say, TextField } from '@anarq/design'
import { type ReactNode, useState } from 'react'
import type { MessageKey } from './messages.ts'
import type { Store } from './use-store.ts'

/** A package or a feed of the drive, or a feed at an address. */
export type Placed = 'package' | 'feed' | 'address'

export type PlaceDialogProps = {
  readonly say: Say<MessageKey>
  readonly store: Store
  /** Absent: closed. */
  readonly what: Placed | undefined
  readonly onClose: () => void
}

export function PlaceDialog({ what, ...props }: PlaceDialogProps): ReactNode {
  return what !== undefined && <Asking key={what} {...props} what={what} />
}

function Asking({ say, store, what, onClose }: PlaceDialogProps & { readonly what: Placed }): ReactNode {
  const [typed, setTyped] = useState('')
  const place = what === 'address' ? addressOf(typed) : pathOf(typed)
  const look = (): void => {
    onClose()
    if (what === 'package')
      void store.inspect(place, { path: place, isIncoming: false, isDevelopment: false })
    else void store.feeds.add(place)
  }
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={say(`place.${what}.title`)}
      closeLabel={say('close')}
      foot={
        <>
          <Button onPress={onClose}>{say('cancel')}</Button>
          <Button look="accent" isDisabled={typed.trim() === ''} onPress={look}>
            {say(what === 'address' ? 'place.address.act' : 'place.act')}
          </Button>
        </>
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (typed.trim() !== '') look()
        }}
      >
        <TextField
          autoFocus
          label={say(`place.${what}.label`)}
          hint={say(`place.${what}.hint`)}
          icon={what === 'address' ? 'link' : 'folder'}
          {...(what === 'address' ? { inputMode: 'url', autoComplete: 'off', spellCheck: 'false' } : {})}
          value={typed}
          onChange={setTyped}
        />
      </form>
    </Dialog>
  )
}

function pathOf(typed: string): string {
  const path = typed.trim()
  return path.startsWith('/') ? path : `/${path}`
}

/** As it is said: people leave the beginning off. */
function addressOf(typed: string): string {
  const address = typed.trim()
  return /^[a-z]+:/i.test(address) && !/^[^/]*:\d/.test(address) ? address : `https://${address}`
}
