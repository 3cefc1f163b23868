import { concatBytes, equalBytes, fromUtf8 } from '@anarq/bytes'
import { type AgreementKey, primitives, wipe } from '@anarq/qlock'
import type { Random } from '@anarq/random'

/**
 * The handshake with one hop: ntor-v3 of Tor's proposal 332, and our hybrid of it, which carries an ML-KEM-768 exchange
 * beside the three X25519 values. The client alone stays unproved; the hop proves its node id and its onion key.
 */
export type HandshakeForm = { readonly protocol: string; readonly isHybrid: boolean }

/** Proposal 332 to the byte: for its vectors, which prove the construction. No circuit is made with it. */
export const ntorV3Form: HandshakeForm = { protocol: 'ntor3-curve25519-sha3_256-1', isHybrid: false }
/** What circuits use: the ML-KEM secret goes into the key, its public key and ciphertext into both transcripts. */
export const hybridForm: HandshakeForm = {
  protocol: 'anarq-ntor3-curve25519-mlkem768-sha3_256-1',
  isHybrid: true,
}

/** Which hop is meant (`identity`: 32 bytes), and what both sides must agree on beforehand. */
type Meant = {
  readonly form: HandshakeForm
  readonly identity: Uint8Array
  readonly verification: Uint8Array
}
export type StartOptions = Meant & {
  /** The hop's X25519 onion key of the day, 32 bytes. */
  readonly onionKey: Uint8Array
  /** Read by the hop alone; anybody who learns the onion key later reads it too. */
  readonly message: Uint8Array
  readonly random: Random
}
export type AnswerOptions = Meant & {
  /** Today's, and those that clients may still have. */
  readonly onionKeys: readonly AgreementKey[]
  readonly respond: (message: Uint8Array) => Uint8Array
  readonly random: Random
}
export type Agreed = { readonly keys: Uint8Array; readonly message: Uint8Array }
export type Answered = Agreed & { readonly reply: Uint8Array }
export type Handshake = {
  /** What goes to the hop. */
  readonly hello: Uint8Array
  /** `keyBytes` of key, or undefined: the reply is not by this hop, or not to this hello. Once. */
  finish(reply: Uint8Array, keyBytes: number): Agreed | undefined
  /** Forgets the ephemeral secrets, for a reply that never comes. */
  dispose(): void
}

const idBytes = 32
const pointBytes = 32
const macBytes = 32
const kemKeyBytes = 1184
const kemTextBytes = 1088
const cipherKeyBytes = 32
const counterZero = new Uint8Array(16)
const none = new Uint8Array(0)

/** Without its message. */
export const helloBytes: number = idBytes + 2 * pointBytes + kemKeyBytes + macBytes
export const replyBytes: number = pointBytes + kemTextBytes + macBytes

export function startHandshake({ form, random, onionKey, message, ...meant }: StartOptions): Handshake {
  const secret = random.bytes(32)
  const ephemeral = primitives.x25519Key(secret)
  wipe(secret)
  const kemSeed = form.isHybrid ? random.bytes(64) : undefined
  const kem = kemSeed && primitives.mlKemKey(kemSeed)
  if (kemSeed !== undefined) wipe(kemSeed)
  const kemKey = kem?.publicKey ?? none
  const known = { form, ...meant, onionKey, clientKey: ephemeral.publicKey, kemKey }
  const staticShared = ephemeral.agree(onionKey)
  const { encrypted, mac } = sealMessage(known, staticShared, message)
  const dispose = (): void => {
    ephemeral.dispose()
    kem?.dispose()
    wipe(staticShared)
  }
  return {
    hello: concatBytes(meant.identity, onionKey, ephemeral.publicKey, kemKey, encrypted, mac),
    finish(reply, keyBytes) {
      try {
        const hopKey = reply.subarray(0, pointBytes)
        const kemText = reply.subarray(pointBytes, pointBytes + (form.isHybrid ? kemTextBytes : 0))
        const rest = reply.subarray(pointBytes + kemText.length)
        if (rest.length < macBytes) return undefined
        const kemShared = kem?.decapsulate(kemText) ?? none
        const shared = [ephemeral.agree(hopKey), staticShared, kemShared]
        const sealed = rest.subarray(macBytes)
        const derived = derive({ ...known, hopKey, kemText, mac }, shared, sealed.length, keyBytes)
        wipe(...shared)
        if (!equalBytes(derived.authOf(sealed), rest.subarray(0, macBytes))) return undefined
        return { keys: derived.keys, message: derived.crypt(sealed) }
      } catch {
        return undefined
      } finally {
        dispose()
      }
    },
    dispose,
  }
}

