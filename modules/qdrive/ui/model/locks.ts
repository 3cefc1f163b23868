import { wordsOf } from '../logic/faults.ts'

export type LockAsked = {
  readonly name: string
  /** In a folder something has a second lock. */
  readonly kind: 'file' | 'folder'
  /** What was given before did not open it. */
  readonly isWrong: boolean
}

/** Asks the person for the passphrase of a second lock; `undefined` where they changed their mind. */
export type AskLock = (asked: LockAsked) => Promise<string | undefined>

/** A passphrase that was given, and which time that was. */
export type LockKey = { readonly passphrase: string; readonly turn: number }

export type Lockable = {
  readonly name: string
  readonly kind?: 'file' | 'folder'
  /** Known without a try. */
  readonly isLocked?: boolean | undefined
}

export function isLockFault(error: unknown): boolean {
  return wordsOf(error).code === 'refused.lock'
}

/**
 * Does something to one thing after another, each with the passphrase that was given last: asked for where a second lock is found, and
 * as often as it is wrong. `false` where the person changed their mind.
 */
export function createUnlocking(
  ask: AskLock,
): <Value>(thing: Lockable, act: (lock: string | undefined) => Promise<Value>) => Promise<Value | false> {
  let lock: string | undefined
  return async ({ name, kind = 'file', isLocked = false }, act) => {
    let isAsked = isLocked && lock === undefined
    let isWrong = false
    for (;;) {
      if (isAsked) {
        const given = await ask({ name, kind, isWrong })
        if (given === undefined) return false
        lock = given
      }
      try {
        return await act(lock)
      } catch (error) {
        if (!isLockFault(error)) throw error
        isAsked = true
        isWrong = lock !== undefined
      }
    }
  }
}
