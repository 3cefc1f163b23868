import { type ReactNode, useState } from 'react'
import { findApp } from '../apps/registry.ts'
import { useShell } from '../shell/context.ts'
import { rectOfZone, type Zone } from './geometry.ts'
import { WindowFrame } from './window-frame.tsx'

/** All windows. Their order in the page is that of their opening, so that raising one moves nothing and reloads no frame. */
export function WindowLayer(): ReactNode {
  const { desk, apps } = useShell()
  const [zone, setZone] = useState<Zone>()
  const stable = [...desk.windows].sort((a, b) => Number(a.id.slice(1)) - Number(b.id.slice(1)))
  const preview = zone === undefined ? undefined : rectOfZone(zone, desk.area)
  return (
    <div className="windows">
      {preview !== undefined && (
        <div
          className="snap-preview"
          style={{
            translate: `${preview.x}px ${preview.y}px`,
            width: preview.width,
            height: preview.height,
            zIndex: desk.windows.length,
          }}
        />
      )}
      {stable.map((window) => {
        const app = findApp(apps, window.app)
        if (app === undefined) return undefined
        return (
          <WindowFrame
            key={window.id}
            window={window}
            app={app}
            order={desk.windows.indexOf(window) * 2}
            onPreview={setZone}
          />
        )
      })}
    </div>
  )
}
