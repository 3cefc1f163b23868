import {
  Button,
  copyText,
  Dialog,
  Facts,
  Note,
  RadioGroup,
  Segments,
  Select,
  TextField,
  useAsked,
} from '@anarq/design'
import type { Sdk } from '@anarq/sdk/client'
import { type FormEvent, type ReactNode, useCallback, useId, useState } from 'react'
import { useSurroundings } from '../context.ts'

type Made = Awaited<ReturnType<Sdk['tools']['create']>>

const dayMs = 24 * 60 * 60 * 1000
/** Days until a key ends; the shortest that serves is first. */
const ends = { month: 30, quarter: 90, year: 365, never: undefined } as const
type End = keyof typeof ends

/** Asks what a key is for, makes it, and shows its secret once. */
export function NewKey({ onClose }: { readonly onClose: () => void }): ReactNode {
  const [made, setMade] = useState<Made>()
  return made === undefined ? (
    <Ask onMade={setMade} onClose={onClose} />
  ) : (
    <Secret made={made} onClose={onClose} />
  )
}

type AskProps = { readonly onMade: (made: Made) => void; readonly onClose: () => void }

function Ask({ onMade, onClose }: AskProps): ReactNode {
  const { sdk, say, deed } = useSurroundings()
  const form = useId()
  const [name, setName] = useState('')
  const [door, setDoor] = useState<'webdav' | 'mcp'>('webdav')
  const [folder, setFolder] = useState('/')
  const [rights, setRights] = useState<'read' | 'write'>('read')
  const [end, setEnd] = useState<End>('quarter')
  const [isTried, setTried] = useState(false)
  const isUnnamed = name.trim() === ''
  const isNoPath = !folder.startsWith('/')
  const make = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    setTried(true)
    if (isUnnamed || isNoPath) return
    const days = ends[end]
    const untilMs = days === undefined ? undefined : Date.now() + days * dayMs
    const made = await deed.run(() => sdk.tools.create({ name: name.trim(), door, folder, rights, untilMs }))
    if (made !== undefined) onMade(made)
  }
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={say('keys.new')}
      closeLabel={say('close')}
      foot={
        <>
          <Button onPress={onClose}>{say('cancel')}</Button>
          <Button look="accent" type="submit" form={form} isPending={deed.isBusy}>
            {say('keys.make')}
          </Button>
        </>
      }
    >
      <form id={form} className="settings-form" onSubmit={(event) => void make(event)}>
        <TextField
          label={say('keys.name')}
          hint={say('keys.name.hint')}
          value={name}
          onChange={setName}
          maxLength={100}
          autoFocus
          autoComplete="off"
          error={isTried && isUnnamed ? say('keys.name.missing') : undefined}
        />
        <RadioGroup
          label={say('keys.door')}
          value={door}
          onChange={setDoor}
          options={[
            { value: 'webdav', label: say('door.webdav'), hint: say('door.webdav.text') },
            { value: 'mcp', label: say('door.mcp'), hint: say('door.mcp.text') },
          ]}
        />
        <TextField
          label={say('keys.folder')}
          hint={say('keys.folder.hint')}
          value={folder}
          onChange={setFolder}
          spellCheck="false"
          autoComplete="off"
          error={isTried && isNoPath ? say('keys.folder.wrong') : undefined}
        />
        <Segments
          label={say('keys.rights')}
          value={rights}
          onChange={setRights}
          options={[
            { value: 'read', label: say('keys.rights.read') },
            { value: 'write', label: say('keys.rights.write') },
          ]}
        />
        <Select
          label={say('keys.end')}
          value={end}
          onChange={setEnd}
          options={(Object.keys(ends) as End[]).map((value) => ({ value, label: say(`keys.end.${value}`) }))}
        />
      </form>
    </Dialog>
  )
}

function Secret({ made, onClose }: { readonly made: Made; readonly onClose: () => void }): ReactNode {
  const { sdk, say, events } = useSurroundings()
  const ask = useCallback(() => sdk.system.network({}), [sdk])
  const { value: network } = useAsked(ask, events)
  const [isCopied, setCopied] = useState(false)
  const { key, secret } = made
  const path = network?.doors.find(({ kind }) => kind === key.door)?.path ?? ''
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={say('keys.made', { name: key.name })}
      closeLabel={say('close')}
      foot={
        <Button look="accent" onPress={onClose}>
          {say('keys.done')}
        </Button>
      }
    >
      <Note tone="warning" icon="eye">
        {say('keys.once')}
      </Note>
      <p className="settings-secret">
        <code>{secret}</code>
        <Button
          size="small"
          icon={isCopied ? 'check' : 'copy'}
          onPress={() => void copyText(secret).then(() => setCopied(true))}
        >
          {say(isCopied ? 'keys.copied' : 'keys.copy')}
        </Button>
      </p>
      <Facts
        facts={[
          { name: say('network.address'), value: <code>{`${network?.address ?? ''}${path}`}</code> },
          ...(key.door === 'webdav' ? [{ name: say('keys.user'), value: say('keys.user.any') }] : []),
          { name: say(key.door === 'webdav' ? 'keys.password' : 'keys.token'), value: say('keys.this') },
        ]}
      />
    </Dialog>
  )
}
