import { type AppProps, Button, EmptyState, faultSentence, useFaultTexts } from '@anarq/design'
import type { Sdk } from '@anarq/sdk/client'
import { type ReactNode, type RefObject, useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { type FrameBridge, frameBridge, handedOver } from '../bridge/frame-bridge.ts'
import { baseOf } from '../bridge/frame-media.ts'
import type { Event } from '../bridge/message.ts'
import { type Client, shellApp } from '../client/port.ts'
import { useShell, useSurroundings } from '../shell/context.ts'
import { press } from '../shell/use-keys.ts'
import { combinations, pressOf } from '../windows/keys.ts'
import type { InstalledFacts } from './installed.ts'

export type FrameScreenProps = AppProps<Sdk> & {
  readonly app: InstalledFacts
  readonly address: string
  readonly client: Client
}

/** An app in a frame with an origin of its own. Messages on one port are all that crosses, and each is read as a stranger's. */
export function FrameScreen(props: FrameScreenProps): ReactNode {
  const { app, address } = props
  const { say } = useSurroundings()
  const frame = useRef<HTMLIFrameElement>(null)
  const [isCutOff, setCutOff] = useState(false)
  const connect = useBridge(frame, props, () => {
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
      onLoad={connect}
    />
  )
}

/** Gives what connects a page that was loaded. A page that loads itself anew meets the same bridge, with what it has used up. */
function useBridge(
  frame: RefObject<HTMLIFrameElement | null>,
  props: FrameScreenProps,
  onCutOff: () => void,
): () => void {
  const { app, address, client, locale, theme, window: own, events } = props
  const facts = useMemo(
    () => ({ app: app.id, version: app.version, locale, theme, argument: own.argument }),
    [app, locale, theme, own.argument],
  )
  const shell = useShell()
  const texts = useFaultTexts()
  const latest = useRef({ own, facts, onCutOff, shell, texts })
  latest.current = { own, facts, onCutOff, shell, texts }
  const bridge = useRef<FrameBridge>(undefined)
  const port = useRef<MessagePort>(undefined)

  const end = useCallback(() => {
    bridge.current?.close()
    bridge.current = undefined
    port.current?.close()
    port.current = undefined
  }, [])
  useEffect(() => end, [end])

  const connect = useCallback(() => {
    const report = (why: string, isCutOff: boolean): void => {
      // It stays on record, whatever the person does with the window.
      client
        .sdkFor(shellApp)
        .apps.report({ id: app.id, why, isCutOff })
        .catch(() => undefined)
    }
    bridge.current ??= frameBridge({ id: app.id, base: baseOf(address) }, client, {
      setTitle: (title) => latest.current.own.setTitle(title),
      close: () => latest.current.own.close(),
      notify: (notice) => latest.current.own.notify(notice),
      save(name, content) {
        if (document.activeElement !== frame.current) return false
        latest.current.own.save(name, content)
        return true
      },
      press(combination) {
        const pressed = pressOf(combination)
        // The frame's word alone is not enough: it has the keyboard, and somebody touches a key in it now.
        const isMeant = document.activeElement === frame.current && navigator.userActivation.isActive
        return pressed !== undefined && isMeant && press(pressed, latest.current.shell)
      },
      sentence: ({ code, message, data }) =>
        faultSentence({ code, sentence: message, data }, latest.current.texts),
      onLeft: () => report('cancelled.left', false),
      onCutOff(why) {
        end()
        report(why, true)
        latest.current.onCutOff()
      },
    })
    const met = bridge.current
    // What the page before had on its way is nobody's now.
    met.endTransfers()
    port.current?.close()
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = ({ data }) => {
      void met.receive(data).then((reply) => {
        if (reply !== undefined && met.isOpen) port1.postMessage(reply, handedOver(reply))
      })
    }
    port.current = port1
    // An opaque origin has no name that one could address. What is sent is no secret, and the port goes to this frame alone.
    frame.current?.contentWindow?.postMessage(
      { anarq: 1, facts: latest.current.facts, keys: combinations },
      '*',
      [port2],
    )
  }, [app, address, client, frame, end])

  const tell = useCallback((event: Event) => port.current?.postMessage(event), [])
  useEffect(() => tell({ v: 1, event: 'facts', value: facts }), [facts, tell])
  const mayReadDrive = app.permissions.some(({ id, isGranted }) => id === 'drive.read' && isGranted)
  useEffect(
    () => (mayReadDrive ? events.on('drive', () => tell({ v: 1, event: 'drive' })) : undefined),
    [events, mayReadDrive, tell],
  )
  return connect
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
