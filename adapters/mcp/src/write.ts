import { fromUtf8 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { inlineBytesMax, type JsonSchema, type StorageSdk } from '@anarq/sdk'

/** Instead of `bytes`, which JSON cannot carry: one of the two. */
export const contentFields: Readonly<Record<string, JsonSchema>> = {
  text: { type: 'string', description: `The content as text, at most ${inlineBytesMax} bytes in UTF-8.` },
  base64: {
    type: 'string',
    contentEncoding: 'base64',
    description: 'The content as base64, where it is no text. Give this or text, not both.',
  },
}

type Written = Parameters<StorageSdk['write']>[0]

/** What the method takes, from what an assistant gives; what is left over is refused by the method. */
export function withBytes({ text, base64, ...rest }: Record<string, unknown>): Written {
  if ((text === undefined) === (base64 === undefined))
    throw new Fault('invalid.params', 'Give the content once: as text, or as base64.')
  return { ...(rest as { path: string }), bytes: text === undefined ? decoded(base64) : encoded(text) }
}

function encoded(text: unknown): Uint8Array {
  if (typeof text === 'string') return fromUtf8(text)
  throw new Fault('invalid.params', 'text is not what it should be: text.')
}

function decoded(base64: unknown): Uint8Array {
  const bytes = typeof base64 === 'string' ? Buffer.from(base64, 'base64') : undefined
  // Node leaves out what is no base64; here it is refused.
  if (bytes !== undefined && bytes.toString('base64') === base64) return new Uint8Array(bytes)
  throw new Fault(
    'invalid.params',
    'base64 is not what it should be: base64 with padding (RFC 4648, section 4).',
  )
}
