import { Button } from '@anarq/design'
import { type ReactNode, useState } from 'react'
import { makePasskey } from '../client/passkeys.ts'
import { problemText } from '../client/problem.ts'
import { useSurroundings } from '../shell/context.ts'
import { Card } from './card.tsx'
import { Problem } from './problem.tsx'

export type PasskeyStepProps = {
  readonly name: string
  readonly passphrase: string
  readonly onDone: () => void
}

/** Offered where the browser can; whoever goes on without one adds it later. */
export function PasskeyStep({ name, passphrase, onDone }: PasskeyStepProps): ReactNode {
  const { client, say } = useSurroundings()
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string>()
  const add = async (): Promise<void> => {
    const made = await makePasskey(name, [])
    await client.addPasskey({ ...made, passphrase, name: client.browserName })
    onDone()
  }
  const submit = (): void => {
    if (isBusy) return
    setBusy(true)
    setProblem(undefined)
    add().catch((thrown: unknown) => {
      setProblem(problemText(say, thrown))
      setBusy(false)
    })
  }
  return (
    <Card title={say('first.passkey.title')} text={say('first.passkey.text')} onSubmit={submit}>
      <Problem>{problem}</Problem>
      <div className="first-acts">
        <Button look="accent" size="large" isWide icon="key" type="submit" isPending={isBusy} autoFocus>
          {say('first.passkey.add')}
        </Button>
        <Button look="quiet" size="large" isWide onPress={onDone}>
          {say('first.passkey.later')}
        </Button>
      </div>
    </Card>
  )
}
