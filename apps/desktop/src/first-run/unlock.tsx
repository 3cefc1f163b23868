import { Button, PasswordField } from '@anarq/design'
import { hasCode } from '@anarq/fault'
import { type ReactNode, useEffect, useState } from 'react'
import { askPasskey, hasPasskeys, type PasskeySlot, slotsHere } from '../client/passkeys.ts'
import { problemText } from '../client/problem.ts'
import { useSurroundings } from '../shell/context.ts'
import { Asking } from './asking.tsx'
import { ByWords } from './by-words.tsx'
import { Card } from './card.tsx'
import { Problem } from './problem.tsx'
import { Join, type Wait } from './ward.tsx'

export type UnlockProps = {
  /**
   * "open": the keys are in memory already, another browser is in and could let this one in; "lapsed": the same, and this page
   * was in; "restored": a backup came back a moment ago, and its passphrase is asked for; "waiting": a child's device whose
   * guardian has not answered yet.
   */
  readonly home: 'locked' | 'open' | 'lapsed' | 'restored' | 'waiting'
  /** Looks again whether it is so. */
  readonly onLook: () => void
}

export function Unlock({ home, onLook }: UnlockProps): ReactNode {
  const [way, setWay] = useState<'ask' | 'words'>()
  const [held, setHeld] = useState<Held>()
  const back = (): void => {
    onLook()
    setWay(undefined)
  }
  if (way === 'ask') return <Asking onBack={back} />
  if (way === 'words') return <ByWords onBack={back} />
  if (held !== undefined)
    return <Join {...held} onBack={() => setHeld(undefined)} onJoined={() => setHeld(undefined)} />
  return <Ways home={home} onWay={setWay} onHeld={setHeld} />
}

/** The passphrase was right, and yet a child's device may not be used: it takes in what its guardian made. */
type Held = { readonly wait: Wait; readonly passphrase: string }

type WaysProps = Pick<UnlockProps, 'home'> & {
  readonly onWay: (way: 'ask' | 'words') => void
  readonly onHeld: (held: Held) => void
}

const titles = {
  locked: 'unlock.title',
  open: 'unlock.title',
  lapsed: 'unlock.lapsed',
  restored: 'unlock.restored',
  waiting: 'boot.waiting.title',
} as const
const texts = {
  locked: 'unlock.text',
  open: 'unlock.open.text',
  lapsed: 'unlock.lapsed.text',
  restored: 'unlock.restored.text',
  waiting: 'boot.waiting.text',
} as const

function waitOf(thrown: unknown): Wait | undefined {
  if (hasCode(thrown, 'missing.invitation')) return 'identity'
  if (hasCode(thrown, 'refused.expired')) return 'renewal'
  return hasCode(thrown, 'refused.majority') ? 'key' : undefined
}

/**
 * The ways in. Which of them there are depends on this browser and on what the home knows: a passkey stands first where there is
 * one, the passphrase is always there.
 */
function Ways({ home, onWay, onHeld }: WaysProps): ReactNode {
  const { client, say } = useSurroundings()
  const [passphrase, setPassphrase] = useState('')
  const [busy, setBusy] = useState<'passphrase' | 'passkey'>()
  const [problem, setProblem] = useState<string>()
  const slots = usePasskeySlots()
  const canUsePasskey = slots.length > 0
  const run = (way: 'passphrase' | 'passkey', act: () => Promise<void>): void => {
    if (busy !== undefined) return
    setBusy(way)
    setProblem(undefined)
    act().catch((thrown: unknown) => {
      const wait = way === 'passphrase' ? waitOf(thrown) : undefined
      if (wait !== undefined) return onHeld({ wait, passphrase })
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
    <Card title={say(titles[home])} text={say(texts[home])} onSubmit={submit} progress={0.94}>
      {canUsePasskey && (
        <>
          <Button
            look="accent"
            size="large"
            isWide
            icon="key"
            isPending={busy === 'passkey'}
            onPress={() => run('passkey', async () => client.unlockByPasskey(await askPasskey(slots)))}
          >
            {say('unlock.passkey')}
          </Button>
          <p className="first-or">{say('unlock.or')}</p>
        </>
      )}
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
        <Button
          look={canUsePasskey ? 'outline' : 'accent'}
          size="large"
          isWide
          type="submit"
          isPending={busy === 'passphrase'}
        >
          {say('unlock.act')}
        </Button>
        {(home === 'open' || home === 'lapsed') && (
          <Button look="quiet" size="large" isWide icon="devices" onPress={() => onWay('ask')}>
            {say('unlock.ask')}
          </Button>
        )}
        {home !== 'waiting' && (
          <Button look="quiet" size="large" isWide onPress={() => onWay('words')}>
            {say('unlock.words')}
          </Button>
        )}
      </div>
    </Card>
  )
}

const lookAgainMs = 2_000

/** Those that can be asked for at this address, in this browser. */
function usePasskeySlots(): readonly PasskeySlot[] {
  const { client } = useSurroundings()
  const [slots, setSlots] = useState<readonly PasskeySlot[]>([])
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    let isGone = false
    const look = async (): Promise<void> => {
      if (!(await hasPasskeys())) return
      const known = slotsHere(await client.passkeySlots())
      if (!isGone) setSlots(known)
    }
    // A session often lapses because the node was away for a moment: whoever has a passkey is offered it once it is back.
    const keepLooking = (): void => {
      look().catch(() => {
        if (!isGone) timer = setTimeout(keepLooking, lookAgainMs)
      })
    }
    keepLooking()
    return () => {
      isGone = true
      clearTimeout(timer)
    }
  }, [client])
  return slots
}
