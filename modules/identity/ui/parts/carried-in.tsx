import { Button, FileText, Group, saveFile } from '@anarq/design'
import { type ReactNode, useState } from 'react'
import { useSurroundings } from '../context.ts'

/** For whoever is somebody's second guardian: their share helps the first one, or hands a grown child its key. */
export function SecondGuardian(): ReactNode {
  const { sdk, say, window, deed } = useSurroundings()
  const [share, setShare] = useState('')
  const guardianShare = share.trim()
  const lend = async (): Promise<void> => {
    const lent = await deed.run(() => sdk.identity.lendShare({ guardianShare }))
    if (lent === undefined) return
    saveFile('lent.share', lent.guardianShare, 'text/plain')
    window.notify({ title: say('second.lent'), text: say('second.lent.text'), tone: 'success' })
    setShare('')
  }
  const release = async (): Promise<void> => {
    const released = await deed.run(() => sdk.identity.releaseShare({ guardianShare }))
    if (released === undefined) return
    saveFile('key.release', released.release, 'text/plain')
    window.notify({ title: say('second.released'), text: say('child.join'), tone: 'success' })
    setShare('')
  }
  const isMissing = guardianShare === '' || deed.isBusy
  return (
    <Group title={say('second.title')} text={say('second.text')}>
      <FileText
        label={say('second.share')}
        choose={say('recover.share.file')}
        value={share}
        onChange={setShare}
      />
      <div className="aq-acts identity-carry">
        <Button icon="share" isDisabled={isMissing} onPress={() => void lend()}>
          {say('second.lend')}
        </Button>
        <Button icon="key" isDisabled={isMissing} onPress={() => void release()}>
          {say('second.release')}
        </Button>
      </div>
    </Group>
  )
}

/** On the child's own device: what its guardian made is taken in. */
export function TakeIn(): ReactNode {
  const { sdk, say, window, deed, identities } = useSurroundings()
  const [file, setFile] = useState('')
  const take = async (): Promise<void> => {
    const taken = await deed.run(() => sdk.identity.join({ file: file.trim() }))
    if (taken === undefined) return
    setFile('')
    identities.again()
    window.notify({ title: say('take.done'), tone: 'success' })
  }
  return (
    <Group title={say('take.title')} text={say('take.text')}>
      <FileText label={say('take.file')} choose={say('take.choose')} value={file} onChange={setFile} />
      <div className="aq-acts identity-carry">
        <Button icon="download" isDisabled={file.trim() === '' || deed.isBusy} onPress={() => void take()}>
          {say('take.act')}
        </Button>
      </div>
    </Group>
  )
}
