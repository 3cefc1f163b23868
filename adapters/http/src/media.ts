import { toHex } from '@anarq/bytes'
import type { Clock } from '@anarq/clock'
import { Fault } from '@anarq/fault'
import type { AccountOperations } from '@anarq/kernel'
import type { Random } from '@anarq/random'
import type { InstalledApps } from './callers.ts'
import type { PageSessions } from './page-sessions.ts'

/** What is given out at one address: a film or a sound of the drive, to whom it was opened for. */
export type OpenedMedia = {
  readonly path: string
  readonly version?: number | undefined
  /** Absent: the person. */
  readonly app?: string | undefined
  /** Of the session that asked. */
  readonly keyid: string
}

/**
 * Addresses for `<video>` and `<audio>`, which cannot sign their requests: 128 random bits each, for one file and one session.
 * An address ends with what it stands on: the session, the open identity, the permission of the app, or its own idleness.
 */
export type Media = {
  open(media: OpenedMedia): Promise<string>
  /** What lies at an address now; `missing.media` where it ended or never was. */
  at(key: string): Promise<OpenedMedia>
  end(key: string): void
  endAll(): void
}

export type MediaOptions = {
  account: Pick<AccountOperations, 'status'>
  sessions: Pick<PageSessions, 'isEnded'>
  apps: Pick<InstalledApps, 'permissionsOf'>
  clock: Clock
  random: Random
}

const keyBytes = 16
const addressesMax = 256
/** A player that rests so long asks anew. */
const idleMs = 30 * 60_000
const longestMs = 12 * 3_600_000

type Held = OpenedMedia & { readonly did: string; readonly sinceMs: number; usedMs: number }

export function createMedia({ account, sessions, apps, clock, random }: MediaOptions): Media {
  const held = new Map<string, Held>()
  const currentDid = async (): Promise<string | undefined> => {
    const { state, current } = await account.status()
    return state === 'open' ? current?.did : undefined
  }
  const stands = async ({ did, keyid, app, sinceMs, usedMs }: Held): Promise<boolean> => {
    const nowMs = clock.nowMs()
    if (nowMs - usedMs > idleMs || nowMs - sinceMs > longestMs || sessions.isEnded(keyid)) return false
    if ((await currentDid()) !== did) return false
    return app === undefined || (await apps.permissionsOf(app))?.has('drive.read') === true
  }
  return {
    async open(media) {
      const did = await currentDid()
      if (did === undefined)
        throw new Fault('refused.locked', 'This node is locked. Unlock it on its own machine: anarq ls')
      const nowMs = clock.nowMs()
      for (const [key, { usedMs }] of held) if (nowMs - usedMs > idleMs) held.delete(key)
      // The one that was opened first: whoever still plays it asks anew.
      const [first] = held.keys()
      if (held.size >= addressesMax && first !== undefined) held.delete(first)
      const key = toHex(random.bytes(keyBytes))
      held.set(key, { ...media, did, sinceMs: nowMs, usedMs: nowMs })
      return key
    },
    async at(key) {
      const one = held.get(key)
      if (one !== undefined && (await stands(one))) {
        one.usedMs = clock.nowMs()
        return one
      }
      held.delete(key)
      throw new Fault('missing.media', 'This address has ended. Open the file again.')
    },
    end: (key) => void held.delete(key),
    endAll: () => held.clear(),
  }
}
