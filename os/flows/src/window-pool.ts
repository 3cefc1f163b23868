import type { Window } from './sealer.ts'

export type WindowMemory = Pick<Window, 'bytes' | 'sealed'>
export type WindowPool = { take(signal?: AbortSignal): Promise<Window> }

/** At most `max` windows, made when first needed and used again. Who asks for one more waits for a release. */
export function createWindowPool(max: number, make: (id: number) => WindowMemory): WindowPool {
  const free: (WindowMemory & { readonly id: number })[] = []
  const waiting: (() => void)[] = []
  let made = 0
  const takeFree = () => {
    const memory = free.pop()
    if (memory !== undefined || made === max) return memory
    made += 1
    return { id: made, ...make(made) }
  }
  return {
    async take(signal) {
      while (true) {
        signal?.throwIfAborted()
        const memory = takeFree()
        if (memory !== undefined) {
          return {
            ...memory,
            release() {
              free.push(memory)
              waiting.shift()?.()
            },
          }
        }
        await new Promise<void>((resolve) => waiting.push(resolve))
      }
    },
  }
}
