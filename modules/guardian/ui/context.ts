import { createSurroundings, type Around as Shared } from '@anarq/design'
import type { AppSdk } from '@anarq/sdk/app'
import type { MessageKey } from './messages/messages.ts'

export type Around = Shared<AppSdk, MessageKey> & {
  /** A name of this home, or a shortened address. */
  nameOf(did: string): string
}

export const { Surroundings, useSurroundings } = createSurroundings<Around>()
