import { Button, Note } from '@anarq/design'
import { type ReactNode, useState } from 'react'
import { shellApp } from '../client/port.ts'
import { problemText } from '../client/problem.ts'
import { useSurroundings } from '../shell/context.ts'
import { putSamples } from '../tour/samples.ts'
import { Card } from './card.tsx'
import { Problem } from './problem.tsx'

/** The way in is over. What one could begin with is offered, and nothing waits for it. */
export function Ready({ name, onDone }: { readonly name: string; readonly onDone: () => void }): ReactNode {
  const { client, say, preferences } = useSurroundings()
  const [isBusy, setBusy] = useState(false)
  const [folder, setFolder] = useState<string>()
  const [problem, setProblem] = useState<string>()
  const put = (): void => {
    setBusy(true)
    setProblem(undefined)
    putSamples(client.sdkFor(shellApp).storage, preferences.locale).then(
      (to) => setFolder(to.slice(1)),
      (thrown: unknown) => {
        setProblem(problemText(say, thrown))
        setBusy(false)
      },
    )
  }
  return (
    <Card title={say('first.ready.title', { name })} text={say('first.ready.text')} onSubmit={onDone}>
      <div role="status">
        {folder !== undefined && (
          <Note tone="accent" icon="check">
            {say('samples.put', { folder })}
          </Note>
        )}
      </div>
      <Problem>{problem}</Problem>
      <div className="first-acts">
        <Button look="accent" size="large" isWide type="submit" autoFocus>
          {say('first.ready.done')}
        </Button>
        {folder === undefined && (
          <Button look="outline" size="large" isWide icon="folder" isPending={isBusy} onPress={put}>
            {say('samples.act')}
          </Button>
        )}
      </div>
    </Card>
  )
}
