import { Button, Icon, type IconName, Keys, TextField } from '@anarq/design'
import { type ReactNode, useReducer, useState } from 'react'
import { phoneWidth, useMedia } from '../shell/appearance.ts'
import { useSurroundings } from '../shell/context.ts'
import { keysOf } from '../windows/keys.ts'
import { Card } from './card.tsx'
import { type FlowAct, nextStep, type Step, wordCount, wordsIn } from './flow.ts'
import { Passphrase } from './passphrase.tsx'
import { useProgress } from './progress.ts'
import { Confirm, Words } from './words.tsx'

type Go = (act: FlowAct) => void

/** From an empty home to the desktop. */
export function FirstRun({ onDone }: { readonly onDone: () => void }): ReactNode {
  const [step, go] = useReducer(nextStep, { at: 'welcome' })
  switch (step.at) {
    case 'welcome':
      return <Welcome key="welcome" go={go} />
    case 'recover':
      return <Recover key="recover" go={go} />
    case 'name':
      return <Name key="name" step={step} go={go} />
    case 'passphrase':
      return <Passphrase key="passphrase" step={step} go={go} />
    case 'words':
      return <Words key="words" step={step} go={go} />
    case 'confirm':
      return <Confirm key="confirm" step={step} go={go} />
    case 'tour':
      return <Tour key="tour" name={step.name} onDone={onDone} />
    default:
      return step satisfies never
  }
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
      <TextField
        label={say('first.recover.label')}
        rows={4}
        value={text}
        onChange={setText}
        maxLength={1000}
        autoComplete="off"
        spellCheck="false"
        hint={say('first.recover.count', { count: words.length })}
      />
      <Button look="accent" size="large" isWide type="submit" isDisabled={!isWhole}>
        {say('act.continue')}
      </Button>
    </Card>
  )
}

function Tour({ name, onDone }: { readonly name: string; readonly onDone: () => void }): ReactNode {
  const { say } = useSurroundings()
  const isPhone = useMedia(phoneWidth)
  return (
    <Card title={say('first.tour.title', { name })} text={say('first.tour.text')} onSubmit={onDone}>
      <ul className="tour">
        <Tip icon="search" title={say('first.tour.find')}>
          {isPhone ? say('first.tour.phone.find.text') : withKeys(say('first.tour.find.text'))}
        </Tip>
        <Tip
          icon={isPhone ? 'apps' : 'snap-left'}
          title={say(isPhone ? 'first.tour.phone.windows' : 'first.tour.windows')}
        >
          {say(isPhone ? 'first.tour.phone.windows.text' : 'first.tour.windows.text')}
        </Tip>
        <Tip icon="lock" title={say('first.tour.lock')}>
          {say('first.tour.lock.text')}
        </Tip>
      </ul>
      <Button look="accent" size="large" isWide type="submit" autoFocus>
        {say('first.tour.done')}
      </Button>
    </Card>
  )
}

function Tip({
  icon,
  title,
  children,
}: {
  readonly icon: IconName
  readonly title: string
  readonly children: ReactNode
}): ReactNode {
  return (
    <li>
      <span className="tour-icon">
        <Icon name={icon} />
      </span>
      <div>
        <strong>{title}</strong>
        <p>{children}</p>
      </div>
    </li>
  )
}

function withKeys(text: string): ReactNode {
  const [before, after] = text.split('{keys}')
  return (
    <>
      {before}
      <Keys keys={keysOf.launcher} />
      {after}
    </>
  )
}
