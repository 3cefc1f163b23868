import { Fault } from '@anarq/fault'

/** A private key that can be let go. */
export type Held<T> = {
  /** The key, or `refused.disposed`. */
  get(): T
  dispose(): void
}

/** `forget` overwrites what can be overwritten. */
export function hold<T extends object>(key: T, forget: (key: T) => void = () => {}): Held<T> {
  let held: T | undefined = key
  return {
    get() {
      if (held === undefined)
        throw new Fault('refused.disposed', 'The key was put away. Unlock the identity to use it again.')
      return held
    },
    dispose() {
      if (held !== undefined) forget(held)
      held = undefined
    },
  }
}
