import type { AppSdk } from '@anarq/sdk/app'

/** As the system gives it. */
export type Entry = Awaited<ReturnType<AppSdk['storage']['entry']>>
export type Version = Awaited<ReturnType<AppSdk['storage']['versions']>>[number]
export type Grant = Awaited<ReturnType<AppSdk['consent']['grants']>>[number]
export type Person = Awaited<ReturnType<AppSdk['identity']['list']>>[number]
