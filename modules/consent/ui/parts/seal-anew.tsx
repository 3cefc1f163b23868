import { Button, Dialog, Note, ProgressBar, sizeOf } from '@anarq/design'
import type { AppSdk } from '@anarq/sdk/app'
import { type ReactNode, useRef, useState } from 'react'
import { useSurroundings } from '../context.ts'
import type { Grant } from '../logic/grants.ts'

type Watch = NonNullable<Parameters<AppSdk['work']['revokeHard']>[0]['onProgress']>
type Progress = Parameters<Watch>[0]

/** Says what sealing anew does and what it costs, does it, says how far it is, and stops where one says so. */
export function SealAnew({
  grant,
  onClose,
}: {
  readonly grant: Grant
  readonly onClose: () => void
}): ReactNode {
  const { sdk, say, window, deed, nameOf } = useSurroundings()
  const [progress, setProgress] = useState<Progress>()
  const stopping = useRef<AbortController>(undefined)
  const { id, name: file, with: who } = grant
  const seal = async (): Promise<void> => {
    const stop = new AbortController()
    stopping.current = stop
    const report = await deed.run(() =>
      sdk.work
        .revokeHard({ grant: id, onProgress: setProgress, signal: stop.signal })
        .catch((error: unknown) => {
          if (stop.signal.aborted) return 'stopped' as const
          throw error
        }),
    )
    setProgress(undefined)
    if (report === undefined) return
    onClose()
    if (report === 'stopped') {
      window.notify({ title: say('hard.stopped', { file }), text: say('hard.stopped.text'), tone: 'warning' })
      return
    }
    const { files, versions, buriedBlocks, skipped } = report
    const left = skipped.length === 0 ? '' : say('hard.skipped', { count: skipped.length })
    window.notify({
      title: say('hard.done', { files, versions }),
      text: `${say('hard.done.text', { buried: buriedBlocks })} ${left}`.trim(),
      tone: skipped.length === 0 ? 'success' : 'warning',
    })
  }
  return (
    <Dialog
      isOpen
      onClose={() => {
        if (!deed.isBusy) onClose()
      }}
      title={say('hard.title', { file })}
      closeLabel={say('close')}
      foot={
        <>
          <Button onPress={() => (deed.isBusy ? stopping.current?.abort() : onClose())}>
            {say(deed.isBusy ? 'hard.stop' : 'cancel')}
          </Button>
          <Button look="danger" isPending={deed.isBusy} onPress={() => void seal()}>
            {say('hard.act')}
          </Button>
        </>
      }
    >
      <p>{say('hard.text', { name: nameOf(who) })}</p>
      {deed.isBusy ? <Doing progress={progress} /> : <Note>{say('hard.time')}</Note>}
      <p className="aq-small">{say('honest')}</p>
    </Dialog>
  )
}

function Doing({ progress }: { readonly progress: Progress | undefined }): ReactNode {
  const { say, locale } = useSurroundings()
  if (progress === undefined) return <ProgressBar label={say('hard.busy')} />
  const { stage, files, bytes, path } = progress
  return (
    <>
      <ProgressBar
        label={say(`hard.stage.${stage}`)}
        text={say('hard.so-far', { files, size: sizeOf(bytes, locale) })}
      />
      {path !== '' && <p className="aq-small">{path}</p>}
    </>
  )
}
