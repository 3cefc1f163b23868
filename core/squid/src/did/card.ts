import { fromBase64Url, toBase64Url } from '@anarq/bytes'
import { failed, type Outcome } from '@anarq/fault'
import { encodePublicIdentity, type PublicIdentity, parsePublicIdentity } from './public-identity.ts'
import type { ResolveOptions } from './resolve-log.ts'

const cardPrefix = 'anarq-card-1:'

/** What one gives to others so that they can verify one and share with one: a line of text. */
export function writeCard(identity: PublicIdentity): string {
  return cardPrefix + toBase64Url(encodePublicIdentity(identity))
}

/** From text of anybody: resolved anew, as `parsePublicIdentity` does; `invalid.card` where it is none. */
export function parseCard(card: string, options: ResolveOptions): Outcome<PublicIdentity> {
  const bytes = bytesOf(card.trim())
  if (bytes !== undefined) return parsePublicIdentity(bytes, options)
  return failed(
    'invalid.card',
    'This is not the card of an identity. Ask for it again; it is one line that begins with "anarq-card-1:".',
  )
}

function bytesOf(text: string): Uint8Array | undefined {
  if (!text.startsWith(cardPrefix)) return undefined
  try {
    return fromBase64Url(text.slice(cardPrefix.length))
  } catch {
    return undefined
  }
}
