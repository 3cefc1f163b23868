import { hasCode } from '@anarq/fault'
import type { KernelPorts } from '../ports.ts'

/** What makes room in the end is tried once more on a full disk, with the room that is held for it. */
export async function withReserve<T>(
  { makeRoom }: Pick<KernelPorts, 'makeRoom'>,
  act: () => Promise<T>,
): Promise<T> {
  try {
    return await act()
  } catch (error) {
    if (!isFull(error) || (await makeRoom?.()) !== true) throw error
    return act()
  }
}

/** The disk is full, or it is behind what could not be written. */
export function isFull(error: unknown): boolean {
  return hasCode(error, 'unavailable.full') || (hasCode(error, 'unavailable') && isFull(error.cause))
}
