import { Button, copyText, Note, TextField } from '@anarq/design'
import { type ReactNode, useState } from 'react'
import { problemText } from '../client/problem.ts'
import { useSurroundings } from '../shell/context.ts'
import { Card } from './card.tsx'
import { type FlowAct, type Step, wordsIn } from './flow.ts'
import { Problem } from './problem.tsx'
import { useProgress } from './progress.ts'

type Go = (act: FlowAct) => void

export function Words({
  step,
  go,
}: {
  readonly step: Extract<Step, { at: 'words' }>
  readonly go: Go
}): ReactNode {
  const { say } = useSurroundings()
  const [isCopied, setCopied] = useState(false)
  const { name, words } = step
  return (
    <Card
      title={say('first.words.title')}
      text={say('first.words.text')}
      isWide
      {...useProgress(step)}
      onSubmit={() => go({ do: 'written', random: secretRandom })}
    >
      <p className="print-title">{say('first.words.print.title', { name })}</p>
      <ol className="words" aria-label={say('first.words.list')}>
        {words.map((word, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a word may come twice, and its place is what it is.
          <li key={index}>
            <span>{index + 1}</span>
            {word}
          </li>
        ))}
      </ol>
      <div className="words-acts">
        <Button
          look="outline"
          icon={isCopied ? 'check' : 'copy'}
          onPress={() =>
            void copyText(words.join(' ')).then(
              () => setCopied(true),
              () => undefined,
            )
          }
        >
          {say(isCopied ? 'act.copied' : 'act.copy')}
        </Button>
        <Button look="outline" icon="printer" onPress={() => print()}>
          {say('act.print')}
        </Button>
      </div>
      <div role="status">{isCopied && <Note tone="warning">{say('first.words.copied')}</Note>}</div>
      <Button look="accent" size="large" isWide type="submit">
        {say('first.words.done')}
      </Button>
    </Card>
  )
}

export function Confirm({
  step,
  go,
  onConfirmed,
}: {
  readonly step: Extract<Step, { at: 'confirm' }>
  readonly go: Go
  readonly onConfirmed: () => void
}): ReactNode {
  const { client, say } = useSurroundings()
  const [problem, setProblem] = useState<string>()
  const [typed, setTyped] = useState<Readonly<Record<number, string>>>({})
  const [wasTried, setTried] = useState(false)
  const isRight = (index: number): boolean => wordsIn(typed[index] ?? '').join(' ') === step.words[index]
  return (
    <Card
      title={say('first.confirm.title')}
      text={say('first.confirm.text')}
      {...useProgress(step)}
      onBack={() => go({ do: 'back' })}
      onSubmit={() => {
        setTried(true)
        setProblem(undefined)
        if (step.asked.every(isRight))
          client.confirmWords().then(onConfirmed, (thrown: unknown) => setProblem(problemText(say, thrown)))
      }}
    >
      {step.asked.map((index) => (
        <TextField
          key={index}
          label={say('first.confirm.label', { number: index + 1 })}
          size="large"
          value={typed[index] ?? ''}
          onChange={(word) => setTyped({ ...typed, [index]: word })}
          autoComplete="off"
          spellCheck="false"
          error={wasTried && !isRight(index) ? say('first.confirm.wrong', { number: index + 1 }) : undefined}
        />
      ))}
      <Problem>{problem}</Problem>
      <Button look="accent" size="large" isWide type="submit">
        {say('first.confirm.act')}
      </Button>
    </Card>
  )
}

function secretRandom(): number {
  return (crypto.getRandomValues(new Uint32Array(1))[0] as number) / 2 ** 32
}
