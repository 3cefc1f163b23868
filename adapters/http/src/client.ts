/** The other end of a node's socket: its operations, for a process of the same user. It loads fast: no server, no cryptography. */
import { hasCode } from '@anarq/fault'
import type { NodeStatus, Operations } from '@anarq/kernel'
import { accountOf, auditOf, healthOf, identitiesOf } from './client/desk.ts'
import { driveOf } from './client/drive.ts'
import { sharingOf } from './client/sharing.ts'
import { toolsOf } from './client/tools.ts'
import { createWire } from './client/wire.ts'
import { socketOf } from './socket.ts'

export type Reached = { readonly operations: Operations; close(): Promise<void> }

/** The node that runs in this home folder, or `undefined` where none does. */
export async function reachNode(home: string): Promise<Reached | undefined> {
  const wire = createWire(socketOf(home))
  try {
    await wire.json<NodeStatus>('GET', '/api/v1/status')
  } catch (error) {
    wire.close()
    if (isNobodyThere(error)) return undefined
    throw error
  }
  const operations: Operations = {
    account: accountOf(wire),
    identities: identitiesOf(wire),
    drive: driveOf(wire),
    sharing: sharingOf(wire),
    audit: auditOf(wire),
    health: healthOf(wire),
    tools: toolsOf(wire),
  }
  return { operations, close: async () => wire.close() }
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
