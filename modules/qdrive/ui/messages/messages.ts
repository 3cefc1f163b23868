import type { Messages, Say } from '@anarq/design'
import { en, type MessageKey } from './en.ts'
import { es } from './es.ts'

export const messages: Messages<MessageKey> = { en, es }
export type DriveSay = Say<MessageKey>
export type { MessageKey }
