import type { AppEvents } from '@anarq/design'
import type { Topic } from '../client/port.ts'

/** What changes on the node, handed on to whoever draws it. One connection serves all windows. */
export function createEvents(): AppEvents & { emit(topic: Topic): void } {
  const listeners = new Map<Topic, Set<() => void>>()
  return {
    emit(topic) {
      for (const listener of listeners.get(topic) ?? []) listener()
    },
    on(topic, listener) {
      const known = listeners.get(topic) ?? new Set()
      listeners.set(topic, known.add(listener))
      return () => known.delete(listener)
    },
  }
}
