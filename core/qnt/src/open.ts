import { equalBytes } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { openBox } from '@anarq/qlock'
import { commitmentsOf, commitOwner } from './commitments.ts'
import { boxContextOf, type Envelope, type Inner } from './envelope.ts'
import { parseInner } from './inner.ts'
import { metadataFields } from './metadata.ts'
import { reading } from './parse.ts'
import { contentKeyBytes } from './slots.ts'

const advice = 'Do not trust this copy; take the object from another.'

/**
 * Opens the sealed part and holds it against the clear one. Throws `refused.key` when the key is another's or the head
 * was changed, `damaged.envelope` when whoever sealed it contradicted themselves. With `isOwn` the commitments are not
 * computed again: for an envelope that the reader's own signed index names, whom nobody else can have sealed.
 */
export function openEnvelope(
  envelope: Envelope,
  contentKey: Uint8Array,
  { isOwn = false }: { readonly isOwn?: boolean } = {},
): Inner {
  const padded =
    contentKey.length === contentKeyBytes
      ? openBox(contentKey, envelope.sealed, { context: boxContextOf(envelope) })
      : undefined
  if (padded === undefined) {
    throw new Fault('refused.key', 'This object does not open with this key. Ask its owner for access.')
  }
  const inner = reading('damaged.envelope', advice, () => parseInner(padded))
  const part = contradictionOf(envelope, inner) ?? (isOwn ? undefined : wrongCommitments(envelope, inner))
  if (part === undefined) return inner
  throw new Fault('damaged.envelope', `An object shows another ${part} than it holds. ${advice}`)
}

/** What the clear part says and the sealed part does not. */
function contradictionOf({ body, owner }: Envelope, inner: Inner): string | undefined {
  if (!equalBytes(body.root.bytes, inner.body.cid.bytes)) return 'content'
  if (body.storedBytes !== inner.body.storedBytes) return 'size'
  if (body.locked !== (inner.metadata.lock !== undefined)) return 'lock'
  const isOwner =
    typeof owner === 'string'
      ? owner === inner.owner
      : equalBytes(owner, commitOwner(inner.ownerSalt, inner.owner))
  return isOwner ? undefined : 'owner'
}

function wrongCommitments({ commitments }: Envelope, inner: Inner): string | undefined {
  const expected = commitmentsOf(inner.commitmentSeed, metadataFields(inner.metadata))
  const isCommitted =
    expected.length === commitments.length &&
    expected.every((commitment, at) => equalBytes(commitment, commitments[at] as Uint8Array))
  return isCommitted ? undefined : 'set of commitments'
}
