import { Button, Dialog, Note, saveFile, TextField } from '@anarq/design'
import { type FormEvent, type ReactNode, useId, useRef, useState } from 'react'
import { useSurroundings } from '../context.ts'
import { birthIn, fileNameOf } from '../logic/child-form.ts'
import { Terms, useTerms } from './child-terms.tsx'

type Made = { readonly name: string; readonly invitation: string; readonly guardianShare: string }
/** What a device writes of itself is a few lines. */
const deviceCharactersMax = 100_000

/** Takes in what the child's device wrote, makes the identity, and gives the two files that are carried. */
export function NewChild({ onClose }: { readonly onClose: () => void }): ReactNode {
  const [made, setMade] = useState<Made>()
  return made === undefined ? (
    <Ask onMade={setMade} onClose={onClose} />
  ) : (
    <Carry made={made} onClose={onClose} />
  )
}

type AskProps = { readonly onMade: (made: Made) => void; readonly onClose: () => void }

function Ask({ onMade, onClose }: AskProps): ReactNode {
  const { sdk, say, deed } = useSurroundings()
  const form = useId()
  const choose = useRef<HTMLInputElement>(null)
  const [name, setName] = useState('')
  const [birth, setBirth] = useState('')
  const [device, setDevice] = useState<{ readonly name: string; readonly text: string }>()
  const [second, setSecond] = useState('')
  const [isTried, setTried] = useState(false)
  const terms = useTerms()
  const birthMs = birthIn(birth, Date.now())
  const missing = (isThere: boolean, sentence: Parameters<typeof say>[0]): string | undefined =>
    isTried && !isThere ? say(sentence) : undefined
  const take = async (file: File | undefined): Promise<void> => {
    if (file !== undefined && file.size <= deviceCharactersMax)
      setDevice({ name: file.name, text: (await file.text()).trim() })
  }
  const make = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    setTried(true)
    const called = name.trim()
    const isWhole = called !== '' && second.trim() !== '' && !terms.isWrong
    if (!isWhole || birthMs === undefined || device === undefined) return
    const made = await deed.run(() =>
      sdk.identity.createChild({
        name: called,
        birthMs,
        device: device.text,
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
        <code className="aq-command">npx anarq id enrol --name NAME --home NEW-FOLDER</code>
        <input
          ref={choose}
          type="file"
          hidden
          onChange={({ currentTarget }) => {
            void take(currentTarget.files?.[0])
            currentTarget.value = ''
          }}
        />
        <div className="aq-acts">
          <Button icon="upload" onPress={() => choose.current?.click()}>
            {say('child.device')}
          </Button>
          <span className="aq-small">{device?.name ?? missing(false, 'child.device.missing')}</span>
        </div>
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

function Carry({ made, onClose }: { readonly made: Made; readonly onClose: () => void }): ReactNode {
  const { say } = useSurroundings()
  const { name, invitation, guardianShare } = made
  const save = (ending: string, text: string): void => saveFile(fileNameOf(name, ending), text, 'text/plain')
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={say('child.made', { name })}
      closeLabel={say('close')}
      foot={
        <Button look="accent" onPress={onClose}>
          {say('child.done')}
        </Button>
      }
    >
      <Note tone="warning">{say('child.carry')}</Note>
      <ol className="identity-steps">
        <li>
          <p>{say('child.carry.invitation')}</p>
          <code className="aq-command">npx anarq id join FILE --home NEW-FOLDER</code>
          <Button icon="download" onPress={() => save('invitation', invitation)}>
            {say('child.save.invitation')}
          </Button>
        </li>
        <li>
          <p>{say('child.carry.share')}</p>
          <Button icon="download" onPress={() => save('share', guardianShare)}>
            {say('child.save.share')}
          </Button>
        </li>
      </ol>
    </Dialog>
  )
}
