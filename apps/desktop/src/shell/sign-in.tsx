import {
  AlertDialog,
  Button,
  Dialog,
  EmptyState,
  IconButton,
  momentOf,
  Note,
  PasswordField,
} from '@anarq/design'
import { type FormEvent, type ReactNode, useCallback, useEffect, useRef, useState } from 'react'
import { hasPasskeys, makePasskey } from '../client/passkeys.ts'
import type { Passkey } from '../client/port.ts'
import { problemText } from '../client/problem.ts'
import { Problem } from '../first-run/problem.tsx'
import { useShell, useSurroundings } from './context.ts'

/** What opens this home beside the passphrase. A part of the shell: what is typed and asked here, no app ever has in hand. */
export function SignIn(): ReactNode {
  const { overlay, show } = useShell()
  const { say } = useSurroundings()
  return (
    <Dialog
      isOpen={overlay === 'sign-in'}
      onClose={() => show(undefined)}
      title={say('passkeys.title')}
      closeLabel={say('act.close')}
    >
      <Passkeys />
    </Dialog>
  )
}

function Passkeys(): ReactNode {
  const { client, say } = useSurroundings()
  const { events } = useShell()
  const [passkeys, setPasskeys] = useState<readonly Passkey[]>()
  const [problem, setProblem] = useState<string>()
  const top = useRef<HTMLDivElement>(null)
  const load = useCallback(() => {
    client.passkeys().then(setPasskeys, (thrown: unknown) => setProblem(problemText(say, thrown)))
  }, [client, say])
  useEffect(() => {
    load()
    return events.on('identity', load)
  }, [load, events])
  /** The line that had the keyboard is gone: without another place, no key would reach this dialog. */
  const onGone = (): void => {
    load()
    top.current?.focus()
  }
  return (
    <div className="passkeys" ref={top} tabIndex={-1}>
      <p>{say('passkeys.text')}</p>
      {passkeys?.length === 0 && (
        <EmptyState icon="key" title={say('passkeys.empty.title')}>
          {say('passkeys.empty.text')}
        </EmptyState>
      )}
      {passkeys !== undefined && passkeys.length > 0 && (
        <ul className="passkeys-list" aria-label={say('passkeys.title')}>
          {passkeys.map((passkey) => (
            <PasskeyLine key={passkey.credential} passkey={passkey} onGone={onGone} onFailed={setProblem} />
          ))}
        </ul>
      )}
      <Problem>{problem}</Problem>
      <Adding known={passkeys ?? []} onAdded={load} />
    </div>
  )
}

function PasskeyLine({
  passkey,
  onGone,
  onFailed,
}: {
  readonly passkey: Passkey
  readonly onGone: () => void
  readonly onFailed: (why: string | undefined) => void
}): ReactNode {
  const { client, say, preferences } = useSurroundings()
  const [isAsking, setAsking] = useState(false)
  const { name, host, addedMs, credential } = passkey
  return (
    <li>
      <div>
        <strong>{name}</strong>
        <small>{say('passkeys.line', { host, when: momentOf(addedMs, preferences.locale) })}</small>
      </div>
      <IconButton icon="trash" label={say('passkeys.remove', { name })} onPress={() => setAsking(true)} />
      <AlertDialog
        isOpen={isAsking}
        title={say('passkeys.remove.title', { name })}
        act={say('passkeys.remove.act')}
        cancel={say('act.cancel')}
        isDanger
        onCancel={() => setAsking(false)}
        onAct={() => {
          setAsking(false)
          onFailed(undefined)
          client
            .removePasskey(credential)
            .then(onGone, (thrown: unknown) => onFailed(problemText(say, thrown)))
        }}
      >
        {say('passkeys.remove.text')}
      </AlertDialog>
    </li>
  )
}

/** The passphrase is asked for once more, so that nobody who finds an open desktop makes a way in of their own. */
function Adding({
  known,
  onAdded,
}: {
  readonly known: readonly Passkey[]
  readonly onAdded: () => void
}): ReactNode {
  const { client, say } = useSurroundings()
  const { session } = useShell()
  const [can, setCan] = useState<boolean>()
  const [passphrase, setPassphrase] = useState('')
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string>()
  useEffect(() => void hasPasskeys().then(setCan), [])
  const add = async (): Promise<void> => {
    const here = known.filter(({ host }) => host === location.hostname)
    const made = await makePasskey(session.name, here)
    await client.addPasskey({ ...made, passphrase, name: client.browserName })
    onAdded()
  }
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (isBusy) return
    if (passphrase === '') {
      setProblem(say('unlock.missing'))
      return
    }
    setBusy(true)
    setProblem(undefined)
    add()
      .catch((thrown: unknown) => setProblem(problemText(say, thrown)))
      .finally(() => {
        setPassphrase('')
        setBusy(false)
      })
  }
  if (can === undefined) return undefined
  if (!can) return <Elsewhere />
  return (
    <form className="passkeys-add" onSubmit={submit}>
      <PasswordField
        label={say('unlock.label')}
        hint={say('passkeys.passphrase')}
        value={passphrase}
        onChange={setPassphrase}
        maxLength={1000}
        words={{ show: say('passphrase.show'), hide: say('passphrase.hide') }}
      />
      <Problem>{problem}</Problem>
      <Button look="accent" icon="plus" type="submit" isPending={isBusy}>
        {say('first.passkey.add')}
      </Button>
    </form>
  )
}

/** At an address of numbers no browser has passkeys; at the machine's own name it has. */
function Elsewhere(): ReactNode {
  const { say } = useSurroundings()
  const isHere = location.hostname === '127.0.0.1' || location.hostname === '[::1]'
  const address = `http://localhost:${location.port}`
  return (
    <Note icon="info">
      {isHere ? (
        <>
          {say('passkeys.elsewhere')} <a href={address}>{address}</a>
        </>
      ) : (
        say('passkeys.cannot')
      )}
    </Note>
  )
}
