import {
  AlertDialog,
  Answered,
  Button,
  Group,
  Icon,
  Line,
  Lines,
  momentOf,
  PageHead,
  TextField,
  useAsked,
} from '@anarq/design'
import type { AppSdk } from '@anarq/sdk/app'
import { type FormEvent, type ReactNode, useCallback, useState } from 'react'
import { useSurroundings } from '../context.ts'
import { AlertLine } from './alert-line.tsx'

type Decoy = Awaited<ReturnType<AppSdk['guardian']['decoys']>>[number]

/** Who touched a decoy, which ones lie there, and a new one. */
export function Decoys(): ReactNode {
  const { sdk, say, events } = useSurroundings()
  const ask = useCallback(async () => {
    const [alerts, laid] = await Promise.all([sdk.guardian.alerts({}), sdk.guardian.decoys({})])
    return { touched: alerts.filter(({ kind }) => kind === 'decoy'), laid }
  }, [sdk])
  const asked = useAsked(ask, events, 'guardian', 'drive', 'identity')
  return (
    <>
      <PageHead title={say('decoys.title')} text={say('decoys.text')} />
      <Answered asked={asked} icon="eye" failed={say('decoys.failed')}>
        {(value) => (
          <>
            <Group title={say('decoys.touched')} text={value.touched.length === 0 && say('decoys.none')}>
              {value.touched.length > 0 && (
                <Lines label={say('decoys.touched')}>
                  {value.touched.map((alert) => (
                    <AlertLine key={alert.id} alert={alert} />
                  ))}
                </Lines>
              )}
            </Group>
            <Laid laid={value.laid} />
          </>
        )}
      </Answered>
      <Lay />
    </>
  )
}

function Laid({ laid }: { readonly laid: readonly Decoy[] }): ReactNode {
  const { sdk, say, locale, window, deed } = useSurroundings()
  const [leaving, setLeaving] = useState<Decoy>()
  const remove = async ({ id, name }: Decoy): Promise<void> => {
    setLeaving(undefined)
    const done = await deed.run(() => sdk.guardian.removeDecoy({ id }))
    if (done !== undefined) window.notify({ title: say('decoys.removed', { name }), tone: 'success' })
  }
  return (
    <Group title={say('decoys.laid')} text={laid.length === 0 && say('decoys.laid.none')}>
      {laid.length > 0 && (
        <Lines label={say('decoys.laid')}>
          {laid.map((decoy) => (
            <Line
              key={decoy.id}
              lead={<Icon name="file" />}
              title={decoy.path}
              text={momentOf(decoy.modifiedMs, locale)}
              end={
                <Button
                  size="small"
                  aria-label={say('decoys.remove.named', { name: decoy.name })}
                  onPress={() => setLeaving(decoy)}
                >
                  {say('decoys.remove')}
                </Button>
              }
            />
          ))}
        </Lines>
      )}
      <AlertDialog
        isOpen={leaving !== undefined}
        title={say('decoys.remove.title', { name: leaving?.name ?? '' })}
        act={say('decoys.remove')}
        cancel={say('cancel')}
        isDanger
        onAct={() => leaving !== undefined && void remove(leaving)}
        onCancel={() => setLeaving(undefined)}
      >
        {say('decoys.remove.text')}
      </AlertDialog>
    </Group>
  )
}

function Lay(): ReactNode {
  const { sdk, say, window, deed } = useSurroundings()
  const [path, setPath] = useState('/passwords.txt')
  const [text, setText] = useState('')
  const [isTried, setTried] = useState(false)
  const isNoPath = !/^\/.*[^/]$/.test(path)
  const lay = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    setTried(true)
    if (isNoPath || text.trim() === '') return
    const decoy = await deed.run(() => sdk.guardian.layDecoy({ path, text }))
    if (decoy === undefined) return
    setText('')
    setTried(false)
    window.notify({ title: say('decoys.lay.done', { path: decoy.path }), tone: 'success' })
  }
  return (
    <Group title={say('decoys.lay')} text={say('decoys.lay.text')}>
      <form className="guardian-form" onSubmit={(event) => void lay(event)}>
        <TextField
          label={say('decoys.path')}
          value={path}
          onChange={setPath}
          spellCheck="false"
          autoComplete="off"
          error={isTried && isNoPath ? say('decoys.path.wrong') : undefined}
        />
        <TextField
          label={say('decoys.words')}
          hint={say('decoys.words.hint')}
          value={text}
          onChange={setText}
          rows={3}
          maxLength={10_000}
          error={isTried && text.trim() === '' ? say('decoys.words.missing') : undefined}
        />
        <div className="aq-acts">
          <Button look="accent" type="submit" isPending={deed.isBusy}>
            {say('decoys.lay')}
          </Button>
        </div>
      </form>
    </Group>
  )
}
