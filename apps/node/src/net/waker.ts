import type { Ground } from './ground.ts'

export type Waker = {
  wake(): void
  /** Waits until it is woken, or so long. True where it was woken. */
  rest(ms: number): Promise<boolean>
  pause(ms: number): Promise<void>
  /** Nothing waits any more. */
  end(): void
}

export function createWaker({ world }: Pick<Ground, 'world'>): Waker {
  let isWoken = false
  let isOver = false
  let waiting: { isPause: boolean; end(): void } | undefined

  const wait = (ms: number, isPause: boolean): Promise<void> =>
    new Promise((resolve) => {
      const end = (): void => {
        waiting = undefined
        stop()
        resolve()
      }
      const stop = world.after(isOver ? 0 : ms, end)
      waiting = { isPause, end }
    })
  return {
    wake() {
      isWoken = true
      if (waiting?.isPause === false) waiting.end()
    },
    async rest(ms) {
      if (!isWoken) await wait(ms, false)
      const was = isWoken
      isWoken = false
      return was
    },
    pause: (ms) => wait(ms, true),
    end() {
      isOver = true
      isWoken = true
      waiting?.end()
    },
  }
}
