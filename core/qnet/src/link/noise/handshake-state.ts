import { concatBytes } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { type AgreementKey, type DecapsulationKey, primitives, wipe } from '@anarq/qlock'
import type { Random } from '@anarq/random'
import { type Pattern, type PatternName, patternOf, protocolNameOf, type Token } from './patterns.ts'
import { SymmetricState } from './symmetric-state.ts'

const keyBytes = 32
const kemPublicBytes = 1184
const kemCiphertextBytes = 1088

export type HandshakeOptions = {
  readonly pattern: PatternName
  /** With ML-KEM-768 mixed in; without it the bytes are those of the plain pattern. */
  readonly isHybrid: boolean
  readonly isInitiator: boolean
  readonly prologue: Uint8Array
  /** Stays the caller's: it is not put away with the handshake. */
  readonly staticKey: AgreementKey
  /** Where the pattern wants it known. */
  readonly peerStaticKey?: Uint8Array
  readonly random: Random
}

export type HandshakeResult = {
  readonly initiatorKey: Uint8Array
  readonly responderKey: Uint8Array
  readonly hash: Uint8Array
}

/** The Noise Protocol Framework (revision 34), section 5.3. Messages are written and read in turns, as the pattern says. */
export class HandshakeState {
  readonly #pattern: Pattern
  readonly #state: SymmetricState
  readonly #isInitiator: boolean
  readonly #static: AgreementKey
  readonly #random: Random
  #turn = 0
  #ephemeral: AgreementKey | undefined
  #kem: DecapsulationKey | undefined
  #peerStatic: Uint8Array | undefined
  #peerEphemeral: Uint8Array | undefined
  #peerKem: Uint8Array | undefined

  constructor(options: HandshakeOptions) {
    const { pattern, isHybrid, isInitiator, prologue, staticKey, peerStaticKey, random } = options
    this.#pattern = patternOf(pattern, isHybrid)
    this.#state = new SymmetricState(protocolNameOf(pattern, isHybrid))
    this.#isInitiator = isInitiator
    this.#static = staticKey
    this.#random = random
    this.#peerStatic = peerStaticKey
    this.#state.mixHash(prologue)
    if (this.#pattern.isResponderKnown)
      this.#state.mixHash(isInitiator ? known(peerStaticKey) : staticKey.publicKey)
  }

  get peerStaticKey(): Uint8Array | undefined {
    return this.#peerStatic
  }

  /** `payloadOf` is given the hash of everything before the payload: what is signed there holds for this handshake only. */
  write(payloadOf: (hash: Uint8Array) => Uint8Array): Uint8Array {
    const parts: Uint8Array[] = []
    for (const token of this.#tokens()) {
      const part = this.#writeToken(token)
      if (part !== undefined) parts.push(part)
    }
    parts.push(this.#state.sealAndHash(payloadOf(this.#state.hash)))
    this.#turn += 1
    return concatBytes(...parts)
  }

  /** Undefined where the message is not the one that the pattern and the keys ask for: the handshake is over then. */
  read(message: Uint8Array): { readonly payload: Uint8Array; readonly hash: Uint8Array } | undefined {
    let at = 0
    const take = (length: number): Uint8Array | undefined => {
      at += length
      return at <= message.length ? message.subarray(at - length, at) : undefined
    }
    try {
      for (const token of this.#tokens()) if (!this.#readToken(token, take)) return undefined
    } catch (thrown) {
      // A public key of low order, or one that is none.
      if (thrown instanceof Fault) return undefined
      throw thrown
    }
    const { hash } = this.#state
    const payload = this.#state.openAndHash(message.subarray(at))
    this.#turn += 1
    return payload === undefined ? undefined : { payload, hash }
  }

  /** After the last message. */
  finish(): HandshakeResult {
    if (this.#turn !== this.#pattern.messages.length)
      throw new Fault('internal.handshake', 'The handshake is not at its end.')
    const { hash } = this.#state
    const [initiatorKey, responderKey] = this.#state.split()
    this.dispose()
    return { initiatorKey, responderKey, hash }
  }

  dispose(): void {
    this.#state.dispose()
    this.#ephemeral?.dispose()
    this.#kem?.dispose()
  }

  #tokens(): readonly Token[] {
    const tokens = this.#pattern.messages[this.#turn]
    if (tokens === undefined) throw new Fault('internal.handshake', 'This handshake has no further message.')
    return tokens
  }

  #writeToken(token: Token): Uint8Array | undefined {
    switch (token) {
      case 'e': {
        this.#ephemeral = drawn(this.#random, keyBytes, primitives.x25519Key)
        this.#state.mixHash(this.#ephemeral.publicKey)
        return this.#ephemeral.publicKey
      }
      case 's':
        return this.#state.sealAndHash(this.#static.publicKey)
      case 'e1': {
        this.#kem = drawn(this.#random, 2 * keyBytes, primitives.mlKemKey)
        return this.#state.sealAndHash(this.#kem.publicKey)
      }
      case 'ekem1': {
        const { ciphertext, sharedSecret } = primitives.mlKemEncapsulate(known(this.#peerKem), this.#random)
        const sealed = this.#state.sealAndHash(ciphertext)
        this.#state.mixKey(sharedSecret)
        return sealed
      }
      default:
        this.#state.mixKey(this.#agree(token))
        return undefined
    }
  }

  #readToken(token: Token, take: (length: number) => Uint8Array | undefined): boolean {
    const { overhead } = this.#state
    switch (token) {
      case 'e': {
        const key = take(keyBytes)
        if (key === undefined) return false
        this.#peerEphemeral = key.slice()
        this.#state.mixHash(key)
        return true
      }
      case 's':
        this.#peerStatic = this.#opened(take(keyBytes + overhead))
        return this.#peerStatic !== undefined
      case 'e1':
        this.#peerKem = this.#opened(take(kemPublicBytes + overhead))
        return this.#peerKem !== undefined
      case 'ekem1': {
        const ciphertext = this.#opened(take(kemCiphertextBytes + overhead))
        if (ciphertext === undefined) return false
        this.#state.mixKey(known(this.#kem).decapsulate(ciphertext))
        return true
      }
      default:
        this.#state.mixKey(this.#agree(token))
        return true
    }
  }

  #opened(sealed: Uint8Array | undefined): Uint8Array | undefined {
    return sealed === undefined ? undefined : this.#state.openAndHash(sealed)
  }

  /** The first letter is the initiator's key, the second the responder's. */
  #agree(token: 'ee' | 'es' | 'se' | 'ss'): Uint8Array {
    const [own, theirs] = this.#isInitiator ? [token[0], token[1]] : [token[1], token[0]]
    const key = own === 'e' ? known(this.#ephemeral) : this.#static
    return key.agree(known(theirs === 'e' ? this.#peerEphemeral : this.#peerStatic))
  }
}

function drawn<T>(random: Random, length: number, keyOf: (secret: Uint8Array) => T): T {
  const secret = random.bytes(length)
  try {
    return keyOf(secret)
  } finally {
    wipe(secret)
  }
}

function known<T>(value: T | undefined): T {
  if (value === undefined)
    throw new Fault('internal.handshake', 'A key that the handshake needs is not there.')
  return value
}
