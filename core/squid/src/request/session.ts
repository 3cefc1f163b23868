import { equalBytes, fromUtf8, toBase64Url } from '@anarq/bytes'
import type { Clock } from '@anarq/clock'
import { asFault, Fault, failed, type Outcome, ok } from '@anarq/fault'
import { cidKey, readBytes, readFields, readInt, readText } from '@anarq/ipld'
import { hashBlake3, primitives, type Signer, type VerifyingKey, wipe } from '@anarq/qlock'
import type { Random } from '@anarq/random'
import { readBase64Url } from '../did/multikey.ts'
import { checkStatement, readStatement, sealStatement } from '../statement.ts'

/** What an identity said of a session's key, which may lie elsewhere: in a browser that never gives it away. */
export type CertifiedSession = {
  /** `<did>#<session id>` */
  readonly keyid: string
  readonly expiresMs: number
  /** The value of the header `Anarq-Session`, to go with every request. */
  readonly certificate: string
}

/** A light key for the requests of some hours: Ed25519 alone, certified once by the identity's hybrid key. */
export type Session = CertifiedSession & {
  readonly alg: 'ed25519'
  sign(message: Uint8Array): Uint8Array
  dispose(): void
}

const sessionTtlMsMax: number = 24 * 3_600_000
const what = 'This session certificate'

type SessionOptions = { ttlMs?: number; clock: Clock }
type Certifier = { readonly did: string; readonly signer: Pick<Signer, 'sign'> }

export function createSession(
  certifier: Certifier,
  { random, ...options }: SessionOptions & { random: Random },
): Session {
  const seed = random.bytes(32)
  const key = primitives.ed25519Key(seed)
  wipe(seed)
  return {
    ...certifySession(certifier, key.publicKey, options),
    alg: 'ed25519',
    sign: (message) => key.sign(message),
    dispose: () => key.dispose(),
  }
}

/** A session for the holder of this Ed25519 key (32 bytes); `invalid.session` where it is none, or asked for too long. */
export function certifySession(
  { did, signer }: Certifier,
  publicKey: Uint8Array,
  { ttlMs = sessionTtlMsMax, clock }: SessionOptions,
): CertifiedSession {
  if (!(ttlMs > 0 && ttlMs <= sessionTtlMsMax)) {
    throw new Fault('invalid.session', 'A session lasts at most 24 hours. Its key is not made for longer.')
  }
  if (publicKey.length !== 32 || primitives.ed25519Verifier(publicKey) === undefined) {
    throw new Fault('invalid.session', 'This is not the public key of a session.')
  }
  const nbf = clock.nowMs()
  const exp = nbf + Math.floor(ttlMs)
  const statement = sealStatement('session', { v: 1, sub: did, key: publicKey, nbf, exp }, signer)
  return { keyid: sessionKeyid(did, publicKey), expiresMs: exp, certificate: toBase64Url(statement) }
}

/** Certificates that were verified, so that a session costs one hybrid verification and not one a request. Bounded. */
export type SessionCache = {
  get(certificate: string): KnownSession | undefined
  put(certificate: string, session: KnownSession): void
}

export type KnownSession = {
  readonly did: string
  readonly keyid: string
  readonly fromMs: number
  readonly untilMs: number
  /** The identity's key that certified it: when the identity rotates, its sessions end. */
  readonly verifyKey: Uint8Array
  readonly verifier: VerifyingKey
}

export function createSessionCache({
  entriesMax = 10_000,
}: {
  readonly entriesMax?: number
} = {}): SessionCache {
  const known = new Map<string, KnownSession>()
  const nameOf = (certificate: string) => cidKey(hashBlake3(fromUtf8(certificate)))
  return {
    get(certificate) {
      const name = nameOf(certificate)
      const session = known.get(name)
      if (session === undefined) return undefined
      known.delete(name)
      known.set(name, session)
      return session
    },
    put(certificate, session) {
      known.set(nameOf(certificate), session)
      if (known.size > entriesMax) known.delete(known.keys().next().value as string)
    },
  }
}

/** The session of a certificate, where the identity's current key signed it and it holds at `nowMs`. */
export function verifySession(
  certificate: string,
  {
    did,
    verifyKey,
    nowMs,
    skewMs,
    cache,
  }: { did: string; verifyKey: Uint8Array; nowMs: number; skewMs: number; cache: SessionCache },
): Outcome<KnownSession> {
  try {
    const cached = cache.get(certificate)
    const isCurrent = cached !== undefined && equalBytes(cached.verifyKey, verifyKey)
    const opened = isCurrent ? ok(cached) : openCertificate(certificate, verifyKey)
    if (!opened.ok) return opened
    const session = opened.value
    if (session.did !== did) return failed('refused.session', 'This session is of another identity.')
    if (nowMs < session.fromMs - skewMs || nowMs >= session.untilMs) {
      return failed('refused.expired', 'This session does not hold now. Begin another one.')
    }
    if (!isCurrent) cache.put(certificate, session)
    return ok(session)
  } catch (thrown) {
    return { ok: false, fault: asFault(thrown) }
  }
}

function openCertificate(certificate: string, verifyKey: Uint8Array): Outcome<KnownSession> {
  const statement = readStatement(readBase64Url(certificate, what), what)
  const fields = readFields(statement.fields, ['v', 'sub', 'key', 'nbf', 'exp'], what)
  readInt(fields.v, what, { min: 1, max: 1 })
  const did = readText(fields.sub, what, { max: 256 })
  const key = readBytes(fields.key, what, { length: 32 })
  const fromMs = readInt(fields.nbf, what)
  const untilMs = readInt(fields.exp, what, { min: fromMs, max: fromMs + sessionTtlMsMax })
  const signed = checkStatement('session', statement, verifyKey, what)
  if (!signed.ok) return signed
  const verifier = primitives.ed25519Verifier(key)
  if (verifier === undefined) return failed('refused.session', 'This session names a key that is none.')
  return ok({ did, keyid: sessionKeyid(did, key), fromMs, untilMs, verifyKey, verifier })
}

function sessionKeyid(did: string, publicKey: Uint8Array): string {
  return `${did}#${toBase64Url(hashBlake3(publicKey).subarray(0, 16))}`
}
