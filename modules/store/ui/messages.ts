import type { Messages } from '@anarq/design'
import { en, type MessageKey } from './messages-en.ts'
import { es } from './messages-es.ts'

export type { MessageKey } from './messages-en.ts'
export const messages: Messages<MessageKey> = { en, es }
