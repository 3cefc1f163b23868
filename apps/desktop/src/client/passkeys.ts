/**
 * Passkeys (WebAuthn) whose extension `prf` answers a salt with 32 bytes that nobody else can make: the secret that opens a
 * slot of the node's vault. Nothing is kept here.
 */
import { fromBase64Url, toBase64Url } from '@anarq/bytes'
import { Fault } from '@anarq/fault'

export type PasskeySlot = { readonly credential: string; readonly host: string; readonly salt: string }
export type PasskeyProof = { readonly credential: string; readonly secret: string }
export type MadePasskey = PasskeySlot & PasskeyProof

const timeoutMs = 120_000
/** Ed25519, P-256, RSA (RFC 9053, RFC 8812): which one does not matter, no signature is looked at. */
const algorithms = [-8, -7, -257]

/** Browsers make passkeys for names, not for addresses: at http://127.0.0.1 there are none, at http://localhost there are. */
export async function hasPasskeys(host: string = location.hostname): Promise<boolean> {
  if (!isSecureContext || typeof PublicKeyCredential !== 'function' || isAddress(host)) return false
  const known: Record<string, boolean | undefined> =
    (await PublicKeyCredential.getClientCapabilities?.().catch(() => ({}))) ?? {}
  return known['extension:prf'] !== false
}

export function slotsHere(
  slots: readonly PasskeySlot[],
  host: string = location.hostname,
): readonly PasskeySlot[] {
  return slots.filter((slot) => slot.host === host)
}

/** Makes one, and asks it at once: an authenticator that gives no secret is of no use here. */
export async function makePasskey(
  name: string,
  known: readonly { credential: string }[],
): Promise<MadePasskey> {
  const host = location.hostname
  const salt = randomBytes(32)
  const made = await asked(() =>
    navigator.credentials.create({
      publicKey: {
        rp: { id: host, name: 'AnarQ' },
        // Another for each, so that nothing links them.
        user: { id: randomBytes(32), name, displayName: name },
        challenge: randomBytes(32),
        pubKeyCredParams: algorithms.map((alg) => ({ type: 'public-key', alg })),
        authenticatorSelection: { residentKey: 'preferred', userVerification: 'required' },
        excludeCredentials: known.map(({ credential }) => ({ type: 'public-key', id: raw(credential) })),
        timeout: timeoutMs,
        extensions: { prf: { eval: { first: salt } } },
      },
    }),
  )
  const slot = { credential: toBase64Url(new Uint8Array(made.rawId)), host, salt: toBase64Url(salt) }
  const { prf } = made.getClientExtensionResults()
  if (prf?.results?.first !== undefined) return { ...slot, secret: secretOf(prf.results.first) }
  if (prf?.enabled !== true) throw lacksSecret()
  return { ...slot, ...(await askPasskey([slot])) }
}

/** Any one of these; the person chooses, and shows the authenticator that it is them. */
export async function askPasskey(slots: readonly PasskeySlot[], signal?: AbortSignal): Promise<PasskeyProof> {
  const given = await asked(() =>
    navigator.credentials.get({
      publicKey: {
        rpId: location.hostname,
        challenge: randomBytes(32),
        allowCredentials: slots.map(({ credential }) => ({ type: 'public-key', id: raw(credential) })),
        // With and without it, an authenticator gives different secrets.
        userVerification: 'required',
        timeout: timeoutMs,
        extensions: {
          prf: {
            evalByCredential: Object.fromEntries(
              slots.map(({ credential, salt }) => [credential, { first: raw(salt) }]),
            ),
          },
        },
      },
      ...(signal === undefined ? {} : { signal }),
    }),
  )
  const first = given.getClientExtensionResults().prf?.results?.first
  if (first === undefined) throw lacksSecret()
  return { credential: toBase64Url(new Uint8Array(given.rawId)), secret: secretOf(first) }
}

async function asked(ask: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
  try {
    const credential = await ask()
    if (credential instanceof PublicKeyCredential) return credential
  } catch (cause) {
    const { name } = cause as { name?: unknown }
    if (name === 'InvalidStateError')
      throw new Fault('conflict.passkey', 'This authenticator has a passkey of this home already.', { cause })
    throw new Fault('refused.authenticator', 'No passkey was given. Try again, or use the passphrase.', {
      cause,
    })
  }
  throw new Fault('refused.authenticator', 'No passkey was given. Try again, or use the passphrase.')
}

function lacksSecret(): Fault {
  return new Fault(
    'unavailable.prf',
    'This authenticator cannot keep a secret for a home. Use another, or the passphrase.',
  )
}

function secretOf(source: BufferSource): string {
  const bytes =
    source instanceof ArrayBuffer ? new Uint8Array(source) : new Uint8Array(source.buffer as ArrayBuffer)
  return toBase64Url(bytes)
}

function raw(text: string): Uint8Array<ArrayBuffer> {
  return fromBase64Url(text) as Uint8Array<ArrayBuffer>
}

function randomBytes(length: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(length))
}

function isAddress(host: string): boolean {
  return /^[\d.]+$/.test(host) || host.startsWith('[')
}
