import type { World } from '@anarq/qnet'

/** A world whose time stops: what its rooms wait for never comes, so that none of them uses a key that was put away. */
export type EndingWorld = World & { end(): void }

export function createEndingWorld(world: World): EndingWorld {
  const waiting = new Set<() => void>()
  let isOver = false
  return {
    ...world,
    after(delayMs, task) {
      if (isOver) return () => {}
      const cancel = world.after(delayMs, () => {
        waiting.delete(cancel)
        task()
      })
      waiting.add(cancel)
      return () => {
        waiting.delete(cancel)
        cancel()
      }
    },
    end() {
      isOver = true
      for (const cancel of waiting) cancel()
      waiting.clear()
    },
  }
}
