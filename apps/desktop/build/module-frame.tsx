/** A module of the system as a page in a frame, like anybody's: the same screen, over the bridge. See `module-package.ts`. */
import type { AppProps, Locale } from '@anarq/design'
import type { AppSdk } from '@anarq/sdk/app'
import { connect, type Frame } from '@anarq/sdk/frame'
import { mount } from './module-mount.tsx'

/** Below this the shell calls a window narrow. */
const narrowPx = 620

const frame = await connect()
const place = document.createElement('div')
place.style.height = '100vh'
document.body.append(place)
let leave = mount(place, shellOf(frame))
frame.on('facts', () => {
  leave()
  leave = mount(place, shellOf(frame))
})

function shellOf({ sdk, facts, window: own, on }: Frame): AppProps<AppSdk> {
  const { locale, theme, argument } = facts()
  return {
    sdk: { ...sdk, work },
    window: {
      id: 'frame',
      argument,
      get isFocused() {
        return document.hasFocus()
      },
      get isNarrow() {
        return globalThis.innerWidth < narrowPx
      },
      setTitle: (title) => void own.setTitle(title),
      close: () => void own.close(),
      // A page in a frame opens no windows.
      open: () => {},
      notify: (notice) => void own.notify(notice),
      save: (name, content) =>
        void own
          .save(name, content)
          .catch(({ message }: Error) => own.notify({ title: name, text: message, tone: 'danger' })),
    },
    events: { on: (topic, listener) => (topic === 'drive' ? on('drive', listener) : () => {}) },
    locale: locale as Locale,
    theme,
  }
}

const work: AppSdk['work'] = { backup: refuse, checkBackup: refuse, revokeHard: refuse }

function refuse(): Promise<never> {
  return Promise.reject(
    Object.assign(new Error('A page in a frame cannot do this.'), { code: 'refused.frame' }),
  )
}
