import { type AppDefinition, AppIcon, IconButton, Menu, type MenuEntry, PlainButton } from '@anarq/design'
import type { AppSdk } from '@anarq/sdk/app'
import { type CSSProperties, type ReactNode, useEffect, useRef, useState } from 'react'
import { AppHost } from '../apps/app-host.tsx'
import { useShell, useSurroundings } from '../shell/context.ts'
import { type Edge, edges, type Rect, type Zone, zoneAt } from './geometry.ts'
import { keysOf } from './keys.ts'
import { rectOf, type WindowState } from './state.ts'
import { useDrag } from './use-drag.ts'
import { useWindowMode } from './use-window-mode.ts'

export type WindowFrameProps = {
  readonly window: WindowState
  readonly app: AppDefinition<AppSdk>
  /** Its height in the stack. */
  readonly order: number
  readonly onPreview: (zone: Zone | undefined) => void
}

export function WindowFrame({ window, app, order, onPreview }: WindowFrameProps): ReactNode {
  const { desk, act, openApp, notify, events, isPhone } = useShell()
  const { preferences } = useSurroundings()
  const [isDragged, setDragged] = useState(false)
  const frame = useRef<HTMLElement>(null)
  const isFocused = desk.focused === window.id
  const isShown = !window.isMinimised && (!isPhone || isFocused)
  const rect = isPhone ? { x: 0, y: 0, ...desk.area } : rectOf(window, desk.area)
  const name = window.title ?? app.name[preferences.locale]
  const mode = useWindowMode(window.id, rect)

  useEffect(() => {
    if (!isFocused || frame.current?.contains(document.activeElement)) return
    frame.current?.focus({ preventScroll: true })
  }, [isFocused])

  const style: CSSProperties = {
    translate: `${rect.x}px ${rect.y}px`,
    width: rect.width,
    height: rect.height,
    zIndex: order + 1,
  }
  return (
    <section
      ref={frame}
      className="window"
      style={style}
      aria-label={name}
      tabIndex={-1}
      data-window={window.id}
      data-landmark={isShown ? '' : undefined}
      data-focused={isFocused ? '' : undefined}
      data-zone={isPhone ? 'full' : window.zone}
      data-dragged={isDragged ? '' : undefined}
      data-mode={mode.kind}
      data-away={isShown ? undefined : ''}
      inert={!isShown}
      onPointerDownCapture={() => act({ do: 'focus', id: window.id })}
      onFocusCapture={() => act({ do: 'focus', id: window.id })}
      onKeyDown={mode.onKeyDown}
    >
      <TitleBar
        window={window}
        app={app}
        name={name}
        rect={rect}
        onDragged={setDragged}
        onPreview={onPreview}
        onMode={mode.begin}
      />
      <div className="window-body">
        <AppHost
          app={app}
          id={window.id}
          argument={window.argument}
          isFocused={isFocused}
          isNarrow={rect.width < 620}
          act={act}
          openApp={openApp}
          notify={notify}
          events={events}
        />
      </div>
      {!isPhone &&
        window.zone !== 'full' &&
        edges.map((edge) => (
          <Handle key={edge} id={window.id} edge={edge} rect={rect} onDragged={setDragged} />
        ))}
      <div className="window-mode" role="status">
        {mode.text}
      </div>
    </section>
  )
}

type TitleBarProps = Pick<WindowFrameProps, 'window' | 'app' | 'onPreview'> & {
  readonly name: string
  readonly rect: Rect
  readonly onDragged: (isDragged: boolean) => void
  readonly onMode: (kind: 'move' | 'resize') => void
}

