import { type AppProps, Button, EmptyState } from '@anarq/design'
import type { Sdk } from '@anarq/sdk/client'
import { type ReactNode, type RefObject, useEffect, useMemo, useRef, useState } from 'react'
import { createBridge } from '../bridge/bridge.ts'
import { createFrameCalls } from '../bridge/frame-calls.ts'
import type { Event } from '../bridge/message.ts'
import type { Client } from '../client/port.ts'
import { useSurroundings } from '../shell/context.ts'
import type { InstalledFacts } from './installed.ts'

export type FrameScreenProps = AppProps<Sdk> & {
  readonly app: InstalledFacts
  readonly address: string
  readonly client: Client
}

/** An app in a frame with an origin of its own. Messages are all that crosses, and each is read as a stranger's. */
export function FrameScreen(props: FrameScreenProps): ReactNode {
  const { app, address } = props
  const { say } = useSurroundings()
  const frame = useRef<HTMLIFrameElement>(null)
  const [isCutOff, setCutOff] = useState(false)
  useBridge(frame, props, isCutOff, () => {
    setCutOff(true)
    const title = say('frame.cut.notice', { app: app.name })
    props.window.notify({ title, text: say('frame.cut.text'), tone: 'danger' })
  })
  useFrameFocus(frame)
  if (isCutOff) {
    return (
      <EmptyState
        icon="guardian"
        tone="danger"
        title={say('frame.cut.title', { app: app.name })}
        acts={
          <Button icon="refresh" onPress={() => setCutOff(false)}>
            {say('window.failed.again')}
          </Button>
        }
      >
        {say('frame.cut.text')}
      </EmptyState>
    )
  }
  return (
    <iframe
      ref={frame}
      className="app-frame"
      title={app.name}
      src={address}
      sandbox="allow-scripts allow-forms allow-modals"
      referrerPolicy="no-referrer"
    />
  )
}

function useBridge(
  frame: RefObject<HTMLIFrameElement | null>,
  props: FrameScreenProps,
  isCutOff: boolean,
  onCutOff: () => void,
): void {
  const { app, client, locale, theme, window: own, events } = props
  const facts = useMemo(
    () => ({ app: app.id, version: app.version, locale, theme, argument: own.argument }),
    [app, locale, theme, own.argument],
  )
  const latest = useRef({ own, facts, onCutOff })
  latest.current = { own, facts, onCutOff }

  useEffect(() => {
    if (isCutOff) return
    const sdk = client.callAs(app.id)
    const { allows, call } = createFrameCalls({
      sdk,
      backend: (asked, signal) => client.askBackend(app.id, asked, signal),
      hello: () => latest.current.facts,
      setTitle: (title) => latest.current.own.setTitle(title),
      close: () => latest.current.own.close(),
      notify: (notice) => latest.current.own.notify(notice),
      nowMs: Date.now,
    })
    const bridge = createBridge({ allows, call, nowMs: Date.now, onCutOff: () => latest.current.onCutOff() })
    const hear = ({ source, data }: MessageEvent): void => {
      // Whose window it is, is the one thing that a message cannot say falsely.
      if (source === null || source !== frame.current?.contentWindow) return
      void bridge.receive(data).then((reply) => {
        if (reply !== undefined && bridge.isOpen) frame.current?.contentWindow?.postMessage(reply, '*')
      })
    }
    addEventListener('message', hear)
    return () => {
      removeEventListener('message', hear)
      bridge.close()
    }
  }, [app, client, frame, isCutOff])

  useEffect(() => tell(frame, { v: 1, event: 'facts', value: facts }), [facts, frame])
  const mayReadDrive = app.permissions.some(({ id, isGranted }) => id === 'drive.read' && isGranted)
  useEffect(
    () => (mayReadDrive ? events.on('drive', () => tell(frame, { v: 1, event: 'drive' })) : undefined),
    [events, mayReadDrive, frame],
  )
}

function tell(frame: RefObject<HTMLIFrameElement | null>, event: Event): void {
  frame.current?.contentWindow?.postMessage(event, '*')
}

/** A press inside a frame is heard by the frame alone; that the keyboard went there is how its window comes to the front. */
function useFrameFocus(frame: RefObject<HTMLIFrameElement | null>): void {
  useEffect(() => {
    const look = (): void => {
      setTimeout(() => {
        if (frame.current !== null && document.activeElement === frame.current)
          frame.current.dispatchEvent(new FocusEvent('focusin', { bubbles: true }))
      })
    }
    addEventListener('blur', look)
    return () => removeEventListener('blur', look)
  }, [frame])
}
