import { type Asked, createSurroundings, type Around as Shared } from '@anarq/design'
import type { Sdk } from '@anarq/sdk/client'
import type { MessageKey } from './messages/messages.ts'

export type Identity = Awaited<ReturnType<Sdk['identity']['list']>>[number]

/** What every part of the screen may want. */
export type Around = Shared<Sdk, MessageKey> & { readonly identities: Asked<readonly Identity[]> }

export const { Surroundings, useSurroundings } = createSurroundings<Around>()
