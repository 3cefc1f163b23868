import type { Messages, Say } from '@anarq/design'
import { en, type MessageKey } from './en.ts'
import { es } from './es.ts'

export type { MessageKey } from './en.ts'
export type SettingsSay = Say<MessageKey>
export const messages: Messages<MessageKey> = { en, es }
