import { Button, TextField } from '@anarq/design'
import { type ReactNode, useEffect, useReducer, useRef, useState } from 'react'
import { hasPasskeys } from '../client/passkeys.ts'
import { useSurroundings } from '../shell/context.ts'
import { Card } from './card.tsx'
import { type FlowAct, nextStep, type Step, wordCount, wordsIn } from './flow.ts'
import { PasskeyStep } from './passkey-step.tsx'
import { Passphrase } from './passphrase.tsx'
import { useProgress } from './progress.ts'
import { Ready } from './ready.tsx'
import { Restore } from './restore.tsx'
import { TypedWords } from './typed-words.tsx'
import { Enrol, Join } from './ward.tsx'
import { Confirm, Words } from './words.tsx'

type Go = (act: FlowAct) => void

export type FirstRunProps = {
  readonly onDone: () => void
  /** A backup is back, and locked. */
  readonly onRestored: () => void
}

/** From an empty home to the desktop. */
export function FirstRun({ onDone, onRestored }: FirstRunProps): ReactNode {
  const [step, go] = useReducer(nextStep, { at: 'welcome' })
  // Adding a passkey asks for the passphrase, which was typed a moment ago: it is held until that is over.
  const passphrase = useRef('')
  const canHavePasskeys = useCanHavePasskeys()
  useEffect(() => {
    if (step.at === 'ready') passphrase.current = ''
  }, [step.at])
  switch (step.at) {
    case 'welcome':
      return <Welcome key="welcome" go={go} />
    case 'recover':
      return <Recover key="recover" go={go} />
    case 'restore':
      return <Restore key="restore" onBack={() => go({ do: 'back' })} onRestored={onRestored} />
    case 'enrol':
      return (
        <Enrol
          key="enrol"
          onBack={() => go({ do: 'back' })}
          onEnrolled={(used) => {
            passphrase.current = used
            go({ do: 'enrolled' })
          }}
        />
      )
    case 'join':
      return (
        <Join
          key="join"
          wait="identity"
          passphrase={passphrase.current}
          onJoined={(name) => go({ do: 'joined', name })}
        />
      )
    case 'name':
      return <Name key="name" step={step} go={go} />
    case 'passphrase':
      return (
        <Passphrase
          key="passphrase"
          step={step}
          go={go}
          hasPasskeys={canHavePasskeys}
          onUsed={(used) => {
            passphrase.current = used
          }}
        />
      )
    case 'words':
      return <Words key="words" step={step} go={go} />
    case 'confirm':
      return (
        <Confirm
          key="confirm"
          step={step}
          go={go}
          onConfirmed={() => go({ do: 'confirmed', hasPasskeys: canHavePasskeys })}
        />
      )
    case 'passkey':
      return (
        <PasskeyStep
          key="passkey"
          name={step.name}
          passphrase={passphrase.current}
          onDone={() => go({ do: 'passed' })}
        />
      )
    case 'ready':
      return <Ready key="ready" name={step.name} onDone={onDone} />
    default:
      return step satisfies never
  }
}

function useCanHavePasskeys(): boolean {
  const [can, setCan] = useState(false)
  useEffect(() => void hasPasskeys().then(setCan), [])
  return can
}

function Welcome({ go }: { readonly go: Go }): ReactNode {
  const { say } = useSurroundings()
  return (
    <Card title={say('first.welcome.title')} text={say('first.welcome.text')}>
      <div className="first-acts">
        <Button look="accent" size="large" isWide autoFocus onPress={() => go({ do: 'begin' })}>
          {say('first.welcome.begin')}
        </Button>
        <Button look="quiet" size="large" isWide onPress={() => go({ do: 'recover' })}>
          {say('first.welcome.recover')}
        </Button>
        <Button look="quiet" size="large" isWide onPress={() => go({ do: 'restore' })}>
          {say('first.welcome.restore')}
        </Button>
        <Button look="quiet" size="large" isWide onPress={() => go({ do: 'enrol' })}>
          {say('first.welcome.ward')}
        </Button>
      </div>
    </Card>
  )
}

function Name({ step, go }: { readonly step: Extract<Step, { at: 'name' }>; readonly go: Go }): ReactNode {
  const { say } = useSurroundings()
  const [name, setName] = useState('')
  const [isMissing, setMissing] = useState(false)
  const submit = (): void => {
    if (name.trim() === '') setMissing(true)
    else go({ do: 'named', name: name.trim() })
  }
  return (
    <Card
      title={say('first.name.title')}
      text={say('first.name.text')}
      {...useProgress(step)}
      onBack={() => go({ do: 'back' })}
      onSubmit={submit}
    >
      <TextField
        label={say('first.name.label')}
        size="large"
        value={name}
        onChange={setName}
        maxLength={200}
        autoComplete="nickname"
        error={isMissing && name.trim() === '' ? say('first.name.missing') : undefined}
      />
      <Button look="accent" size="large" isWide type="submit">
        {say('act.continue')}
      </Button>
    </Card>
  )
}

function Recover({ go }: { readonly go: Go }): ReactNode {
  const { say } = useSurroundings()
  const [text, setText] = useState('')
  const words = wordsIn(text)
  const isWhole = words.length === wordCount
  return (
    <Card
      title={say('first.recover.title')}
      text={say('first.recover.text')}
      onBack={() => go({ do: 'back' })}
      onSubmit={() => isWhole && go({ do: 'remembered', words: words.join(' ') })}
    >
      <TypedWords value={text} onChange={setText} />
      <Button look="accent" size="large" isWide type="submit" isDisabled={!isWhole}>
        {say('act.continue')}
      </Button>
    </Card>
  )
}
