import type { AppTheme, Locale } from '@anarq/design'
import { type ReactNode, useEffect, useRef } from 'react'
import { createBridge } from '../bridge/bridge.ts'
import type { Event, Plain } from '../bridge/message.ts'

export type AppFrameProps = {
  /** The page of the app on this node; it answers with a policy of its own. */
  readonly src: string
  readonly title: string
  readonly argument: string | undefined
  readonly isFocused: boolean
  readonly locale: Locale
  readonly theme: AppTheme
  readonly allows: (call: string) => boolean
  /** Made for this app: the node holds it to what the app was granted. */
  readonly call: (call: string, input: Plain, signal: AbortSignal) => Promise<unknown>
  readonly onCutOff: (why: string) => void
}

/** A page of somebody else's: an opaque origin, one port, and nothing of the desktop in reach. */
export function AppFrame(props: AppFrameProps): ReactNode {
  const { src, title, locale, theme, argument, isFocused } = props
  const frame = useRef<HTMLIFrameElement>(null)
  const port = useRef<MessagePort>(undefined)
  const current = useRef(props)
  current.current = props

  useEffect(() => () => port.current?.close(), [])
  useTold(port, 'locale', locale)
  useTold(port, 'theme', theme)
  useTold(port, 'focus', isFocused)
  useTold(port, 'argument', argument)

  const connect = (): void => {
    port.current?.close()
    const channel = new MessageChannel()
    const own = channel.port1
    const bridge = createBridge({
      allows: (name) => current.current.allows(name),
      call: (name, input, signal) => current.current.call(name, input, signal),
      onCutOff(why) {
        own.close()
        current.current.onCutOff(why)
      },
      nowMs: () => performance.now(),
    })
    own.onmessage = ({ data }) => {
      void bridge
        .receive(data)
        .then((reply) => reply !== undefined && bridge.isOpen && own.postMessage(reply))
    }
    port.current = own
    // An opaque origin has no name that one could address; what is sent is no secret, and the port goes to this frame alone.
    frame.current?.contentWindow?.postMessage({ anarq: 1, locale, theme, argument }, '*', [channel.port2])
  }
  return (
    <iframe
      ref={frame}
      className="app-frame"
      src={src}
      title={title}
      sandbox="allow-scripts"
      referrerPolicy="no-referrer"
      onLoad={connect}
    />
  )
}

function useTold(
  port: React.RefObject<MessagePort | undefined>,
  event: Event['event'],
  value: unknown,
): void {
  useEffect(() => {
    port.current?.postMessage({ v: 1, event, value } satisfies Event)
  }, [port, event, value])
}
