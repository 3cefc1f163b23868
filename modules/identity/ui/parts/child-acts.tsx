import { AlertDialog, Button, Dialog, Note, saveFile } from '@anarq/design'
import { type FormEvent, type ReactNode, useId, useState } from 'react'
import { type Identity, useSurroundings } from '../context.ts'
import { fileNameOf } from '../logic/child-form.ts'
import { Terms, useTerms } from './child-terms.tsx'
import { RecoverChild } from './recover-child.tsx'

type ChildProps = { readonly identity: Identity & { readonly child: NonNullable<Identity['child']> } }

/** What a guardian does for a child: renews its device, changes limits, gives it another device, and at majority hands the key over. */
export function ChildActs({ identity }: ChildProps): ReactNode {
  const { sdk, say, window, deed } = useSurroundings()
  const [open, setOpen] = useState<'renew' | 'recover' | 'release'>()
  const { did, name, child } = identity
  const isOfAge = child.majorityMs <= Date.now()
  const release = async (): Promise<void> => {
    setOpen(undefined)
    const done = await deed.run(() => sdk.identity.releaseChild({ ref: did }))
    if (done === undefined) return
    saveFile(fileNameOf(name, 'release'), done.release, 'text/plain')
    window.notify({ title: say('child.released', { name }), text: say('child.join'), tone: 'success' })
  }
  return (
    <div className="aq-acts identity-child-acts">
      <Button icon="refresh" onPress={() => setOpen('renew')}>
        {say('child.renew')}
      </Button>
      {isOfAge && (
        <Button icon="key" onPress={() => setOpen('release')}>
          {say('child.release')}
        </Button>
      )}
      <Button icon="devices" onPress={() => setOpen('recover')}>
        {say('recover.open')}
      </Button>
      {open === 'recover' && <RecoverChild identity={identity} onClose={() => setOpen(undefined)} />}
      {open === 'renew' && <Renew identity={identity} onClose={() => setOpen(undefined)} />}
      <AlertDialog
        isOpen={open === 'release'}
        title={say('child.release.title', { name })}
        act={say('child.release')}
        cancel={say('cancel')}
        onAct={() => void release()}
        onCancel={() => setOpen(undefined)}
      >
        {say('child.release.text', { name })}
      </AlertDialog>
    </div>
  )
}

function Renew({ identity, onClose }: ChildProps & { readonly onClose: () => void }): ReactNode {
  const { sdk, say, window, deed } = useSurroundings()
  const form = useId()
  const [isTried, setTried] = useState(false)
  const { did, name, child } = identity
  const [first] = child.limits.hours ?? []
  const terms = useTerms(child.limits.sharing, first === undefined ? '' : windowOf(first))
  const renew = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    setTried(true)
    if (terms.isWrong) return
    // Hours that this form cannot show (several windows, some days) stay as they are unless they are typed anew.
    const isUnshown = (child.limits.hours?.length ?? 0) > 1 || (first !== undefined && first.days.length < 7)
    const { sharing, ...hours } = terms.read()
    const isKept = isUnshown && terms.typed === windowOf(first)
    const limits = isKept ? { sharing } : { sharing, ...hours }
    const done = await deed.run(() => sdk.identity.renewChild({ ref: did, limits }))
    if (done === undefined) return
    saveFile(fileNameOf(name, 'renewal'), done.delegation, 'text/plain')
    window.notify({ title: say('child.renewed', { name }), text: say('child.join'), tone: 'success' })
    onClose()
  }
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={say('child.renew.title', { name })}
      closeLabel={say('close')}
      foot={
        <>
          <Button onPress={onClose}>{say('cancel')}</Button>
          <Button look="accent" type="submit" form={form} isPending={deed.isBusy}>
            {say('child.renew.act')}
          </Button>
        </>
      }
    >
      <form id={form} className="identity-form" onSubmit={(event) => void renew(event)}>
        <Note>{say('child.renew.text')}</Note>
        <Terms terms={terms} isTried={isTried} />
      </form>
    </Dialog>
  )
}

type Window = { readonly fromMinute: number; readonly toMinute: number }

function windowOf(window: Window | undefined): string {
  if (window === undefined) return ''
  const clock = (minutes: number): string =>
    `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`
  return `${clock(window.fromMinute)}-${clock(window.toMinute)}`
}
