import { Fault } from '@anarq/fault'
import { isSqliteError } from './catalogue/catalogue-db.ts'
import { asDiskFault } from './pack/disk-fault.ts'

/** Keeps everybody off the catalogue while it is made again from the packs. */
export type Rebuilder = {
  /** Runs what reads or changes the catalogue in one go; after an SQLite error, once more on a rebuilt one. */
  guard<T>(act: () => T): Promise<T>
  run(): Promise<void>
  /** False when it ran before: then the catalogue is not what is wrong. */
  runOnce(): Promise<boolean>
  isRunning(): boolean
  /** Throws when the catalogue is closed or could not be rebuilt. */
  check(): void
  /** From now on everything throws this. */
  stop(fault: Fault): Promise<void>
}

export type RebuilderOptions = {
  /** Everything appended is durable, and nothing is on its way. */
  settleFiles: () => Promise<void>
  refill: () => Promise<void>
  onFault: (fault: Fault) => void
}

const runsMax = 3

export function createRebuilder({ settleFiles, refill, onFault }: RebuilderOptions): Rebuilder {
  let running: Promise<void> | undefined
  let runs = 0
  let stopped: Fault | undefined

  function check(): void {
    if (stopped !== undefined) throw stopped
  }

  async function rebuild(): Promise<void> {
    runs += 1
    if (runs > runsMax) throw new Error('it was damaged again and again')
    onFault(
      new Fault('damaged.index', 'The index of the blocks is damaged. It is being rebuilt from the packs.'),
    )
    await settleFiles()
    await refill()
  }

  function run(): Promise<void> {
    running ??= rebuild()
      .catch((error: unknown) => {
        stopped ??= asDiskFault(error, 'rebuilding the index of the blocks')
        throw stopped
      })
      .finally(() => {
        running = undefined
      })
    return running
  }

  return {
    async guard(act) {
      while (running !== undefined) await running
      check()
      try {
        return act()
      } catch (error) {
        if (!isSqliteError(error)) throw error
      }
      await run()
      return act()
    },
    run,
    async runOnce() {
      if (runs > 0) return false
      await run()
      return true
    },
    isRunning: () => running !== undefined,
    check,
    async stop(fault) {
      await running?.catch(() => {})
      stopped = fault
    },
  }
}
