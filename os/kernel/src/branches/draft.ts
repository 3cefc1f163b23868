import { toHex } from '@anarq/bytes'
import { branchIdOf, createMeetingKey, encodeCertificate, encodeCharter, nameOf } from '@anarq/qnet/branch'
import type { NewBranch } from './operations.ts'

/** What the founder of a branch is to sign. */
export type BranchDraft = {
  readonly id: string
  readonly meetingSecret: Uint8Array
  readonly charter: Uint8Array
  /** For the founder's own node, where the founder is an admin. */
  readonly certificate: Uint8Array | undefined
  /** Whose cards belong to the documents. */
  readonly signers: readonly string[]
}

/** A certificate begins so long before it is made: clocks of others may be behind. */
export const clockSkewMs: number = 2 * 3_600_000
/** Of the founder's own node; others get what the admins say. */
const membershipMs = 365 * 24 * 3_600_000

/** Content stays with the members where nothing else is said. `invalid.charter` for rules that cannot be kept. */
export function draftBranch(
  wish: NewBranch,
  facts: { founder: string; nodeKey: Uint8Array; meetingSecret: Uint8Array; nowMs: number },
): BranchDraft {
  const { founder, nodeKey, meetingSecret, nowMs } = facts
  const admins = [...new Set(wish.admins ?? [founder])]
  const key = createMeetingKey(meetingSecret)
  const charter = encodeCharter({
    number: 0,
    founder,
    meetingKey: key.publicKey,
    madeMs: nowMs,
    name: wish.name,
    admins,
    threshold: wish.threshold ?? 1,
    stays: wish.stays ?? true,
    sharesOutside: wish.sharesOutside ?? false,
    networks: wish.networks ?? [],
  })
  const id = toHex(branchIdOf(key.publicKey, nameOf({ body: charter })))
  key.dispose()
  const times = { fromMs: nowMs - clockSkewMs, untilMs: nowMs + membershipMs }
  const certificate = encodeCertificate({ branch: id, nodeKey, holder: founder, ...times })
  return {
    id,
    meetingSecret,
    charter,
    certificate: admins.includes(founder) ? certificate : undefined,
    signers: [...new Set([founder, ...admins])],
  }
}
