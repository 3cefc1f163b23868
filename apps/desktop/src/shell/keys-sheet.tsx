import { Dialog, Keys } from '@anarq/design'
import type { ReactNode } from 'react'
import type { MessageKey } from '../messages/messages.ts'
import { type Command, keysOf } from '../windows/keys.ts'
import { useShell, useSurroundings } from './context.ts'

const rows: readonly (readonly [Command, MessageKey])[] = [
  ['launcher', 'launcher.open'],
  ['next-window', 'window.next'],
  ['previous-window', 'window.previous'],
  ['step-left', 'window.step-left'],
  ['step-right', 'window.step-right'],
  ['step-up', 'window.step-up'],
  ['step-down', 'window.step-down'],
  ['move-mode', 'window.move'],
  ['resize-mode', 'window.resize'],
  ['close', 'window.close'],
  ['clear', 'desktop.clear'],
  ['notices', 'tray.notices'],
  ['lock', 'tray.lock'],
  ['keys', 'keys.title'],
]

export function KeysSheet(): ReactNode {
  const { overlay, show } = useShell()
  const { say } = useSurroundings()
  return (
    <Dialog
      isOpen={overlay === 'keys'}
      onClose={() => show(undefined)}
      title={say('keys.title')}
      closeLabel={say('act.close')}
      width="wide"
    >
      <p>{say('keys.text')}</p>
      <dl className="keys-list">
        {rows.map(([command, text]) => (
          <div key={command}>
            <dt>{say(text)}</dt>
            <dd>
              <Keys keys={keysOf[command]} />
            </dd>
          </div>
        ))}
        <div>
          <dt>{say('keys.tabs')}</dt>
          <dd>
            <Keys keys="F6" />
          </dd>
        </div>
      </dl>
    </Dialog>
  )
}
