import { Button, PasswordField, strengthOf } from '@anarq/design'
import { type ReactNode, useState } from 'react'
import { problemText } from '../client/problem.ts'
import { useSurroundings } from '../shell/context.ts'
import { Card } from './card.tsx'
import type { FlowAct, Step } from './flow.ts'
import { Problem } from './problem.tsx'
import { useProgress } from './progress.ts'

export type PassphraseProps = {
  readonly step: Extract<Step, { at: 'passphrase' }>
  readonly go: (act: FlowAct) => void
  /** It is the one that opens this home now. */
  readonly onUsed: (passphrase: string) => void
  readonly hasPasskeys: boolean
}

export const passphraseMin = 8

/** Chosen, and at once used: the keys are made, or brought back, while it is still in the field. */
export function Passphrase({ step, go, onUsed, hasPasskeys }: PassphraseProps): ReactNode {
  const { client, say } = useSurroundings()
  const [passphrase, setPassphrase] = useState('')
  const [wasTried, setTried] = useState(false)
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string>()
  const level = strengthOf(passphrase).level
  const lack =
    passphrase.length < passphraseMin
      ? say('first.passphrase.short')
      : level === 'weak'
        ? say('first.passphrase.weak')
        : undefined

  const make = async (): Promise<void> => {
    const { name, words } = step
    if (words === undefined) {
      const made = await client.begin({ name, passphrase })
      onUsed(passphrase)
      go({ do: 'made', words: made.words })
    } else {
      await client.recover({ words, name, passphrase })
      onUsed(passphrase)
      go({ do: 'recovered', hasPasskeys })
    }
  }
  const submit = (): void => {
    setTried(true)
    if (lack !== undefined || isBusy) return
    setBusy(true)
    setProblem(undefined)
    make().catch((thrown: unknown) => {
      setProblem(problemText(say, thrown))
      setBusy(false)
    })
  }
  return (
    <Card
      title={say('first.passphrase.title')}
      text={say('first.passphrase.text')}
      {...useProgress(step)}
      onBack={isBusy ? undefined : () => go({ do: 'back' })}
      onSubmit={submit}
    >
      <PasswordField
        label={say('first.passphrase.label')}
        size="large"
        value={passphrase}
        onChange={setPassphrase}
        maxLength={1000}
        isReadOnly={isBusy}
        words={{ show: say('passphrase.show'), hide: say('passphrase.hide') }}
        strength={{
          label: say('strength.label'),
          weak: say('strength.weak'),
          fair: say('strength.fair'),
          good: say('strength.good'),
          strong: say('strength.strong'),
        }}
        error={wasTried ? lack : undefined}
      />
      <Problem>{problem}</Problem>
      <Button look="accent" size="large" isWide type="submit" isPending={isBusy}>
        {say(step.words === undefined ? 'first.passphrase.create' : 'first.recover.act')}
      </Button>
    </Card>
  )
}
