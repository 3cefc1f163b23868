import { Button, PasswordField } from '@anarq/design'
import { type ReactNode, useEffect, useState } from 'react'
import { askPasskey, hasPasskeys, type PasskeySlot, slotsHere } from '../client/passkeys.ts'
import { problemText } from '../client/problem.ts'
import { useSurroundings } from '../shell/context.ts'
import { Asking } from './asking.tsx'
import { Card } from './card.tsx'
import { Problem } from './problem.tsx'

export type UnlockProps = {
  /** The keys are in memory already: another browser is in, and could let this one in. */
  readonly isOpen: boolean
  /** A backup came back a moment ago: its passphrase is asked for. */
  readonly isRestored: boolean
  /** Looks again whether it is so. */
  readonly onLook: () => void
}

export function Unlock({ isOpen, isRestored, onLook }: UnlockProps): ReactNode {
  const [isAsking, setAsking] = useState(false)
  const back = (): void => {
    onLook()
    setAsking(false)
  }
  if (isAsking) return <Asking onBack={back} />
  return <Ways isOpen={isOpen} isRestored={isRestored} onAsk={() => setAsking(true)} />
}

/** The ways in. Which of them there are depends on this browser and on what the home knows; the passphrase is always one. */
function Ways({
  isOpen,
  isRestored,
  onAsk,
}: Pick<UnlockProps, 'isOpen' | 'isRestored'> & { readonly onAsk: () => void }): ReactNode {
  const { client, say } = useSurroundings()
  const [passphrase, setPassphrase] = useState('')
  const [busy, setBusy] = useState<'passphrase' | 'passkey'>()
  const [problem, setProblem] = useState<string>()
  const slots = usePasskeySlots()
  const run = (way: 'passphrase' | 'passkey', act: () => Promise<void>): void => {
    if (busy !== undefined) return
    setBusy(way)
    setProblem(undefined)
    act().catch((thrown: unknown) => {
      setProblem(problemText(say, thrown))
      setPassphrase('')
      setBusy(undefined)
    })
  }
  const submit = (): void => {
    if (passphrase === '') setProblem(say('unlock.missing'))
    else run('passphrase', () => client.unlock({ passphrase }))
  }
  return (
    <Card
      title={say(isRestored ? 'unlock.restored' : 'unlock.title')}
      text={say(isOpen ? 'unlock.open.text' : isRestored ? 'unlock.restored.text' : 'unlock.text')}
      onSubmit={submit}
      progress={0.94}
    >
      <PasswordField
        label={say('unlock.label')}
        size="large"
        value={passphrase}
        onChange={setPassphrase}
        maxLength={1000}
        words={{ show: say('passphrase.show'), hide: say('passphrase.hide') }}
      />
      <Problem>{problem}</Problem>
      <div className="first-acts">
        <Button look="accent" size="large" isWide type="submit" isPending={busy === 'passphrase'}>
          {say('unlock.act')}
        </Button>
        {slots.length > 0 && (
          <Button
            look="outline"
            size="large"
            isWide
            icon="key"
            isPending={busy === 'passkey'}
            onPress={() => run('passkey', async () => client.unlockByPasskey(await askPasskey(slots)))}
          >
            {say('unlock.passkey')}
          </Button>
        )}
        {isOpen && (
          <Button look="quiet" size="large" isWide icon="devices" onPress={onAsk}>
            {say('unlock.ask')}
          </Button>
        )}
      </div>
    </Card>
  )
}

/** Those that can be asked for at this address, in this browser. */
function usePasskeySlots(): readonly PasskeySlot[] {
  const { client } = useSurroundings()
  const [slots, setSlots] = useState<readonly PasskeySlot[]>([])
  useEffect(() => {
    let isGone = false
    const look = async (): Promise<void> => {
      if (!(await hasPasskeys())) return
      const known = slotsHere(await client.passkeySlots())
      if (!isGone) setSlots(known)
    }
    look().catch(() => undefined)
    return () => {
      isGone = true
    }
  }, [client])
  return slots
}
