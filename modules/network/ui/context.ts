import { type Around, createSurroundings } from '@anarq/design'
import type { AppSdk } from '@anarq/sdk/app'
import type { MessageKey } from './messages/messages.ts'

export type WayOf = Awaited<ReturnType<AppSdk['network']['way']>>
export type Status = Awaited<ReturnType<AppSdk['network']['status']>>
export type Peer = Awaited<ReturnType<AppSdk['network']['peers']>>[number]
export type Person = Awaited<ReturnType<AppSdk['network']['people']>>[number]
export type Neighbourhood = Awaited<ReturnType<AppSdk['network']['neighbourhood']>>
export type Kept = Awaited<ReturnType<AppSdk['network']['kept']>>
export type CircuitsOf = Awaited<ReturnType<AppSdk['network']['circuits']>>
export type RolesOf = Awaited<ReturnType<AppSdk['network']['roles']>>
export type Invitation = Awaited<ReturnType<AppSdk['network']['invite']>>

export const { Surroundings, useSurroundings } = createSurroundings<Around<AppSdk, MessageKey>>()
