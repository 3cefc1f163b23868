import { Button, copyText, Dialog, Note, saveFile } from '@anarq/design'
import { type ReactNode, useState } from 'react'
import { useSurroundings } from '../context.ts'
import { fileNameOf } from '../logic/child-form.ts'

export type Made = { readonly name: string; readonly invitation: string; readonly guardianShare: string }
export type CarryProps = { readonly made: Made; readonly title: string; readonly onClose: () => void }

/** The two things that are carried: to the child's device, and to the second guardian. */
export function Carry({ made, title, onClose }: CarryProps): ReactNode {
  const { say } = useSurroundings()
  const { name, invitation, guardianShare } = made
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={title}
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
          <SaveOrCopy
            save={say('child.save.invitation')}
            file={fileNameOf(name, 'invitation')}
            text={invitation}
          />
        </li>
        <li>
          <p>{say('child.carry.share')}</p>
          <SaveOrCopy save={say('child.save.share')} file={fileNameOf(name, 'share')} text={guardianShare} />
        </li>
      </ol>
    </Dialog>
  )
}

type SaveOrCopyProps = { readonly save: string; readonly file: string; readonly text: string }

function SaveOrCopy({ save, file, text }: SaveOrCopyProps): ReactNode {
  const { say } = useSurroundings()
  const [isCopied, setCopied] = useState(false)
  const copy = async (): Promise<void> => {
    await copyText(text)
    setCopied(true)
  }
  return (
    <div className="aq-acts identity-carry">
      <Button icon="download" onPress={() => saveFile(file, text, 'text/plain')}>
        {save}
      </Button>
      <Button
        look="quiet"
        icon={isCopied ? 'check' : 'copy'}
        onPress={() => void copy().catch(() => undefined)}
      >
        {say(isCopied ? 'child.copied' : 'child.copy')}
      </Button>
    </div>
  )
}
