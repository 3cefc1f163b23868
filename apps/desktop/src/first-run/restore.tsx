import { Button, FileChooser, Note, ProgressBar, sizeOf } from '@anarq/design'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { problemText } from '../client/problem.ts'
import { useSurroundings } from '../shell/context.ts'
import { Card } from './card.tsx'
import { Problem } from './problem.tsx'

type Sending = { readonly name: string; readonly bytes: number; readonly of: number }

/** A backup from this browser's machine into the empty home; whoever it belongs to unlocks it then. */
export function Restore(props: { readonly onBack: () => void; readonly onRestored: () => void }): ReactNode {
  const { client, say, preferences } = useSurroundings()
  const [sending, setSending] = useState<Sending>()
  const [problem, setProblem] = useState<string>()
  const [damagedParts, setDamagedParts] = useState(0)
  const stopping = useRef<AbortController>(undefined)
  // Whoever leaves the page in the middle has an empty home, as before.
  useEffect(() => () => stopping.current?.abort(), [])

  const restore = async (file: File): Promise<void> => {
    const stop = new AbortController()
    stopping.current = stop
    setProblem(undefined)
    setSending({ name: file.name, bytes: 0, of: file.size })
    try {
      const { signal } = stop
      const onProgress = ({ bytes }: { bytes: number }): void =>
        setSending({ name: file.name, bytes, of: file.size })
      const report = await client.restore({ file, onProgress, signal })
      if (report.damagedParts > 0) setDamagedParts(report.damagedParts)
      else props.onRestored()
    } catch (thrown) {
      if (!stop.signal.aborted) setProblem(problemText(say, thrown))
      setSending(undefined)
    }
  }
  const { locale } = preferences
  if (damagedParts > 0)
    return (
      <Card key="part" title={say('first.restore.part.title')} text={say('first.restore.part.text')}>
        <Problem>{say('first.restore.part.lost', { parts: damagedParts.toLocaleString(locale) })}</Problem>
        <Button look="accent" size="large" isWide onPress={props.onRestored}>
          {say('first.restore.part.act')}
        </Button>
      </Card>
    )
  return (
    <Card
      title={say('first.restore.title')}
      text={say('first.restore.text')}
      onBack={sending === undefined ? props.onBack : undefined}
    >
      <Problem>{problem}</Problem>
      {sending === undefined ? (
        <>
          <Note icon="info">{say('first.restore.empty')}</Note>
          <FileChooser
            look="accent"
            size="large"
            isWide
            icon="upload"
            accept=".car"
            onFile={(file) => void restore(file)}
          >
            {say('first.restore.act')}
          </FileChooser>
        </>
      ) : (
        <>
          <ProgressBar
            label={say('first.restore.busy', { name: sending.name })}
            value={sending.bytes / Math.max(1, sending.of)}
            text={say('first.restore.of', {
              bytes: sizeOf(sending.bytes, locale),
              of: sizeOf(sending.of, locale),
            })}
          />
          <Button size="large" isWide onPress={() => stopping.current?.abort()}>
            {say('act.cancel')}
          </Button>
        </>
      )}
    </Card>
  )
}
