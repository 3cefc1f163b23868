import { Avatar, Button, Checkbox, Dialog, Icon, Note, Segments, TextField } from '@anarq/design'
import { type ReactNode, useState } from 'react'
import { useSurroundings } from '../context.ts'
import type { Entry } from '../logic/entry.ts'
import {
  emptyShare,
  isCard,
  pingFileName,
  requestOf,
  type ShareForm,
  type ShareProblem,
} from '../logic/sharing.ts'

export type ShareDialogProps = { readonly entry: Entry; readonly onClose: () => void }

/** With whom, which rights, until when, how often, why. What they get is a small file that opens nothing without them. */
export function ShareDialog({ entry, onClose }: ShareDialogProps): ReactNode {
  const { say, sdk, faultText, people } = useSurroundings()
  const [form, setForm] = useState<ShareForm>(emptyShare)
  const [problem, setProblem] = useState<ShareProblem>()
  const [failure, setFailure] = useState<string>()
  const [isBusy, setBusy] = useState(false)
  const [ping, setPing] = useState<Uint8Array>()
  const change = (part: Partial<ShareForm>): void => {
    setForm({ ...form, ...part })
    setProblem(undefined)
    setFailure(undefined)
  }
  const others = people.filter(
    ({ isCurrent, status, kind }) => !isCurrent && status === 'active' && kind !== 'child',
  )
  const submit = async (): Promise<void> => {
    const request = requestOf(entry, form, Date.now())
    if (typeof request === 'string') return setProblem(request)
    setBusy(true)
    try {
      setPing((await sdk.consent.share(request)).ping)
    } catch (error) {
      setFailure(faultText(error))
    } finally {
      setBusy(false)
    }
  }
  if (ping !== undefined) return <Shared entry={entry} ping={ping} onClose={onClose} />
  return (
    <Dialog
      isOpen
      onClose={onClose}
      width="wide"
      title={say('share.title', { name: entry.name })}
      closeLabel={say('act.close')}
      foot={
        <>
          <Button onPress={onClose}>{say('act.cancel')}</Button>
          <Button look="accent" icon="share" isPending={isBusy} onPress={() => void submit()}>
            {say('act.share')}
          </Button>
        </>
      }
    >
      {others.length > 0 && (
        <div className="qd-people">
          {others.slice(0, 6).map(({ did, name, kind }) => (
            <Button
              key={did}
              size="small"
              look={form.with === did ? 'accent' : 'outline'}
              onPress={() => change({ with: did })}
            >
              <span className="qd-person">
                <Avatar name={name} seed={did} kind={kind} size={20} />
                {name}
              </span>
            </Button>
          ))}
        </div>
      )}
      <TextField
        label={say('share.with')}
        hint={say('share.with.hint')}
        value={form.with}
        onChange={(value) => change({ with: value })}
        error={problem === 'with' ? say('share.with.missing') : undefined}
        autoFocus
        {...(isCard(form.with) ? { rows: 3 } : {})}
      />
      <fieldset className="qd-fieldset">
        <legend className="aq-label">{say('share.rights')}</legend>
        <Checkbox isSelected isDisabled>
          {say('share.read')}
        </Checkbox>
        <Checkbox isSelected={form.canWrite} onChange={(canWrite) => change({ canWrite })}>
          {say(entry.kind === 'folder' ? 'share.write.folder' : 'share.write')}
        </Checkbox>
        <Checkbox isSelected={form.canShare} onChange={(canShare) => change({ canShare })}>
          {say('share.share')}
        </Checkbox>
      </fieldset>
      <div className="qd-until">
        <span className="aq-label">{say('share.until')}</span>
        <Segments
          label={say('share.until')}
          options={(['day', 'week', 'month', 'always', 'date'] as const).map((value) => ({
            value,
            label: say(`share.until.${value}`),
          }))}
          value={form.until}
          onChange={(until) => change({ until })}
        />
        {form.until === 'date' && (
          <TextField
            label={say('share.date')}
            type="date"
            value={form.date}
            onChange={(date) => change({ date })}
            error={problem === 'date' ? say('share.date.wrong') : undefined}
          />
        )}
      </div>
      <div className="qd-pair">
        <TextField
          label={say('share.uses')}
          inputMode="numeric"
          placeholder={say('share.uses.any')}
          value={form.uses}
          onChange={(uses) => change({ uses })}
          error={problem === 'uses' ? say('share.uses.wrong') : undefined}
        />
        <TextField
          label={say('share.purpose')}
          placeholder={say('share.purpose.hint')}
          maxLength={200}
          value={form.purpose}
          onChange={(purpose) => change({ purpose })}
        />
      </div>
      {failure !== undefined && (
        <Note tone="danger" icon="alert">
          {failure}
        </Note>
      )}
    </Dialog>
  )
}

function Shared({ entry, ping, onClose }: ShareDialogProps & { readonly ping: Uint8Array }): ReactNode {
  const { say, window } = useSurroundings()
  const name = pingFileName(entry.name)
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={say('share.done.title')}
      closeLabel={say('act.close')}
      foot={
        <>
          <Button onPress={onClose}>{say('act.done')}</Button>
          <Button
            look="accent"
            icon="download"
            onPress={() => window.save(name, new Blob([ping as Uint8Array<ArrayBuffer>]))}
          >
            {say('share.done.save')}
          </Button>
        </>
      }
    >
      <div className="qd-ping">
        <span className="qd-kind" data-kind="ping">
          <Icon name="share" />
        </span>
        <code className="qd-clip">{name}</code>
      </div>
      <p>{say('share.done.text')}</p>
      <Note icon="lock">{say('share.done.note')}</Note>
    </Dialog>
  )
}
