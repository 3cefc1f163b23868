import { concatBytes, fromBase32, fromUtf8 } from '@anarq/bytes'
import { type AgreementKey, primitives, type SigningKey } from '@anarq/qlock'
import type { Random } from '@anarq/random'
import { type NodeId, nodeIdOf } from '../node-id.ts'
import { firstKeys, type LinkKeys } from './key-schedule.ts'
import { HandshakeState } from './noise/handshake-state.ts'

/** What a node proves itself with: the key that its id is the hash of, and the one that links are agreed with. */
export type LinkIdentity = {
  /** Ed25519. */
  readonly node: SigningKey
  /** X25519; its public part stands in the node's record and in invitations. */
  readonly agreement: AgreementKey
}

export type LinkTarget = {
  readonly node: NodeId
  /** The peer's X25519 key. */
  readonly agreementKey: Uint8Array
}

export type HandshakeSetup = {
  readonly identity: LinkIdentity
  /** Whom to reach. Without it, this side waits to be reached. */
  readonly target?: LinkTarget
  /** Both sides have the same, or the handshake fails: the network they are in. */
  readonly network: Uint8Array
  readonly random: Random
}

export type Established = { readonly peer: NodeId; readonly keys: LinkKeys; readonly hash: Uint8Array }

export type HandshakeStep = {
  /** To be sent, before anything else. */
  readonly reply?: Uint8Array
  readonly established?: Established
}

const proofBytes = 32 + 64
/** Of the three messages: 32 + 1184 + 16 + 16; 32 + 1088 + 16 + proof + 16; 32 + 16 + proof + 16. */
export const handshakeBytes: readonly [number, number, number] = [1248, 1152 + proofBytes, 64 + proofBytes]
export const networkBytesMax = 64

const prologueLabel = fromUtf8('anarq link v1')
const roleLabels = {
  initiator: fromUtf8('anarq link v1 initiator'),
  responder: fromUtf8('anarq link v1 responder'),
} as const
const empty = new Uint8Array(0)

/**
 * Three messages of Noise XKhfs. The second and third carry each side's Ed25519 key and its signature over the handshake's
 * hash at that place, which covers both static keys: whose link it is, is proved, and for this link only.
 */
export class LinkHandshake {
  readonly #setup: HandshakeSetup
  readonly #state: HandshakeState
  #received = 0

  constructor(setup: HandshakeSetup) {
    const { identity, target, network, random } = setup
    this.#setup = setup
    this.#state = new HandshakeState({
      pattern: 'XK',
      isHybrid: true,
      isInitiator: target !== undefined,
      prologue: concatBytes(
        prologueLabel,
        fromBase32(target?.node ?? nodeIdOf(identity.node.publicKey)),
        network,
      ),
      staticKey: identity.agreement,
      ...(target === undefined ? {} : { peerStaticKey: target.agreementKey }),
      random,
    })
  }

  /** The length of the message that is awaited. */
  get awaitedBytes(): number {
    return this.#setup.target === undefined ? handshakeBytes[this.#received === 0 ? 0 : 2] : handshakeBytes[1]
  }

  /** The first message, of the side that begins. */
  start(): Uint8Array {
    return this.#state.write(() => empty)
  }

  /** Undefined where the message proves nothing: the link is over. */
  receive(message: Uint8Array): HandshakeStep | undefined {
    const read = this.#state.read(message)
    if (read === undefined) return undefined
    this.#received += 1
    return this.#setup.target === undefined
      ? this.#asResponder(read)
      : this.#asInitiator(read, this.#setup.target)
  }

  dispose(): void {
    this.#state.dispose()
  }

  #asResponder(read: { payload: Uint8Array; hash: Uint8Array }): HandshakeStep | undefined {
    if (this.#received === 1)
      return read.payload.length > 0
        ? undefined
        : { reply: this.#state.write((hash) => this.#prove('responder', hash)) }
    const peer = proven('initiator', read.payload, read.hash)
    return peer === undefined ? undefined : { established: this.#finish(peer) }
  }

  #asInitiator(
    read: { payload: Uint8Array; hash: Uint8Array },
    target: LinkTarget,
  ): HandshakeStep | undefined {
    const peer = proven('responder', read.payload, read.hash)
    if (peer !== target.node) return undefined
    const reply = this.#state.write((hash) => this.#prove('initiator', hash))
    return { reply, established: this.#finish(peer) }
  }

  #prove(role: keyof typeof roleLabels, hash: Uint8Array): Uint8Array {
    const { node } = this.#setup.identity
    return concatBytes(node.publicKey, node.sign(concatBytes(roleLabels[role], hash)))
  }

  #finish(peer: NodeId): Established {
    const { initiatorKey, responderKey, hash } = this.#state.finish()
    const material = concatBytes(initiatorKey, responderKey)
    initiatorKey.fill(0)
    responderKey.fill(0)
    return { peer, keys: firstKeys(material), hash }
  }
}

function proven(role: keyof typeof roleLabels, proof: Uint8Array, hash: Uint8Array): NodeId | undefined {
  if (proof.length !== proofBytes) return undefined
  const key = proof.subarray(0, 32)
  const isProven = primitives.ed25519Verify(key, concatBytes(roleLabels[role], hash), proof.subarray(32))
  return isProven ? nodeIdOf(key) : undefined
}
