import { Button, Dialog, RadioGroup } from '@anarq/design'
import type { DataChoice } from '@anarq/sdk'
import { type ReactNode, useState } from 'react'
import type { AppPageProps, Deeds } from './app-page.tsx'

type Props = AppPageProps & {
  readonly deeds: Deeds
  readonly isOpen: boolean
  readonly onClose: () => void
}

/** What becomes of its data is asked each time; nothing is erased that was not chosen to be. */
export function UninstallDialog({ say, app, sdk, window, deeds, show, isOpen, onClose }: Props): ReactNode {
  const [data, setData] = useState<DataChoice>('keep')
  const { id, name } = app
  const remove = async (): Promise<void> => {
    onClose()
    let exportedTo: string | undefined
    const isDone = await deeds.run(async () => {
      exportedTo = (await sdk.apps.uninstall({ id, data })).exportedTo
    })
    if (!isDone) return
    show(undefined)
    window.notify({
      title: say('notice.gone', { app: name }),
      ...(exportedTo === undefined ? {} : { text: say('notice.exported', { path: exportedTo }) }),
      tone: 'success',
    })
  }
  return (
    <Dialog
      isOpen={isOpen}
      onClose={onClose}
      title={say('uninstall.title', { app: name })}
      closeLabel={say('close')}
      foot={
        <>
          <Button onPress={onClose}>{say('cancel')}</Button>
          <Button look={data === 'erase' ? 'danger' : 'accent'} onPress={() => void remove()}>
            {say(`uninstall.act.${data}`)}
          </Button>
        </>
      }
    >
      <p className="store-ask">{say('uninstall.text')}</p>
      <RadioGroup
        label={say('uninstall.data')}
        value={data}
        onChange={setData}
        options={(['keep', 'export', 'erase'] as const).map((value) => ({
          value,
          label: say(`uninstall.${value}`),
          hint: say(`uninstall.${value}.text`),
        }))}
      />
    </Dialog>
  )
}
