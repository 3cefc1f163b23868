/** Where the tour goes: a few words each, and what they are about, by the part of the shell that is ringed meanwhile. */
import type { MessageKey } from '../messages/messages.ts'

export type Stop = { readonly title: MessageKey; readonly text: MessageKey; readonly at: string }

export const wideStops: readonly Stop[] = [
  { title: 'tour.apps', text: 'tour.apps.text', at: '.home-apps' },
  { title: 'tour.find', text: 'tour.find.text', at: '.launcher-button' },
  { title: 'tour.windows', text: 'tour.windows.text', at: '.dock' },
  { title: 'tour.identity', text: 'tour.identity.text', at: '.tray-identity' },
  { title: 'tour.lock', text: 'tour.lock.text', at: '.tray-lock' },
]

export const phoneStops: readonly Stop[] = [
  { title: 'tour.apps', text: 'tour.apps.text', at: '.home-apps' },
  { title: 'tour.find', text: 'tour.phone.find.text', at: '.phone-find' },
  { title: 'tour.phone.windows', text: 'tour.phone.windows.text', at: '.phone-bar' },
  { title: 'tour.identity', text: 'tour.phone.identity.text', at: '.tray-identity' },
  { title: 'tour.lock', text: 'tour.phone.lock.text', at: '.tray-lock' },
]
