import { digestOf } from '@anarq/ipld'
import { versionField } from '@anarq/qindex'
import { asObjectId, sealEnvelope } from '@anarq/qnt'
import type { EntryFacts } from '../operations.ts'
import { applyChange, type ChangeContext } from './apply-change.ts'
import { lockFieldsOf } from './put-facts.ts'
import type { Found } from './resolve.ts'
import { openVersion, pickVersion, versionsOf } from './versions.ts'

/** The old content under a new envelope: nothing is overwritten, and the same blocks serve both. */
export async function restoreVersion(
  context: ChangeContext,
  found: Found,
  wanted: number,
): Promise<EntryFacts> {
  const { space, ports } = context
  const versions = await versionsOf(space, found.id)
  const old = pickVersion(versions, wanted, found.name)
  const latest = pickVersion(versions, undefined, found.name)
  const { inner } = await openVersion(space, ports, old.cid, found.name)
  const sequence = latest.sequence + 1
  const { secrets, record } = space.identity
  const envelope = sealEnvelope({
    id: asObjectId(found.id),
    objectClass: 'private',
    owner: space.did,
    sequence,
    previous: latest.cid,
    body: inner.body,
    metadata: inner.metadata,
    own: { kek: secrets.kek, epoch: record.epoch },
    random: ports.random,
  })
  await ports.blocks.put([envelope], 'meta')
  const { bytes, modifiedMs, type } = old
  const { sequence: _, ...value } = { ...old, cid: envelope.cid, savedMs: ports.clock.nowMs() }
  return applyChange(context, found, {
    action: 'object.restore',
    set: {
      [versionField(sequence, envelope.cid)]: value,
      bytes,
      modifiedMs,
      type,
      ...lockFieldsOf(inner.metadata.lock !== undefined),
    },
    batch: [digestOf(envelope.cid)],
    details: { version: wanted },
  })
}