/** The hop's side: its reply and the key, or undefined for a hello that is not for it, forged, or malformed. */
export function answerHandshake(
  { form, identity, verification, onionKeys, respond, random }: AnswerOptions,
  hello: Uint8Array,
  keyBytes: number,
): Answered | undefined {
  const parts = splitHello(form, hello)
  if (parts === undefined || !equalBytes(parts.identity, identity)) return undefined
  const onionKey = onionKeys.find(({ publicKey }) => equalBytes(publicKey, parts.onionKey))
  if (onionKey === undefined) return undefined
  const known = { form, verification, ...parts }
  try {
    const staticShared = onionKey.agree(parts.clientKey)
    const first = phaseOne(known, staticShared)
    if (!equalBytes(macOf(known, first.macKey, parts.encrypted), parts.mac)) return undefined
    const message = primitives.aesCtr(first.cipherKey, counterZero, parts.encrypted)
    const secret = random.bytes(32)
    const ephemeral = primitives.x25519Key(secret)
    wipe(secret)
    const kem = form.isHybrid ? primitives.mlKemEncapsulate(parts.kemKey, random) : undefined
    const shared = [ephemeral.agree(parts.clientKey), staticShared, kem?.sharedSecret ?? none]
    ephemeral.dispose()
    const response = respond(message)
    const kemText = kem?.ciphertext ?? none
    const all = { ...known, hopKey: ephemeral.publicKey, kemText }
    const derived = derive(all, shared, response.length, keyBytes)
    wipe(...shared)
    const sealed = derived.crypt(response)
    return {
      keys: derived.keys,
      message,
      reply: concatBytes(ephemeral.publicKey, kemText, derived.authOf(sealed), sealed),
    }
  } catch {
    return undefined
  }
}

type Known = Meant & {
  readonly onionKey: Uint8Array
  readonly clientKey: Uint8Array
  readonly kemKey: Uint8Array
}
type Whole = Known & { readonly hopKey: Uint8Array; readonly kemText: Uint8Array; readonly mac: Uint8Array }

function splitHello(form: HandshakeForm, hello: Uint8Array) {
  const kemBytes = form.isHybrid ? kemKeyBytes : 0
  const messageFrom = idBytes + 2 * pointBytes + kemBytes
  if (hello.length < messageFrom + macBytes) return undefined
  return {
    identity: hello.subarray(0, idBytes),
    onionKey: hello.subarray(idBytes, idBytes + pointBytes),
    clientKey: hello.subarray(idBytes + pointBytes, idBytes + 2 * pointBytes),
    kemKey: hello.subarray(messageFrom - kemBytes, messageFrom),
    encrypted: hello.subarray(messageFrom, -macBytes),
    mac: hello.subarray(-macBytes),
  }
}

function sealMessage(known: Known, staticShared: Uint8Array, message: Uint8Array) {
  const { cipherKey, macKey } = phaseOne(known, staticShared)
  const encrypted = primitives.aesCtr(cipherKey, counterZero, message)
  return { encrypted, mac: macOf(known, macKey, encrypted) }
}

/** Proposal 332, "Client operation, phase 1". The KEM key is not in the key here, but under the MAC. */
function phaseOne(known: Known, staticShared: Uint8Array) {
  const { form, identity, clientKey, onionKey, verification } = known
  const protocol = fromUtf8(form.protocol)
  const keys = kdf(known, 'kdf_phase1', cipherKeyBytes + macBytes, [
    ...[staticShared, identity, clientKey, onionKey, protocol],
    encapsulate(verification),
  ])
  return { cipherKey: keys.subarray(0, cipherKeyBytes), macKey: keys.subarray(cipherKeyBytes) }
}

function macOf(known: Known, macKey: Uint8Array, encrypted: Uint8Array): Uint8Array {
  const { identity, onionKey, clientKey, kemKey } = known
  const input = [encapsulate(macKey), identity, onionKey, clientKey, kemKey, encrypted]
  return digest(known, 'msg_mac', input)
}

/** Proposal 332, "Server operation": `shared` is Xy, Xb, and the ML-KEM secret. */
function derive(all: Whole, shared: readonly Uint8Array[], messageBytes: number, keyBytes: number) {
  const { form, identity, onionKey, clientKey, hopKey, kemKey, kemText, mac } = all
  const protocol = fromUtf8(form.protocol)
  const input = [
    ...[...shared, identity, onionKey, clientKey, hopKey, kemKey, kemText, protocol],
    encapsulate(all.verification),
  ]
  const seed = digest(all, 'key_seed', input)
  const verify = digest(all, 'verify', input)
  const stream = kdf(all, 'kdf_final', cipherKeyBytes + keyBytes, [seed])
  wipe(seed)
  const cipherKey = stream.slice(0, cipherKeyBytes)
  const keys = stream.slice(cipherKeyBytes)
  wipe(stream)
  return {
    keys,
    crypt: (bytes: Uint8Array) =>
      messageBytes === 0 ? none : primitives.aesCtr(cipherKey, counterZero, bytes),
    authOf: (sealed: Uint8Array) =>
      digest(all, 'auth_final', [
        ...[verify, identity, onionKey, hopKey, clientKey, kemKey, kemText, mac],
        ...[encapsulate(sealed), protocol, fromUtf8('Server')],
      ]),
  }
}

/** Appendix A.1: hashes and key streams are told apart by a tweak in front. */
function digest({ form }: Known, tweak: string, parts: readonly Uint8Array[]): Uint8Array {
  return primitives.sha3_256(tweaked(form, tweak, parts))
}

function kdf({ form }: Known, tweak: string, length: number, parts: readonly Uint8Array[]): Uint8Array {
  return primitives.shake256(tweaked(form, tweak, parts), length)
}

function tweaked(form: HandshakeForm, tweak: string, parts: readonly Uint8Array[]): Uint8Array {
  return concatBytes(encapsulate(fromUtf8(`${form.protocol}:${tweak}`)), ...parts)
}

/** ENCAP: the length in 8 bytes, then the bytes. */
function encapsulate(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(8 + bytes.length)
  new DataView(out.buffer).setUint32(4, bytes.length)
  out.set(bytes, 8)
  return out
}
