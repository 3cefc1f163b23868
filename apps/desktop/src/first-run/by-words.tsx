import { Button } from '@anarq/design'
import { type ReactNode, useState } from 'react'
import { useSurroundings } from '../shell/context.ts'
import { Card } from './card.tsx'
import { wordCount, wordsIn } from './flow.ts'
import { lackOf, NewPassphrase } from './passphrase.tsx'
import { Problem } from './problem.tsx'
import { TypedWords } from './typed-words.tsx'
import { useOne } from './use-one.ts'

/** For whoever forgot the passphrase: the words open this home, which has the new one from then on. */
export function ByWords({ onBack }: { readonly onBack: () => void }): ReactNode {
  const { client, say } = useSurroundings()
  const [text, setText] = useState('')
  const [passphrase, setPassphrase] = useState('')
  const [wasTried, setTried] = useState(false)
  const { isBusy, problem, run } = useOne()
  const words = wordsIn(text)
  const lack = lackOf(passphrase, say)
  const submit = (): void => {
    setTried(true)
    if (words.length !== wordCount || lack !== undefined) return
    run(() => client.unlockByWords({ words: words.join(' '), passphrase }))
  }
  return (
    <Card
      title={say('unlock.words.title')}
      text={say('unlock.words.text')}
      onBack={isBusy ? undefined : onBack}
      onSubmit={submit}
      progress={0.94}
    >
      <TypedWords value={text} onChange={setText} isMissing={wasTried && words.length !== wordCount} />
      <NewPassphrase
        label={say('unlock.words.passphrase')}
        value={passphrase}
        onChange={setPassphrase}
        isReadOnly={isBusy}
        error={wasTried ? lack : undefined}
      />
      <Problem>{problem}</Problem>
      <Button look="accent" size="large" isWide type="submit" isPending={isBusy}>
        {say('unlock.words.act')}
      </Button>
    </Card>
  )
}
