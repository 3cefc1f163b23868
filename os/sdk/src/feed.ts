import type { Clock } from '@anarq/clock'
import type { Operations } from '@anarq/kernel'

/** What may look different now. A feed says that something changed, never what: whoever cares asks again, as itself. */
export type Topic =
  | 'drive'
  | 'identity'
  | 'consent'
  | 'guardian'
  | 'lock'
  | 'apps'
  | 'browsers'
  | 'system'
  | 'tools'
  | 'flows'
  | 'network'
export type Happening = { readonly topic: Topic; readonly atMs: number }

export type Feed = {
  emit(topic: Topic): void
  /** Gives what stops it. */
  on(listener: (happening: Happening) => void): () => void
}

export function createFeed(clock: Clock): Feed {
  const listeners = new Set<(happening: Happening) => void>()
  return {
    emit(topic) {
      const happening = { topic, atMs: clock.nowMs() }
      for (const listener of listeners) listener(happening)
    },
    on(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

type Changes = {
  readonly [Group in keyof Operations]?: Readonly<Partial<Record<keyof Operations[Group], Topic>>>
}

const changes: Changes = {
  account: {
    init: 'lock',
    recover: 'lock',
    enrol: 'lock',
    join: 'lock',
    unlock: 'lock',
    unlockByPasskey: 'lock',
    unlockByWords: 'lock',
    lock: 'lock',
    addPasskey: 'identity',
    removePasskey: 'identity',
    confirmWords: 'identity',
  },
  identities: {
    create: 'identity',
    createChild: 'identity',
    use: 'identity',
    rotate: 'identity',
    revoke: 'identity',
    learn: 'identity',
    drill: 'guardian',
    renew: 'identity',
    recover: 'identity',
    release: 'identity',
    lendShare: 'guardian',
    releaseShare: 'guardian',
  },
  drive: {
    put: 'drive',
    makeFolder: 'drive',
    move: 'drive',
    copy: 'drive',
    tag: 'drive',
    remove: 'drive',
    restore: 'drive',
  },
  audit: { prove: 'guardian' },
  health: { setQuota: 'system', compact: 'system', checkBackup: 'guardian', restoreBackup: 'lock' },
  keeping: { bringBack: 'identity' },
  tools: { create: 'tools', revoke: 'tools' },
  sharing: { share: 'consent', open: 'consent', revoke: 'consent', revokeHard: 'consent', write: 'drive' },
}

/** The same operations, whichever door they are called by; the feed hears when one that changes something is done. */
export function observed(operations: Operations, feed: Feed): Operations {
  const groups = Object.entries(operations).map(([group, all]) => {
    const topics = (changes[group as keyof Operations] ?? {}) as Readonly<Record<string, Topic>>
    return [
      group,
      Object.fromEntries(Object.entries(all).map(([name, one]) => [name, telling(one, topics[name])])),
    ]
  })
  return Object.fromEntries(groups) as Operations

  function telling(operation: unknown, topic: Topic | undefined): unknown {
    if (topic === undefined) return operation
    return async (...args: unknown[]) => {
      const result: unknown = await (operation as (...given: unknown[]) => Promise<unknown>)(...args)
      feed.emit(topic)
      return result
    }
  }
}
