import type { Messages } from '@anarq/design'
import { en, type MessageKey } from './en.ts'
import { es } from './es.ts'

export type { MessageKey } from './en.ts'
export const messages: Messages<MessageKey> = { en, es }
