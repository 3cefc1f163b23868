import { concatBytes, fromUtf8 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { primitives, wipe } from '@anarq/qlock'

const hashBytes = 32
const empty = new Uint8Array(0)
/** A handshake seals six things and the tests a few more: whoever comes here lets a key live for ever. */
const messagesMax = 2 ** 32

/** The Noise Protocol Framework (revision 34), section 5.1, with ChaCha20-Poly1305. Its nonces cannot be set. */
export class CipherState {
  readonly #key: Uint8Array
  #counter = 0

  constructor(key: Uint8Array) {
    this.#key = key
  }

  seal(aad: Uint8Array, plain: Uint8Array): Uint8Array {
    return primitives.chachaSeal(this.#key, this.#nonce(), plain, aad)
  }

  /** Undefined where it does not verify; the handshake is over then. */
  open(aad: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
    return primitives.chachaOpen(this.#key, this.#nonce(), sealed, aad)
  }

  dispose(): void {
    wipe(this.#key)
  }

  /** Section 12.3: four zero bytes, then the counter in 8, least significant first. Each is given out once. */
  #nonce(): Uint8Array {
    if (this.#counter >= messagesMax)
      throw new Fault('limit.nonce', 'This key has sealed all it may. Open the link again.')
    const nonce = new Uint8Array(12)
    new DataView(nonce.buffer).setUint32(4, this.#counter, true)
    this.#counter += 1
    return nonce
  }
}

/** Section 5.2, with SHA-256: what both sides have seen, and the key that came of it. */
export class SymmetricState {
  #chainingKey: Uint8Array
  #hash: Uint8Array
  #cipher: CipherState | undefined

  constructor(protocolName: string) {
    const name = fromUtf8(protocolName)
    this.#hash = new Uint8Array(hashBytes)
    if (name.length <= hashBytes) this.#hash.set(name)
    else this.#hash = primitives.sha256(name)
    this.#chainingKey = this.#hash.slice()
  }

  get hash(): Uint8Array {
    return this.#hash
  }

  /** How many bytes sealing adds now: none before the first key. */
  get overhead(): number {
    return this.#cipher === undefined ? 0 : 16
  }

  mixHash(data: Uint8Array): void {
    this.#hash = primitives.sha256(concatBytes(this.#hash, data))
  }

  mixKey(material: Uint8Array): void {
    const [chainingKey, key] = this.#derive(material)
    wipe(this.#chainingKey, material)
    this.#cipher?.dispose()
    this.#chainingKey = chainingKey
    this.#cipher = new CipherState(key)
  }

  sealAndHash(plain: Uint8Array): Uint8Array {
    const sealed = this.#cipher?.seal(this.#hash, plain) ?? plain.slice()
    this.mixHash(sealed)
    return sealed
  }

  openAndHash(sealed: Uint8Array): Uint8Array | undefined {
    const plain = this.#cipher === undefined ? sealed.slice() : this.#cipher.open(this.#hash, sealed)
    this.mixHash(sealed)
    return plain
  }

  /** One key for each direction, the initiator's first; this state is of no use afterwards. */
  split(): readonly [initiator: Uint8Array, responder: Uint8Array] {
    const keys = this.#derive(empty)
    this.dispose()
    return keys
  }

  dispose(): void {
    wipe(this.#chainingKey)
    this.#cipher?.dispose()
  }

  /** Section 4.3: HKDF with two outputs is RFC 5869 with the chaining key as salt. */
  #derive(material: Uint8Array): readonly [Uint8Array, Uint8Array] {
    const both = primitives.hkdfSha256(material, {
      salt: this.#chainingKey,
      info: empty,
      length: 2 * hashBytes,
    })
    const halves = [both.slice(0, hashBytes), both.slice(hashBytes)] as const
    wipe(both)
    return halves
  }
}
