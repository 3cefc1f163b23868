import { type AppEvents, type AppProps, createSay } from '@anarq/design'
import type { AppSdk } from '@anarq/sdk/app'
import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { DriveContext, type Surroundings } from './context.ts'
import { Drive } from './drive.tsx'
import type { Person } from './logic/entry.ts'
import { wordsOf } from './logic/faults.ts'
import { messages } from './messages/messages.ts'
import { useJobs } from './model/jobs.ts'
import type { AskLock, LockAsked } from './model/locks.ts'
import { createThumbnails } from './model/thumbnails.ts'
import { type Said, useActions } from './model/use-actions.ts'
import { LockDialog } from './parts/lock.tsx'
import './styles/drive.css'

const saidMs = 8000

/** The screen of the app: what its parts have in common, and then the drive. */
export default function DriveApp({ sdk, window: frame, events, locale }: AppProps<AppSdk>): ReactNode {
  const say = useMemo(() => createSay(messages, locale), [locale])
  const [said, setSaid] = useState<Said>()
  const [turn, setTurn] = useState(0)
  const refresh = useCallback(() => setTurn((now) => now + 1), [])
  const faultText = useCallback(
    (error: unknown): string => {
      const { key, sentence } = wordsOf(error)
      return key === undefined ? sentence : say(key)
    },
    [say],
  )
  const jobs = useJobs()
  const { asked, askLock } = useLockAsking()
  const actions = useActions({
    sdk,
    say,
    onSaid: setSaid,
    refresh,
    faultText,
    job: jobs.run,
    locale,
    save: frame.save,
    askLock,
  })
  const people = usePeople(sdk, events)
  const thumbnails = useMemo(() => createThumbnails(sdk.content), [sdk])
  useEffect(() => () => thumbnails.close(), [thumbnails])
  useEffect(() => {
    if (said === undefined || said.tone === 'danger') return
    const timer = setTimeout(() => setSaid(undefined), saidMs)
    return () => clearTimeout(timer)
  }, [said])
  const surroundings = useMemo(
    (): Surroundings => ({
      ...{ sdk, say, locale, window: frame, events },
      ...{ actions, thumbnails, people, askLock, faultText },
    }),
    [sdk, say, locale, frame, events, actions, thumbnails, people, askLock, faultText],
  )
  return (
    <DriveContext value={surroundings}>
      <Drive turn={turn} said={said} jobs={jobs.all} onUnsay={() => setSaid(undefined)} />
      {asked !== undefined && (
        <LockDialog
          key={asked.turn}
          {...asked}
          onOpen={asked.answer}
          onClose={() => asked.answer(undefined)}
        />
      )}
    </DriveContext>
  )
}

type Question = LockAsked & {
  readonly turn: number
  readonly answer: (passphrase: string | undefined) => void
}

/** One question at a time: whoever asks next waits for its turn. */
function useLockAsking(): { readonly asked: Question | undefined; readonly askLock: AskLock } {
  const [asked, setAsked] = useState<Question>()
  const turns = useRef({ count: 0, last: Promise.resolve<unknown>(undefined) })
  const askLock = useCallback<AskLock>((about) => {
    const answered = turns.current.last.then(
      () =>
        new Promise<string | undefined>((resolve) => {
          turns.current.count += 1
          const answer = (passphrase: string | undefined): void => {
            setAsked(undefined)
            resolve(passphrase)
          }
          setAsked({ ...about, turn: turns.current.count, answer })
        }),
    )
    turns.current.last = answered
    return answered
  }, [])
  return { asked, askLock }
}

/** Names for DIDs; without the permission there are none, and nothing else is different. */
function usePeople(sdk: AppSdk, events: AppEvents): readonly Person[] {
  const [people, setPeople] = useState<readonly Person[]>([])
  useEffect(() => {
    let isWanted = true
    const read = (): void => {
      sdk.identity
        .list({})
        .then((all) => isWanted && setPeople(all))
        .catch(() => {})
    }
    read()
    const stop = events.on('identity', read)
    return () => {
      isWanted = false
      stop()
    }
  }, [sdk, events])
  return people
}
