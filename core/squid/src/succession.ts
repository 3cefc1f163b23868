import { asFault, failed, type Outcome } from '@anarq/fault'
import { readFields, readInt, readText } from '@anarq/ipld'
import type { Signer } from '@anarq/qlock'
import { type PublicIdentity, publicOfPeer } from './did/public-identity.ts'
import { checkStatement, readStatement, sealStatement } from './statement.ts'

const what = 'This notice of succession'

/** Signed by the old keys: the identity goes on under this long form. Whoever sees it can link the two. */
export function sealSuccession(did: string, nextLong: string, signer: Signer): Uint8Array {
  return sealStatement('succession', { v: 1, iss: did, next: nextLong }, signer)
}

/** The identity that follows `old`, where the old keys say so. Says nothing where the old keys were stolen: look who sent it. */
export function verifySuccession(bytes: Uint8Array, old: PublicIdentity): Outcome<PublicIdentity> {
  try {
    const statement = readStatement(bytes, what)
    const fields = readFields(statement.fields, ['v', 'iss', 'next'], what)
    readInt(fields.v, what, { min: 1, max: 1 })
    if (fields.iss !== old.did) return failed('refused.signature', 'This notice is of another identity.')
    const signed = checkStatement('succession', statement, old.verifyKey, what)
    return signed.ok ? publicOfPeer(readText(fields.next, what, { max: 16_384 })) : signed
  } catch (thrown) {
    return { ok: false, fault: asFault(thrown) }
  }
}
