import { identity } from '@anarq/identity'
import type { BrowserAsk } from '@anarq/sdk'
import { useEffect, useMemo, useRef, useState } from 'react'
import { shellApp } from '../client/port.ts'
import { useSurroundings } from './context.ts'
import type { Standing } from './notices.ts'

type Events = { on(topic: 'identity' | 'guardian' | 'browsers', listener: () => void): () => void }

/** What waits for the person until they did something about it: words that nobody confirmed, browsers that ask to be let in. */
export function useStanding(
  events: Events,
  openApp: (app: string, argument?: string) => void,
  onAsked: (ask: BrowserAsk) => void,
): readonly Standing[] {
  const { say } = useSurroundings()
  const areWordsMissing = useWordsMissing(events)
  const asks = useAsks(events, onAsked)
  return useMemo(
    () => [
      ...asks.map(({ id, browser, digits }): Standing => {
        return {
          id: `ask ${id}`,
          title: say('standing.ask', { browser }),
          text: say('standing.ask.text', { digits: `${digits.slice(0, 3)} ${digits.slice(3)}` }),
          act: say('standing.ask.act'),
          onAct: () => openApp(identity.id, 'devices'),
        }
      }),
      ...(areWordsMissing
        ? [
            {
              id: 'words',
              title: say('standing.words'),
              text: say('standing.words.text'),
              act: say('standing.words.act'),
              onAct: () => openApp('shell', 'words'),
            },
          ]
        : []),
    ],
    [asks, areWordsMissing, say, openApp],
  )
}

function useWordsMissing(events: Events): boolean {
  const { client } = useSurroundings()
  const [isMissing, setMissing] = useState(false)
  useEffect(() => {
    const look = (): void =>
      void client
        .sdkFor(shellApp)
        .identity.recovery({})
        .then(
          ({ hasWords, areWordsConfirmed }) => setMissing(hasWords && !areWordsConfirmed),
          () => undefined,
        )
    look()
    // A drill that went well confirms them too; it is told as the guardian's.
    const stops = [events.on('identity', look), events.on('guardian', look)]
    return () => {
      for (const stop of stops) stop()
    }
  }, [client, events])
  return isMissing
}

function useAsks(events: Events, onAsked: (ask: BrowserAsk) => void): readonly BrowserAsk[] {
  const { client } = useSurroundings()
  const [asks, setAsks] = useState<readonly BrowserAsk[]>([])
  const told = useRef(new Set<string>())
  useEffect(() => {
    const look = async (): Promise<void> => {
      const now = await client.sdkFor(shellApp).browsers.asks({})
      setAsks(now)
      for (const ask of now) {
        if (told.current.has(ask.id)) continue
        told.current.add(ask.id)
        onAsked(ask)
      }
    }
    const start = (): void => void look().catch(() => undefined)
    start()
    return events.on('browsers', start)
  }, [client, events, onAsked])
  return asks
}
