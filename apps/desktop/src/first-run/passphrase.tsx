import { Button, PasswordField, strengthOf } from '@anarq/design'
import { type ReactNode, useState } from 'react'
import type { ShellSay } from '../messages/messages.ts'
import { useSurroundings } from '../shell/context.ts'
import { Card } from './card.tsx'
import type { FlowAct, Step } from './flow.ts'
import { Problem } from './problem.tsx'
import { useProgress } from './progress.ts'
import { useOne } from './use-one.ts'

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
  const { isBusy, problem, run } = useOne()
  const lack = lackOf(passphrase, say)

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
    if (lack === undefined) run(make)
  }
  return (
    <Card
      title={say('first.passphrase.title')}
      text={say('first.passphrase.text')}
      {...useProgress(step)}
      onBack={isBusy ? undefined : () => go({ do: 'back' })}
      onSubmit={submit}
    >
      <NewPassphrase
        value={passphrase}
        onChange={setPassphrase}
        isReadOnly={isBusy}
        error={wasTried ? lack : undefined}
      />
      <Problem>{problem}</Problem>
      <Button look="accent" size="large" isWide type="submit" isPending={isBusy}>
        {say(step.words === undefined ? 'first.passphrase.create' : 'first.recover.act')}
      </Button>
    </Card>
  )
}

/** What is wrong with one that is chosen here; undefined where it will do. */
export function lackOf(passphrase: string, say: ShellSay): string | undefined {
  if (passphrase.length < passphraseMin) return say('first.passphrase.short')
  return strengthOf(passphrase).level === 'weak' ? say('first.passphrase.weak') : undefined
}

export type NewPassphraseProps = {
  readonly value: string
  readonly onChange: (value: string) => void
  readonly isReadOnly: boolean
  readonly error: string | undefined
  /** Where it takes the place of another. */
  readonly label?: string
}

/** The field in which one is chosen, with its meter. */
export function NewPassphrase(props: NewPassphraseProps): ReactNode {
  const { say } = useSurroundings()
  return (
    <PasswordField
      label={say('first.passphrase.label')}
      {...props}
      size="large"
      maxLength={1000}
      words={{ show: say('passphrase.show'), hide: say('passphrase.hide') }}
      strength={{
        label: say('strength.label'),
        weak: say('strength.weak'),
        fair: say('strength.fair'),
        good: say('strength.good'),
        strong: say('strength.strong'),
      }}
    />
  )
}
