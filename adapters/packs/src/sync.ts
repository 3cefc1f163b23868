import type { Fault } from '@anarq/fault'
import type { Catalogue } from './catalogue/catalogue.ts'
import type { Settled } from './catalogue/changes.ts'
import { asDiskFault } from './pack/disk-fault.ts'
import { seriesNames } from './pack/location.ts'
import type { AllSeries } from './series.ts'

/** Makes what was written durable, and only then known to the database. Callers at the same time share a round. */
export type Sync = {
  /** What was appended before the call is durable after it; throws when some of it could not be written. */
  flush(): Promise<void>
  /** As `flush`, for what could be written. */
  files(): Promise<void>
  /** Bytes went out to a file: after enough of them they are pushed to the disk, so that a later flush is short. */
  noteWritten(bytes: number): void
  /** Something could not be made durable; what it was cannot be known, so nothing more is written. */
  failure(): Fault | undefined
}

export type SyncOptions = {
  series: () => AllSeries
  catalogue: Catalogue
  writebackBytes: number
  commit: (settled: Settled) => void
}

const pendingRowsMax = 8192

export function createSync({ series, catalogue, writebackBytes, commit }: SyncOptions): Sync {
  let running: Promise<void> | undefined
  let next: Promise<void> | undefined
  let failure: Fault | undefined
  let unsyncedBytes = 0

  /** A round that began before the call may have missed what was written last: the caller joins the one after it. */
  function join(): Promise<void> {
    if (running === undefined) return start()
    next ??= running.catch(() => {}).then(start)
    return next
  }

  function start(): Promise<void> {
    next = undefined
    running = round().finally(() => {
      running = undefined
    })
    return running
  }

  async function round(): Promise<void> {
    if (failure !== undefined) throw failure
    const { data, a, b } = series()
    const settled = { data: data.writer.writtenTo(), a: a.writer.writtenTo(), b: b.writer.writtenTo() }
    const touched = [data, a, b].flatMap(({ files, writer }) => {
      return writer.takeTouched().map((pack) => ({ files, ...pack }))
    })
    unsyncedBytes = 0
    try {
      await Promise.all(touched.map(({ files, pack }) => files.sync(pack)))
    } catch (error) {
      failure = asDiskFault(error, 'making blocks durable')
      throw failure
    }
    for (const { files, pack, bytes } of touched) {
      catalogue.setPack({ series: files.series, pack, indexed: bytes, isLeaving: false })
    }
    commit(settled)
  }

  return {
    async flush() {
      await Promise.all(seriesNames.map((name) => series()[name].writer.written()))
      await join()
    },
    async files() {
      await Promise.allSettled(seriesNames.map((name) => series()[name].writer.written()))
      await join()
    },
    noteWritten(bytes) {
      unsyncedBytes += bytes
      const isTime = unsyncedBytes >= writebackBytes || catalogue.pendingRows() >= pendingRowsMax
      if (isTime && running === undefined) join().catch(() => {})
    },
    failure: () => failure,
  }
}