function TitleBar({ window, app, name, rect, onDragged, onPreview, onMode }: TitleBarProps): ReactNode {
  const { desk, act, isPhone } = useShell()
  const { say } = useSurroundings()
  const { id } = window
  const isFull = window.zone === 'full'
  const drag = useDrag({
    start: (at) => ({ rect, grip: rect.width === 0 ? 0.5 : (at.x - rect.x) / rect.width }),
    moved(started, by, at) {
      if (isPhone) return
      onDragged(true)
      const from = started as { rect: Rect; grip: number }
      const { width, height } = window.rect
      const x = width === from.rect.width ? from.rect.x + by.x : at.x - width * from.grip
      act({ do: 'place', id, rect: { x, y: from.rect.y + by.y, width, height } })
      onPreview(zoneAt(at, desk.area))
    },
    ended(_started, at) {
      onDragged(false)
      onPreview(undefined)
      const zone = at === undefined || isPhone ? undefined : zoneAt(at, desk.area)
      if (zone !== undefined) act({ do: 'snap', id, zone })
    },
  })
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: what the pointer does here, the keys and the window's menu do too.
    <header className="title-bar" {...drag} onDoubleClick={() => !isPhone && act({ do: 'toggle', id })}>
      <Menu
        label={say('window.menu', { title: name })}
        entries={windowEntries(window, say, isPhone)}
        onAct={(chosen) => {
          if (chosen === 'move' || chosen === 'resize') onMode(chosen)
          else if (chosen === 'left' || chosen === 'right') act({ do: 'snap', id, zone: chosen })
          else if (chosen === 'toggle' || chosen === 'minimise' || chosen === 'close') act({ do: chosen, id })
        }}
      >
        <PlainButton className="title-menu" label={say('window.menu', { title: name })}>
          <AppIcon icon={app.icon} hue={app.hue} size={20} />
        </PlainButton>
      </Menu>
      <h2 className="title-text">{name}</h2>
      <div className="title-acts">
        {!isPhone && (
          <>
            <IconButton
              size="small"
              icon="minimise"
              label={say('window.minimise')}
              onPress={() => act({ do: 'minimise', id })}
            />
            <IconButton
              size="small"
              icon={isFull ? 'restore' : 'maximise'}
              label={say(isFull ? 'window.restore' : 'window.maximise')}
              onPress={() => act({ do: 'toggle', id })}
            />
          </>
        )}
        <IconButton
          size="small"
          icon="close"
          label={say('window.close')}
          keys={keysOf.close}
          onPress={() => act({ do: 'close', id })}
        />
      </div>
    </header>
  )
}

function windowEntries(
  window: WindowState,
  say: ReturnType<typeof useSurroundings>['say'],
  isPhone: boolean,
): MenuEntry[] {
  const close: MenuEntry = { id: 'close', label: say('window.close'), icon: 'close', keys: keysOf.close }
  if (isPhone) return [close]
  const isFull = window.zone === 'full'
  return [
    { id: 'move', label: say('window.move'), icon: 'move', keys: keysOf['move-mode'] },
    { id: 'resize', label: say('window.resize'), icon: 'resize', keys: keysOf['resize-mode'] },
    'separator',
    { id: 'left', label: say('window.left'), icon: 'snap-left', keys: keysOf['step-left'] },
    { id: 'right', label: say('window.right'), icon: 'snap-right', keys: keysOf['step-right'] },
    {
      id: 'toggle',
      label: say(isFull ? 'window.restore' : 'window.maximise'),
      icon: isFull ? 'restore' : 'maximise',
    },
    { id: 'minimise', label: say('window.minimise'), icon: 'minimise' },
    'separator',
    close,
  ]
}

function Handle({
  id,
  edge,
  rect,
  onDragged,
}: {
  readonly id: string
  readonly edge: Edge
  readonly rect: Rect
  readonly onDragged: (isDragged: boolean) => void
}): ReactNode {
  const { act } = useShell()
  const last = useRef({ x: 0, y: 0 })
  const drag = useDrag({
    start() {
      last.current = { x: 0, y: 0 }
      return rect
    },
    moved(started, by) {
      onDragged(true)
      act({ do: 'place', id, rect: started as Rect })
      act({ do: 'resize', id, edge, by })
      last.current = by
    },
    ended: () => onDragged(false),
  })
  return <div className="window-edge" data-edge={edge} {...drag} />
}
