import { equalBytes } from '@anarq/bytes'
import { Fault, unwrap } from '@anarq/fault'
import { createSigner, type Signer, wipe } from '@anarq/qlock'
import { appendLog, type LogFacts, type LogKeys, type Member } from '../did/key-log.ts'
import type { KeyEpoch } from '../did/log-line.ts'
import { type ResolvedLog, resolveLog } from '../did/resolve-log.ts'
import { type KeyringCore, kemKeyOf, requireOwn, signerOf, withSigner } from './core.ts'
import type { IdentityRecord } from './record.ts'

export function changeMembers(core: KeyringCore, did: string, members: readonly Member[]): IdentityRecord {
  const record = requireOwn(core, did)
  if (record.kind !== 'organisation') throw new Fault('refused.members', 'Only an organisation has members.')
  const named = members.map((member) => ({ did: member.did, role: member.role }))
  return core.put(writeLog(core, record, () => ({ members: named })))
}

/** Brings the record up to a log found elsewhere, which must continue the one held here. */
export function adoptLog(core: KeyringCore, did: string, log: readonly string[]): IdentityRecord {
  core.check()
  const { record } = core.find(did)
  if (record.log === undefined) {
    throw new Fault('refused.log', 'Only a root or an organisation has a log.')
  }
  const { versionId } = core.logs.resolve(record.log)
  const resolved = unwrap(resolveLog(log, { nowMs: core.clock.nowMs(), did, known: versionId }))
  const { epoch, verifyKey } = resolved.epochs.at(-1) as KeyEpoch
  const isOurs = withSigner(core, record, epoch, (signer) => equalBytes(signer.publicKey, verifyKey))
  if (!isOurs) throw new Fault('refused.log', 'This identity log names keys that these words do not give.')
  const { isLogUnsure: _, ...sure } = record
  return core.put({ ...sure, log, epoch, status: resolved.hasEnded ? 'revoked' : record.status })
}

/** The record with one more line in its log: what `change` gives over the facts that hold now. */
export function writeLog(
  core: KeyringCore,
  record: IdentityRecord,
  change: (now: ResolvedLog) => Partial<LogFacts>,
  { isNewEpoch = false, isLast = false }: { isNewEpoch?: boolean; isLast?: boolean } = {},
): IdentityRecord {
  if (record.isLogUnsure === true) {
    throw new Fault(
      'refused.log',
      'The words alone do not tell what was written to the log of this identity. Fetch the log and adopt it first.',
    )
  }
  const log = record.log ?? []
  const now = core.logs.resolve(log)
  const { kind, members, revokedDevices } = now
  const { epoch } = now.epochs.at(-1) as KeyEpoch
  const facts = { kind, epoch, members, revokedDevices, ...change(now) }
  const nowMs = core.clock.nowMs()
  const line = withLogKeys(core, record, log.length, (keys) =>
    appendLog(log, keys, { facts, isNewEpoch, isLast, nowMs }),
  )
  return { ...record, log: core.logs.extend(log, line) }
}

/** Entry n (from 0) is signed by update key n and promises update key n + 1; both come from the words. */
export function withLogKeys<T>(
  core: KeyringCore,
  record: IdentityRecord,
  entry: number,
  use: (keys: LogKeys) => T,
): T {
  const sign = signerOf(core, record, record.epoch)
  const update = updateSigner(core, record, entry)
  const next = updateSigner(core, record, entry + 1)
  try {
    const kemKey = kemKeyOf(core, record, record.epoch)
    return use({ sign, kemKey, update, nextUpdateKey: next.publicKey })
  } finally {
    for (const signer of [sign, update, next]) signer.dispose()
  }
}

function updateSigner(core: KeyringCore, { index }: IdentityRecord, entry: number): Signer {
  const leaf = core.leafAt('recovery', index, entry)
  try {
    return createSigner(leaf)
  } finally {
    wipe(leaf)
  }
}
