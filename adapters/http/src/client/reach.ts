import { Fault, hasCode } from '@anarq/fault'
import type { NodeStatus, Operations } from '@anarq/kernel'
import { fromWire, toWire } from '@anarq/sdk/wire'
import { accountOf, auditOf, healthOf, identitiesOf, keepingOf } from './desk.ts'
import { driveOf } from './drive.ts'
import { sharingOf } from './sharing.ts'
import { toolsOf } from './tools.ts'
import { createWire } from './wire.ts'

export type Reached = {
  readonly operations: Operations
  /** Of the SDK, as the person. */
  call(method: string, params: object): Promise<unknown>
  close(): Promise<void>
}

export type ReachOptions = {
  /** Ends what is asked of the node: the reaching at once, and an answer that has not come when a moment more is over. */
  readonly signal?: AbortSignal | undefined
  /** For the first sign of life. */
  readonly patienceMs?: number
  /** The process that the node is, where that is known. */
  holder(): string | undefined
}

/** A node that seals and opens for others is busy, and still answers a question this small. */
const patienceDefaultMs = 15_000

/** The node that listens on this socket, or `undefined` where none does. */
export async function reachSocket(
  path: string,
  { signal, patienceMs = patienceDefaultMs, holder }: ReachOptions,
): Promise<Reached | undefined> {
  const wire = createWire(path, { signal })
  const patience = AbortSignal.timeout(patienceMs)
  try {
    await wire.json<NodeStatus>('GET', '/api/v1/status', {
      signal: signal === undefined ? patience : AbortSignal.any([patience, signal]),
    })
  } catch (error) {
    wire.close()
    if (isNobodyThere(error)) return undefined
    throw error === patience.reason ? silent(holder()) : error
  }
  const call = async (method: string, params: object): Promise<unknown> => {
    const body = toWire(params) as object
    return fromWire((await wire.json<{ result?: unknown }>('POST', `/api/v1/sdk/${method}`, { body })).result)
  }
  const operations: Operations = {
    account: accountOf(wire),
    identities: identitiesOf(wire),
    drive: driveOf(wire),
    sharing: sharingOf(wire, call),
    audit: auditOf(wire),
    tools: toolsOf(wire),
    health: healthOf(wire),
    keeping: keepingOf(call),
  }
  return {
    operations,
    call,
    close: async () => wire.close(),
  }
}

function silent(pid: string | undefined): Fault {
  const [who, how] = pid === undefined ? ['', ''] : [` (process ${pid})`, ` (kill -CONT ${pid})`]
  return new Fault(
    'unavailable.node',
    `The node that runs here${who} does not answer. Where it was suspended, let it go on${how}; else end it, and start it anew.`,
  )
}

/** No socket, one that a dead process left, or a path that no node could listen on. */
function isNobodyThere(error: unknown): boolean {
  const code = hasCode(error, 'unavailable.node')
    ? (error.cause as NodeJS.ErrnoException | undefined)?.code
    : undefined
  return (
    code !== undefined &&
    ['ENOENT', 'ECONNREFUSED', 'ENOTSOCK', 'ENOTDIR', 'ENAMETOOLONG', 'EINVAL'].includes(code)
  )
}
