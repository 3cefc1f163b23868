import { Button, PasswordField } from '@anarq/design'
import { type ReactNode, useReducer, useState } from 'react'
import { problemText } from '../client/problem.ts'
import { useSurroundings } from '../shell/context.ts'
import { Card } from './card.tsx'
import { nextStep } from './flow.ts'
import { Problem } from './problem.tsx'
import { Confirm, Words } from './words.tsx'

/** For who left the first run before the words were confirmed: the passphrase, the words once more, and three of them. */
export function KeepWords({
  name,
  onDone,
}: {
  readonly name: string
  readonly onDone: () => void
}): ReactNode {
  const [step, go] = useReducer(nextStep, { at: 'passphrase', name })
  switch (step.at) {
    case 'passphrase':
      return <Ask key="ask" onShown={(words) => go({ do: 'made', words })} onBack={onDone} />
    case 'words':
      return <Words key="words" step={step} go={go} />
    case 'confirm':
      return <Confirm key="confirm" step={step} go={go} onConfirmed={onDone} />
    default:
      return undefined
  }
}

function Ask({
  onShown,
  onBack,
}: {
  readonly onShown: (words: readonly string[]) => void
  readonly onBack: () => void
}): ReactNode {
  const { client, say } = useSurroundings()
  const [passphrase, setPassphrase] = useState('')
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string>()
  const submit = (): void => {
    if (isBusy) return
    if (passphrase === '') {
      setProblem(say('unlock.missing'))
      return
    }
    setBusy(true)
    setProblem(undefined)
    client.showWords({ passphrase }).then(
      ({ words }) => onShown(words),
      (thrown: unknown) => {
        setProblem(problemText(say, thrown))
        setPassphrase('')
        setBusy(false)
      },
    )
  }
  return (
    <Card title={say('words.again.title')} text={say('words.again.text')} onBack={onBack} onSubmit={submit}>
      <PasswordField
        label={say('unlock.label')}
        size="large"
        value={passphrase}
        onChange={setPassphrase}
        maxLength={1000}
        words={{ show: say('passphrase.show'), hide: say('passphrase.hide') }}
      />
      <Problem>{problem}</Problem>
      <Button look="accent" size="large" isWide type="submit" isPending={isBusy}>
        {say('words.again.act')}
      </Button>
    </Card>
  )
}
