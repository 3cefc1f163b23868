import { fromUtf8 } from '@anarq/bytes'
import type { Clock } from '@anarq/clock'
import { asFault, Fault, failed, type Outcome, ok } from '@anarq/fault'
import { verifySignature } from '@anarq/qlock'
import { isContentOf, parseContentDigest } from './content-digest.ts'
import type { ReplayPort } from './replay.ts'
import { requestContext } from './request.ts'
import {
  appHeader,
  type ContentDigest,
  nonceCharacters,
  type RequestAlgorithm,
  type SignedParameters,
  sessionHeader,
  signatureTag,
} from './request-to-sign.ts'
import { createSessionCache, type SessionCache, verifySession } from './session.ts'
import { fieldValue, type RequestTarget, signatureBase, splitTarget } from './signature-base.ts'
import {
  type Dictionary,
  type InnerList,
  isInnerList,
  parseDictionary,
  writeInnerList,
} from './structured-fields.ts'

/** A request as it arrived. */
export type IncomingRequest = RequestTarget & {
  /**
   * `'later'`: there is one and the caller compares it with `digests` when it has come in. `'unbound'`: there is one that the
   * signature need not cover, because the caller knows that nobody can change it on its way. Absent: there is none.
   */
  readonly body?: Uint8Array | 'later' | 'unbound'
}

/** The current verify key (1,984 bytes) of an active identity, or `undefined` where it is unknown or may not act. */
export type KeyResolver = (did: string) => Uint8Array | undefined

export type VerifyOptions = {
  readonly clock: Clock
  readonly replay: ReplayPort
  /** Verified sessions; one cache for all requests. */
  readonly sessions?: SessionCache
  readonly maxAgeMs?: number
  readonly skewMs?: number
}

export type VerifiedRequest = {
  readonly did: string
  readonly keyid: string
  readonly alg: RequestAlgorithm
  readonly createdMs: number
  /** What the body has to hash to; empty where there is none. */
  readonly digests: readonly ContentDigest[]
}

/** No signature header is parsed beyond this many characters. */
export const headerCharactersMax = 16_384
const labelsMax = 8

/**
 * Whether an identity signed exactly this request, now and for the first time (RFC 9421). What can go wrong, in the
 * order it is looked at: `limit.header`, `refused.unsigned`, `invalid.header`, `refused.coverage`, `refused.expired`,
 * `refused.digest`, `refused.unknown`, `refused.session`, `refused.signature`, `refused.replay`, `limit.replay`.
 * A nonce counts as used only once its signature was verified.
 */
export function verifyRequest(
  request: IncomingRequest,
  resolveKey: KeyResolver,
  { clock, replay, sessions = createSessionCache(), maxAgeMs = 300_000, skewMs = 60_000 }: VerifyOptions,
): Outcome<VerifiedRequest> {
  try {
    const nowMs = clock.nowMs()
    const signed = readSignature(request)
    const { parameters } = signed
    checkCoverage(request, signed.components)
    const untilMs = checkTime(parameters, { nowMs, maxAgeMs, skewMs })
    const digests = checkBody(request)
    const base = signatureBase(request, signed.components, signed.input)
    const did = checkKey(request, fromUtf8(base), signed, { resolveKey, nowMs, skewMs, sessions })
    if (!replay.remember(`${parameters.keyid} ${parameters.nonce}`, untilMs)) {
      return failed('refused.replay', 'This request came before. Sign it anew to send it again.')
    }
    const { keyid, alg, created } = parameters
    return ok({ did, keyid, alg, createdMs: created * 1000, digests })
  } catch (thrown) {
    return { ok: false, fault: asFault(thrown) }
  }
}

type ReadSignature = {
  readonly components: readonly string[]
  readonly parameters: SignedParameters
  /** The parameters line of the signature base. */
  readonly input: string
  readonly signature: Uint8Array
}

function readSignature({ headers }: RequestTarget): ReadSignature {
  const inputHeader = boundedField(headers, 'signature-input')
  const signatureHeader = boundedField(headers, 'signature')
  if (inputHeader === undefined || signatureHeader === undefined) {
    throw new Fault('refused.unsigned', 'This request is not signed. Sign it with your identity.')
  }
  const [label, list] = ourInput(parseDictionary(inputHeader, 'Signature-Input'))
  const signature = parseDictionary(signatureHeader, 'Signature').get(label)
  if (signature === undefined || isInnerList(signature) || signature.item.type !== 'bytes') {
    throw new Fault(
      'invalid.header',
      'The header Signature holds no signature for what Signature-Input names.',
    )
  }
  return {
    components: readComponents(list),
    parameters: readParameters(list),
    input: writeInnerList(list),
    signature: signature.item.value,
  }
}

/** The one signature that is tagged as ours; others (a proxy's, say) are left alone. */
function ourInput(dictionary: Dictionary): [string, InnerList] {
  if (dictionary.size > labelsMax)
    throw new Fault('limit.header', 'This request carries too many signatures.')
  const ours: [string, InnerList][] = []
  for (const [label, member] of dictionary) {
    if (!isInnerList(member)) throw new Fault('invalid.header', 'The header Signature-Input is malformed.')
    const tag = member.parameters.get('tag')
    if (tag?.type === 'string' && tag.value === signatureTag) ours.push([label, member])
  }
  const [first] = ours
  if (first !== undefined && ours.length === 1) return first
  throw new Fault(
    'refused.unsigned',
    `This request needs exactly one signature with the tag "${signatureTag}".`,
  )
}

function readComponents({ items }: InnerList): string[] {
  const names = items.map(({ item, parameters }) => {
    if (item.type === 'string' && parameters.size === 0) return item.value
    throw new Fault('invalid.header', 'This signature covers a component in a way that is not supported.')
  })
  if (new Set(names).size === names.length) return names
  throw new Fault('invalid.header', 'This signature covers a component twice.')
}

