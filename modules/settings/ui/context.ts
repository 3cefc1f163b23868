import { type Around, createSurroundings } from '@anarq/design'
import type { AppSdk } from '@anarq/sdk/app'
import type { MessageKey } from './messages/messages.ts'

export const { Surroundings, useSurroundings } = createSurroundings<Around<AppSdk, MessageKey>>()
