import { cborCodec, cidOfDigest, rawCodec } from '@anarq/ipld'
import { wipe } from '@anarq/qlock'
import { asObjectId, type BodyRef, contentKeyBytes, type Metadata, sealEnvelope, wrapOwn } from '@anarq/qnt'
import type { Random } from '@anarq/random'

/** Everything that makes one version's envelope, as plain values that can go to another thread. */
export type EnvelopeRequest = {
  readonly id: Uint8Array
  readonly sequence: number
  /** The digest of the envelope of the version before. */
  readonly previous?: Uint8Array
  readonly body: Omit<BodyRef, 'cid'> & { readonly digest: Uint8Array }
  readonly metadata: Metadata
}

/** Whose objects they are: the DID, and the storage key of the present epoch. */
export type EnvelopeOwner = { readonly did: string; readonly kek: Uint8Array; readonly epoch: number }

/** Bytes and the BLAKE3 digest that names them. */
export type NamedBytes = { readonly bytes: Uint8Array; readonly digest: Uint8Array }

/** Private envelopes, each under a content key of its own that only the owner's slot holds. */
export function sealEnvelopes(
  requests: readonly EnvelopeRequest[],
  { did, kek, epoch }: EnvelopeOwner,
  random: Random,
): NamedBytes[] {
  const contentKeys = requests.map(() => random.bytes(contentKeyBytes))
  const wrapped = wrapOwn(kek, contentKeys)
  const named = requests.map(({ id, sequence, previous, body: { digest, ...body }, metadata }, i) => {
    const { bytes, cid } = sealEnvelope({
      id: asObjectId(id),
      objectClass: 'private',
      owner: did,
      sequence,
      ...(previous === undefined ? {} : { previous: cidOfDigest(cborCodec, previous) }),
      body: { cid: cidOfDigest(rawCodec, digest), ...body },
      metadata,
      contentKey: contentKeys[i] as Uint8Array,
      own: { epoch, wrapped: wrapped[i] as Uint8Array },
      random,
    })
    return { bytes, digest: cid.multihash.digest }
  })
  wipe(...contentKeys)
  return named
}
