import { type Context, createContext, type ReactNode, useContext, useMemo, useState } from 'react'
import type { AppProps, AppWindow } from './app.ts'
import { type Asked, type Deed, useDeed } from './asked.ts'
import { Failure } from './failure.tsx'
import { Skeleton } from './feedback.tsx'
import type { IconName } from './icons.ts'
import { createSay, type Messages, type Say } from './messages.ts'
import { Places } from './screen.tsx'

/** What the parts of a screen with places have around them; a screen adds its own. */
export type Around<Sdk, Key extends string> = Pick<
  AppProps<Sdk>,
  'sdk' | 'window' | 'events' | 'locale' | 'preferences'
> & {
  readonly say: Say<Key>
  /** What a person does here; where it fails, they are told why. */
  readonly deed: Deed
}

/** The texts that the frame says: its name, its places, that something failed, and to ask again. */
type FrameKey<Id extends string> = 'places' | 'failed' | 'again' | `place.${Id}`

export type PlaceShown<Id extends string> = {
  readonly icon: IconName
  /** It scrolls by itself: a list that fills the height. */
  readonly isFull?: boolean
  readonly show: (go: (place: Id) => void) => ReactNode
}

export type PlacedScreenProps<Sdk, Key extends string, Id extends string, Surrounding> = {
  readonly app: AppProps<Sdk>
  readonly messages: Messages<Key> & Messages<FrameKey<NoInfer<Id>>>
  /** Of `createSurroundings`. */
  readonly surroundings: Context<Surrounding | undefined>
  /** What this screen adds to what all have. */
  readonly around: (shared: Around<Sdk, Key>) => Surrounding
  /** In their order; the first is shown where the window was opened with none of them. */
  readonly places: { readonly [Place in Id]: PlaceShown<NoInfer<Id>> }
}

const AgainContext = createContext<string | undefined>(undefined)

/** A screen with several places: they stand at its side, and what its parts share is around the one that is shown. */
export function PlacedScreen<Sdk, Key extends string, Id extends string, Surrounding>({
  app,
  messages,
  surroundings: Surroundings,
  around,
  places,
}: PlacedScreenProps<Sdk, Key, Id, Surrounding>): ReactNode {
  const { sdk, window, events, locale, preferences } = app
  const say = useMemo(() => createSay<Key>(messages, locale), [messages, locale])
  const sayFrame = useMemo(() => createSay<FrameKey<Id>>(messages, locale), [messages, locale])
  const ids = Object.keys(places) as [Id, ...Id[]]
  const [place, go] = usePlace(ids, window)
  const deed = useDeed(({ sentence }) =>
    window.notify({ title: sayFrame('failed'), text: sentence, tone: 'danger' }),
  )
  const shared = { sdk, say, locale, window, events, deed, ...(preferences && { preferences }) }
  const { isFull = false, show } = places[place]
  return (
    <Surroundings value={around(shared)}>
      <AgainContext value={sayFrame('again')}>
        <Places
          label={sayFrame('places')}
          items={ids.map((id) => ({ id, icon: places[id].icon, label: sayFrame(`place.${id}`) }))}
          selected={place}
          onSelect={go}
          isNarrow={window.isNarrow}
          isFull={isFull}
        >
          {show(go)}
        </Places>
      </AgainContext>
    </Surroundings>
  )
}

/** Where one is. What the window was opened with is a place, or else the first is shown. */
function usePlace<Id extends string>(
  ids: readonly [Id, ...Id[]],
  { argument }: Pick<AppWindow, 'argument'>,
): readonly [Id, (place: Id) => void] {
  const placeIn = (asked: string | undefined): Id => ids.find((id) => id === asked) ?? ids[0]
  const [opened, setOpened] = useState(argument)
  const [place, go] = useState<Id>(() => placeIn(argument))
  if (argument !== opened) {
    setOpened(argument)
    if (argument !== undefined) go(placeIn(argument))
  }
  return [place, go]
}

export type AnsweredProps<T> = {
  readonly asked: Asked<T>
  /** Of what was asked for, where the node did not give it. */
  readonly icon: IconName
  readonly failed: string
  /** Until it comes; a grey block where nothing is said. */
  readonly waiting?: ReactNode
  readonly children: (value: T) => ReactNode
}

/** What was asked of the node, once it is there; until then, that it comes, or why it does not. In a `PlacedScreen`. */
export function Answered<T>({
  asked: { value, problem, again },
  icon,
  failed,
  waiting = <Skeleton height={160} />,
  children,
}: AnsweredProps<T>): ReactNode {
  const words = useContext(AgainContext)
  if (words === undefined) throw new Error('A part of the screen stands outside of it.')
  if (value !== undefined) return children(value)
  if (problem === undefined) return waiting
  return <Failure icon={icon} title={failed} problem={problem} again={words} onRetry={again} />
}
