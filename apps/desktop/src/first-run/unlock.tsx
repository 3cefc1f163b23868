import { Button, PasswordField } from '@anarq/design'
import { type ReactNode, useState } from 'react'
import { problemText } from '../client/problem.ts'
import { useSurroundings } from '../shell/context.ts'
import { Card } from './card.tsx'
import { Problem } from './problem.tsx'

export function Unlock(): ReactNode {
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
    client.unlock({ passphrase }).catch((thrown: unknown) => {
      setProblem(problemText(say, thrown))
      setPassphrase('')
      setBusy(false)
    })
  }
  return (
    <Card title={say('unlock.title')} text={say('unlock.text')} onSubmit={submit} progress={0.94}>
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
        {say('unlock.act')}
      </Button>
    </Card>
  )
}
