import { Button, Note } from '@anarq/design'
import { hasCode } from '@anarq/fault'
import { type ReactNode, useEffect, useState } from 'react'
import type { Ask, Client } from '../client/port.ts'
import { problemText } from '../client/problem.ts'
import { useSurroundings } from '../shell/context.ts'
import { Card } from './card.tsx'

type Asked =
  | { readonly at: 'beginning' }
  | { readonly at: 'waiting'; readonly ask: Ask }
  | { readonly at: 'refused' | 'lapsed' }
  | { readonly at: 'failed'; readonly why: unknown }

const lookAfterMs = 1_500

/** Shows six digits and waits until a browser that is in says yes or no. Whoever goes back asks no more. */
export function Asking({ onBack }: { readonly onBack: () => void }): ReactNode {
  const { client, say } = useSurroundings()
  const [turn, setTurn] = useState(0)
  const asked = useAsking(client, turn)
  const again = (
    <Button look="accent" size="large" isWide onPress={() => setTurn(turn + 1)}>
      {say('ask.again')}
    </Button>
  )
  return (
    <Card title={say('ask.title')} text={say('ask.text')} onBack={onBack} progress={0.94}>
      <div className="ask" role="status">
        {asked.at === 'waiting' && (
          <>
            <span
              className="ask-digits"
              role="img"
              aria-label={say('ask.digits', { digits: spoken(asked.ask) })}
            >
              <span>{asked.ask.digits.slice(0, 3)}</span>
              <span>{asked.ask.digits.slice(3)}</span>
            </span>
            <span className="ask-wait">
              <span className="aq-spinner" />
              {say('ask.waiting')}
            </span>
          </>
        )}
        {asked.at === 'refused' && (
          <Note tone="danger" icon="alert">
            {say('ask.refused')}
          </Note>
        )}
        {asked.at === 'lapsed' && (
          <Note tone="warning" icon="clock">
            {say('ask.lapsed')}
          </Note>
        )}
        {asked.at === 'failed' && (
          <Note tone="danger" icon="alert">
            {problemText(say, asked.why)}
          </Note>
        )}
      </div>
      {asked.at !== 'beginning' && asked.at !== 'waiting' && again}
    </Card>
  )
}

/** One by one, so that nobody hears a number in the hundred thousands. */
function spoken({ digits }: Ask): string {
  return [...digits].join(' ')
}

function useAsking(client: Client, turn: number): Asked {
  const [asked, setAsked] = useState<Asked>({ at: 'beginning' })
  // biome-ignore lint/correctness/useExhaustiveDependencies: another turn asks anew.
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    let isGone = false
    const fail = (why: unknown): void => {
      if (!isGone) setAsked(hasCode(why, 'missing.ask') ? { at: 'lapsed' } : { at: 'failed', why })
    }
    const look = async (ask: Ask): Promise<void> => {
      const answer = await client.answerOf(ask.id)
      if (isGone || answer === 'approved') return
      if (answer === 'refused') setAsked({ at: 'refused' })
      else timer = setTimeout(() => void look(ask).catch(fail), lookAfterMs)
    }
    const begin = async (): Promise<void> => {
      setAsked({ at: 'beginning' })
      const ask = await client.ask()
      if (isGone) return
      setAsked({ at: 'waiting', ask })
      await look(ask)
    }
    begin().catch(fail)
    return () => {
      isGone = true
      clearTimeout(timer)
    }
  }, [client, turn])
  return asked
}
