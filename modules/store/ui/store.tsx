import './store.css'
import { type AppProps, createSay, FileInput, ProgressBar, type Say } from '@anarq/design'
import type { AppSdk } from '@anarq/sdk/app'
import { type DragEvent, type ReactNode, useRef, useState } from 'react'
import { AppPage } from './app-page.tsx'
import { type MessageKey, messages } from './messages.ts'
import { Overview } from './overview.tsx'
import { PlaceDialog, type Placed } from './place-dialog.tsx'
import { Refused } from './refused.tsx'
import { ReviewPage } from './review.tsx'
import { type Store, useStore } from './use-store.ts'

export type StoreProps = AppProps<AppSdk> & {
  readonly say: Say<MessageKey>
  readonly store: Store
  /** Opens the choice of a file of this computer. */
  readonly choose: () => void
  /** The same for a folder with a feed. */
  readonly chooseFeed: () => void
  readonly choosePlace: (what: Placed) => void
  readonly show: (id: string | undefined) => void
}

export default function StoreScreen(props: AppProps<AppSdk>): ReactNode {
  const { locale } = props
  const say = createSay(messages, locale)
  const store = useStore({ ...props, say })
  const [shown, show] = useState<string>()
  const [placed, setPlaced] = useState<Placed>()
  const file = useRef<HTMLInputElement>(null)
  const folder = useRef<HTMLInputElement>(null)
  const drop = useDrop(store)
  const all: StoreProps = {
    ...props,
    say,
    store,
    choose: () => file.current?.click(),
    chooseFeed: () => folder.current?.click(),
    choosePlace: setPlaced,
    show,
  }
  return (
    <div className="store" data-narrow={props.window.isNarrow ? '' : undefined} {...drop.on}>
      <FileInput
        input={file}
        accept=".wxa"
        label={say('install.file')}
        onFiles={([chosen]) => chosen !== undefined && void store.take(chosen)}
      />
      <FileInput
        input={folder}
        isFolder
        label={say('feed.add')}
        onFiles={(chosen) => void store.feeds.take(chosen)}
      />
      <Place {...all} shown={shown} />
      {drop.isOver && <div className="store-drop">{say('install.drop')}</div>}
      <PlaceDialog say={say} store={store} what={placed} onClose={() => setPlaced(undefined)} />
    </div>
  )
}

function Place({ shown, ...props }: StoreProps & { readonly shown: string | undefined }): ReactNode {
  const { say, store } = props
  const { flow, installed } = store
  switch (flow.at) {
    case 'sending':
    case 'inspecting':
      return (
        <div className="store-page store-progress">
          <ProgressBar
            label={say(`progress.${flow.at}`, { name: flow.name })}
            {...(flow.at === 'sending' && flow.part > 0 ? { value: flow.part } : {})}
          />
        </div>
      )
    case 'refused':
      return <Refused {...props} flow={flow} />
    case 'review':
      return <ReviewPage {...props} review={flow} />
    case 'idle': {
      const app = installed.is === 'here' ? installed.apps.find(({ id }) => id === shown) : undefined
      return app === undefined ? <Overview {...props} /> : <AppPage key={app.id} {...props} app={app} />
    }
    default:
      return flow satisfies never
  }
}

function useDrop({ take, flow }: Store): {
  readonly isOver: boolean
  readonly on: Readonly<Record<'onDragOver' | 'onDragLeave' | 'onDrop', (event: DragEvent) => void>>
} {
  const [isOver, setOver] = useState(false)
  const isFree = flow.at === 'idle' || flow.at === 'refused'
  return {
    isOver,
    on: {
      onDragOver(event) {
        if (!isFree || !event.dataTransfer.types.includes('Files')) return
        event.preventDefault()
        setOver(true)
      },
      onDragLeave(event) {
        if (!(event.relatedTarget instanceof Node && event.currentTarget.contains(event.relatedTarget)))
          setOver(false)
      },
      onDrop(event) {
        event.preventDefault()
        setOver(false)
        const [dropped] = event.dataTransfer.files
        if (isFree && dropped !== undefined) void take(dropped)
      },
    },
  }
}