function readParameters({ parameters }: InnerList): SignedParameters {
  for (const name of parameters.keys()) {
    if (!parameterNames.includes(name)) {
      throw new Fault('invalid.header', 'This signature has a parameter that is not known.')
    }
  }
  const text = (name: string) => typed(parameters.get(name), 'string', name)
  const nonce = text('nonce')
  if (nonce.length < nonceCharacters.min || nonce.length > nonceCharacters.max) {
    throw new Fault('invalid.header', 'The nonce of this signature is too short or too long.')
  }
  const alg = text('alg')
  if (alg !== 'anarq-composite-1' && alg !== 'ed25519') {
    throw new Fault('refused.signature', 'This request is signed with an algorithm that does not count here.')
  }
  const number = (name: string) => typed(parameters.get(name), 'integer', name)
  return { keyid: text('keyid'), alg, nonce, created: number('created'), expires: number('expires') }
}

const parameterNames: readonly string[] = ['created', 'expires', 'nonce', 'alg', 'keyid', 'tag']

function typed<T extends 'string' | 'integer'>(
  item: { readonly type: string; readonly value: unknown } | undefined,
  type: T,
  name: string,
): T extends 'string' ? string : number {
  if (item?.type === type) return item.value as T extends 'string' ? string : number
  throw new Fault(
    'invalid.header',
    `This signature lacks the parameter "${name}", or has it in another form.`,
  )
}

/** Everything that says what is asked of whom must be covered, or a thief of one request could make another of it. */
function checkCoverage({ targetUri, body, headers }: IncomingRequest, components: readonly string[]): void {
  const covers = (name: string) => components.includes(name)
  const { query } = splitTarget(targetUri)
  const coversTarget =
    covers('@target-uri') ||
    (covers('@authority') && covers('@path') && (query === undefined || covers('@query')))
  const coversBody = body === undefined || body === 'unbound' || covers('content-digest')
  const coversApp = fieldValue(headers, appHeader) === undefined || covers(appHeader)
  if (covers('@method') && coversTarget && coversBody && coversApp) return
  throw new Fault(
    'refused.coverage',
    'The signature must cover the method, the address with its query, the digest of the body, and the header Anarq-App.',
  )
}

/** The last moment at which the request could still be accepted: its nonce is remembered until then. */
function checkTime(
  { created, expires }: SignedParameters,
  { nowMs, maxAgeMs, skewMs }: { nowMs: number; maxAgeMs: number; skewMs: number },
): number {
  if (expires <= created) throw new Fault('refused.expired', 'This request had expired before it was made.')
  if (created * 1000 > nowMs + skewMs) {
    throw new Fault(
      'refused.expired',
      'This request comes from the future. Set the clock of the device that sent it.',
      { data: { nowMs } },
    )
  }
  const untilMs = Math.min(expires * 1000, created * 1000 + maxAgeMs) + skewMs
  if (nowMs <= untilMs) return untilMs
  throw new Fault(
    'refused.expired',
    'This request is too old. Sign it anew, or set the clock of the device that sent it.',
    { data: { nowMs } },
  )
}

function checkBody({ headers, body }: IncomingRequest): readonly ContentDigest[] {
  if (body === undefined || body === 'unbound') return []
  const digests = parseContentDigest(boundedField(headers, 'content-digest') ?? '')
  if (body === 'later' || isContentOf(digests, body)) return digests
  throw new Fault('refused.digest', 'The body of this request is not the one that was signed.')
}

/** The DID that signed. The key that is used is always the one that this DID has now. */
function checkKey(
  { headers }: RequestTarget,
  base: Uint8Array,
  { parameters: { keyid, alg }, signature }: ReadSignature,
  {
    resolveKey,
    nowMs,
    skewMs,
    sessions,
  }: { resolveKey: KeyResolver; nowMs: number; skewMs: number; sessions: SessionCache },
): string {
  const [did = '', session] = keyid.split('#', 2)
  if (keyid !== (alg === 'ed25519' ? `${did}#${session}` : did)) {
    throw new Fault('refused.signature', 'This request names a key that does not fit its algorithm.')
  }
  const verifyKey = resolveKey(did)
  if (verifyKey === undefined) {
    throw new Fault(
      'refused.unknown',
      'This request comes from an identity that is not known here, or may not act.',
    )
  }
  const isSigned =
    alg === 'ed25519'
      ? sessionOf(headers, keyid, { did, verifyKey, nowMs, skewMs, cache: sessions }).verifier.verify(
          base,
          signature,
        )
      : verifySignature(verifyKey, base, signature, requestContext)
  if (isSigned) return did
  throw new Fault(
    'refused.signature',
    'The signature of this request does not verify: it was forged or changed.',
  )
}

function sessionOf(
  headers: RequestTarget['headers'],
  keyid: string,
  options: Parameters<typeof verifySession>[1],
): { verifier: { verify(message: Uint8Array, signature: Uint8Array): boolean } } {
  const certificate = boundedField(headers, sessionHeader)
  if (certificate === undefined) {
    throw new Fault('refused.session', 'This request names a session and does not show its certificate.')
  }
  const session = verifySession(certificate, options)
  if (!session.ok) throw session.fault
  if (session.value.keyid === keyid) return session.value
  throw new Fault('refused.session', 'This request names another session than the one it shows.')
}

function boundedField(headers: RequestTarget['headers'], name: string): string | undefined {
  const value = fieldValue(headers, name)
  if (value === undefined || value.length <= headerCharactersMax) return value
  throw new Fault('limit.header', `The header ${name} is too large; it was not read.`)
}
