import { createTurns } from '@anarq/bytes'
import type { Clock } from '@anarq/clock'
import { unwrap } from '@anarq/fault'
import type { Cid } from '@anarq/ipld'
import type { SealOptions } from './delegation.ts'
import { type StatusPort, type StatusSnapshot, sealStatus } from './status.ts'

export type OwnStatus = {
  /** Takes these back (none: only says again what holds), signed with the time of now. */
  publish(revoked: readonly Cid[]): Promise<StatusSnapshot>
}

/** An identity's own list of revocations. One snapshot at a time, because each follows the one before. */
export function createOwnStatus(
  status: StatusPort,
  { sealing, clock, maxStaleMs }: { sealing: SealOptions; clock: Clock; maxStaleMs: number },
): OwnStatus {
  const inTurn = createTurns()

  async function follow(revoked: readonly Cid[]): Promise<StatusSnapshot> {
    const previous = await status.snapshotOf(sealing.did)
    const sequence = (previous?.sequence ?? 0) + 1
    const fields = { sequence, atMs: clock.nowMs(), maxStaleMs, revoked }
    const snapshot = sealStatus(previous === undefined ? fields : { ...fields, previous }, sealing)
    unwrap(await status.accept(snapshot))
    return snapshot
  }

  return { publish: (revoked) => inTurn(() => follow(revoked)) }
}
