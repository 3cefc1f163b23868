import { asFault, Fault, hasCode } from '@anarq/fault'
import type { Change } from '../record/record.ts'
import type { CommitInfo } from './commit.ts'

/** What one caller wants in a commit: records to change, envelope digests to sign. */
export type CommitRequest = { readonly changes: readonly Change[]; readonly batch: readonly Uint8Array[] }

/** One writer: callers that arrive while a job runs share the next commit; other jobs run alone, in their turn. */
export type CommitQueue = {
  /** Once its commit has begun, a caller can no longer leave by its signal. */
  add(request: CommitRequest, signal?: AbortSignal): Promise<CommitInfo>
  run<T>(work: () => Promise<T>): Promise<T>
  /** Resolves when all that was asked for is done; later calls are `refused.closed`. */
  close(): Promise<void>
}

type Caller = {
  readonly request: CommitRequest
  /** False when the caller has left. */
  begin(): boolean
  resolve(info: CommitInfo): void
  reject(fault: Fault): void
}
type Group = { readonly callers: Caller[]; changes: number }
type Job = { readonly group?: Group; run(): Promise<void> }

const groupChangesMax = 50_000

export function createCommitQueue(
  commitGroup: (requests: readonly CommitRequest[]) => Promise<CommitInfo>,
): CommitQueue {
  const jobs: Job[] = []
  let pumping: Promise<void> | undefined
  let isClosed = false
  const pump = async () => {
    // Callers of the same turn of the event loop share the first commit too.
    await Promise.resolve()
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) await job.run()
    pumping = undefined
  }
  const checkOpen = () => {
    if (isClosed) throw new Fault('refused.closed', 'This index is closed. Open it again.')
  }
  const push = (job: Job) => {
    jobs.push(job)
    pumping ??= pump()
  }
  return {
    async add(request, signal) {
      // Before there is a promise: one that a signal rejects and nobody was given ends the process.
      checkOpen()
      const { caller, done } = createCaller(request, signal)
      const last = jobs[jobs.length - 1]?.group
      if (last !== undefined && last.changes + request.changes.length <= groupChangesMax) {
        last.callers.push(caller)
        last.changes += request.changes.length
      } else {
        const group = { callers: [caller], changes: request.changes.length }
        push({ group, run: () => settle(group.callers, commitGroup) })
      }
      return done
    },
    async run<T>(work: () => Promise<T>): Promise<T> {
      checkOpen()
      const { promise, resolve, reject } = Promise.withResolvers<T>()
      push({ run: () => work().then(resolve, reject) })
      return promise
    },
    async close() {
      isClosed = true
      await pumping
    },
  }
}

function createCaller(
  request: CommitRequest,
  signal: AbortSignal | undefined,
): { caller: Caller; done: Promise<CommitInfo> } {
  const { promise, resolve, reject } = Promise.withResolvers<CommitInfo>()
  let isGone = false
  const leave = () => {
    isGone = true
    reject(new Fault('cancelled.aborted', 'Stopped because you asked for it; nothing was committed.'))
  }
  if (signal?.aborted) leave()
  else signal?.addEventListener('abort', leave, { once: true })
  const begin = () => {
    signal?.removeEventListener('abort', leave)
    return !isGone
  }
  return { caller: { request, begin, resolve, reject }, done: promise }
}

async function settle(
  callers: readonly Caller[],
  commitGroup: (requests: readonly CommitRequest[]) => Promise<CommitInfo>,
): Promise<void> {
  const present = callers.filter((caller) => caller.begin())
  if (present.length === 0) return
  try {
    const info = await commitGroup(present.map(({ request }) => request))
    for (const { resolve } of present) resolve(info)
  } catch (error) {
    const fault = asFault(error)
    if (present.length === 1 || !isOfOneCaller(fault)) for (const { reject } of present) reject(fault)
    // One caller's request was at fault: the others must not pay for it.
    else for (const caller of present) await settleAlone(caller, commitGroup)
  }
}

async function settleAlone(
  { request, resolve, reject }: Caller,
  commitGroup: (requests: readonly CommitRequest[]) => Promise<CommitInfo>,
): Promise<void> {
  await commitGroup([request]).then(resolve, (error) => reject(asFault(error)))
}

function isOfOneCaller(fault: Fault): boolean {
  return (['invalid', 'conflict', 'limit', 'damaged', 'missing'] as const).some((kind) =>
    hasCode(fault, kind),
  )
}
