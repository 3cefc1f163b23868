import type { PutItem } from '@anarq/flows'
import type { Operations, PutReport } from '@anarq/kernel'
import { createWorld, itemsOf, type World } from './world.ts'

export const mebibyte: number = 1024 * 1024

/** One home for the tests that need none of their own: each works in a folder of its own. */
export type DriveWorld = {
  readonly world: World
  readonly operations: Operations
  readonly drive: Operations['drive']
  put(...items: readonly PutItem[]): Promise<PutReport>
  /** Folders end in a slash. */
  namesIn(folder: string): Promise<string[]>
}

export async function createDriveWorld(): Promise<DriveWorld> {
  const world = await createWorld()
  const { operations } = world
  const { drive } = operations
  return {
    world,
    operations,
    drive,
    put: (...items) => drive.put(itemsOf(...items)),
    async namesIn(folder) {
      return (await drive.list(folder)).map(({ name, kind }) => (kind === 'folder' ? `${name}/` : name))
    },
  }
}
