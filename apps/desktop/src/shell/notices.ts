/** Notifications, as a pure list: the newest first, each with its end as a toast. */
import type { AppNotice } from '@anarq/design'

export type Notice = AppNotice & {
  readonly id: number
  readonly app: string | undefined
  readonly atMs: number
}
/** What stays until the person did something about it. */
export type Standing = {
  readonly id: string
  readonly title: string
  readonly text: string
  /** What to do about it. */
  readonly act: string
  readonly onAct: () => void
}
export type Notices = {
  readonly all: readonly Notice[]
  readonly toasts: readonly number[]
  readonly unread: number
  readonly made: number
}
export type NoticeAct =
  | {
      readonly do: 'add'
      readonly notice: AppNotice
      readonly app?: string | undefined
      readonly atMs: number
    }
  | { readonly do: 'hide' | 'remove'; readonly id: number }
  | { readonly do: 'read' | 'clear' }

export const noticesMax = 100
export const toastsMax = 3
const titleMax = 120
const textMax = 400
export const noNotices: Notices = { all: [], toasts: [], unread: 0, made: 0 }

export function nextNotices(notices: Notices, act: NoticeAct): Notices {
  switch (act.do) {
    case 'add': {
      const id = notices.made + 1
      const { title, text, tone = 'plain' } = act.notice
      const notice: Notice = {
        id,
        app: act.app,
        atMs: act.atMs,
        title: title.slice(0, titleMax),
        tone,
        ...(text === undefined ? {} : { text: text.slice(0, textMax) }),
      }
      return {
        made: id,
        all: [notice, ...notices.all].slice(0, noticesMax),
        toasts: [...notices.toasts, id].slice(-toastsMax),
        unread: Math.min(notices.unread + 1, noticesMax),
      }
    }
    case 'hide':
      return { ...notices, toasts: notices.toasts.filter((id) => id !== act.id) }
    case 'remove':
      return {
        ...notices,
        all: notices.all.filter(({ id }) => id !== act.id),
        toasts: notices.toasts.filter((id) => id !== act.id),
      }
    case 'read':
      return { ...notices, unread: 0, toasts: [] }
    case 'clear':
      return { ...noNotices, made: notices.made }
    default:
      return act satisfies never
  }
}
