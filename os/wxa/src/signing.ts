import { fromBase64Url, toBase64Url } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { verifySignature } from '@anarq/qlock'
import { type PublicIdentity, parseCard, writeCard } from '@anarq/squid'
import { readShown } from './fields.ts'
import { cardEntriesMax, nameCharactersMax } from './limits.ts'
import {
  manifestBytes,
  type Publisher,
  parseManifest,
  type SignedManifest,
  signedBytesOf,
  type UnsignedManifest,
} from './manifest.ts'

/** What a publisher's signature is for: nothing else that a key signs can be shown as a package. */
export const wxaContext = 'q/v1/wxa'

export type SignOptions = {
  /** Whose card goes into the package. */
  readonly identity: PublicIdentity
  /** The name to publish under, where the manifest names none. */
  readonly name: string
  readonly nowMs: number
  /** With the current key of that identity. */
  sign(message: Uint8Array, context: string): Uint8Array
}

/** Says who publishes it, and signs everything that the manifest says, thereby every file. */
export function signManifest(
  { publisher, ...rest }: UnsignedManifest,
  { identity, name, nowMs, sign }: SignOptions,
): SignedManifest {
  const shown = readShown(publisher?.name ?? name, 'publisher.name', nameCharactersMax)
  const said = { ...rest, publisher: { did: identity.did, name: shown, card: writeCard(identity) } }
  const signature = toBase64Url(sign(signedBytesOf(said), wxaContext))
  const signed = parseManifest(manifestBytes({ ...said, signature })) as SignedManifest
  // What nobody could install is not given out: a card that is too long, or a key that is not the card's.
  verifyManifest(signed, { nowMs })
  return signed
}

export type VerifyOptions = {
  readonly nowMs: number
  /** The last entry of this publisher's log that is known here: a package that shows an older log is refused. */
  knownVersionOf?: ((did: string) => string | undefined) | undefined
}

/** Whose package it is, where the signature holds; throws `refused.publisher` or `refused.signature` otherwise. */
export function verifyManifest(
  manifest: SignedManifest,
  { nowMs, knownVersionOf }: VerifyOptions,
): PublicIdentity {
  const { publisher, signature } = manifest
  return verifyPublished(
    { what: 'package', publisher, signature, message: signedBytesOf(manifest), context: wxaContext },
    { nowMs, knownVersionOf },
  )
}

/** What a publisher signed, whichever kind of thing it is. */
export type Published = {
  readonly what: 'package' | 'feed'
  readonly publisher: Publisher
  /** base64url. */
  readonly signature: string
  readonly message: Uint8Array
  readonly context: string
}

/** Whose it is, where the signature holds; throws `refused.publisher` or `refused.signature` otherwise. */
export function verifyPublished(
  { what, publisher, signature, message, context }: Published,
  { nowMs, knownVersionOf }: VerifyOptions,
): PublicIdentity {
  const known = knownVersionOf?.(publisher.did)
  const resolved = parseCard(publisher.card, {
    nowMs,
    did: publisher.did,
    entriesMax: cardEntriesMax,
    ...(known === undefined ? {} : { known }),
  })
  if (!resolved.ok)
    throw new Fault(
      'refused.publisher',
      `The card of the publisher in this ${what} does not hold: ${resolved.fault.message} Get the ${what} again from its publisher.`,
      { cause: resolved.fault },
    )
  const { value: identity } = resolved
  const isCanonical = writeCard(identity) === publisher.card
  if (!isCanonical || identity.hasEnded)
    throw new Fault(
      'refused.publisher',
      isCanonical
        ? `The identity that publishes this ${what} has ended. Ask for it under the identity that followed.`
        : `The card of the publisher in this ${what} is not written as cards are. Get the ${what} again.`,
    )
  if (!verifySignature(identity.verifyKey, message, bytesOf(signature), context))
    throw new Fault(
      'refused.signature',
      `The signature of this ${what} does not hold: something in it was changed after it was signed, or it was signed by somebody else. Get it again from its publisher.`,
    )
  return identity
}

function bytesOf(signature: string): Uint8Array {
  try {
    return fromBase64Url(signature)
  } catch {
    return new Uint8Array(0)
  }
}
