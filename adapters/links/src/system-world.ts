import { systemClock } from '@anarq/clock'
import type { World } from '@anarq/qnet'
import { systemRandom } from '@anarq/random'

/** Real time and real chance. Its timers do not keep Node's process alive. */
export function createSystemWorld(): World {
  return {
    clock: systemClock,
    random: systemRandom,
    after(delayMs, task) {
      const timer: unknown = setTimeout(task, delayMs)
      if (typeof timer === 'object' && timer !== null && 'unref' in timer)
        (timer as { unref(): void }).unref()
      return () => clearTimeout(timer as number)
    },
  }
}
