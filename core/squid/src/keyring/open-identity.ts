import { Fault } from '@anarq/fault'
import { createKemKey, deriveSecret, type KemKey, type Signer, wipe } from '@anarq/qlock'
import type { PublicIdentity } from '../did/public-identity.ts'
import type { IdentityRecord } from './record.ts'

/** Secrets for what an identity stores. All 32 bytes but `feed` and `lockSalt`, which have 16. */
export type StoreSecrets = {
  /** Wraps content keys of one's own; follows the epoch. */
  readonly kek: Uint8Array
  /** Seeds of chunk keys and chunk borders; follow the epoch. */
  readonly chunk: Uint8Array
  readonly chunker: Uint8Array
  /** Salt of the second lock; follows the epoch. */
  readonly lockSalt: Uint8Array
  /** Seal the index and the audit log, and name the index's feed: those of epoch 0 for ever, so that they are found again. */
  readonly index: Uint8Array
  readonly audit: Uint8Array
  readonly feed: Uint8Array
}

/** An identity with its keys at hand. Put it away with `dispose` (or `using`): every secret in it is wiped. */
export type OpenIdentity = {
  readonly record: IdentityRecord
  readonly did: string
  readonly epoch: number
  /** Made on first use. Signing is refused for what is revoked, expired or former; its `publicKey` can be read still. */
  readonly signer: Signer
  /** Whether `signer` signs now: not for what is revoked or former, nor after its time. */
  maySign(): boolean
  /** Made on first use. */
  readonly kem: KemKey
  readonly secrets: StoreSecrets
  /** The key-wrapping secret of this or an earlier epoch. Owned here: do not wipe it. */
  kekOf(epoch: number): Uint8Array | undefined
  kemOf(epoch: number): KemKey | undefined
  public(): PublicIdentity
  dispose(): void
  [Symbol.dispose](): void
}

export type OpenOptions = {
  readonly record: IdentityRecord
  readonly did: string
  readonly epoch: number
  /** A fresh copy each time; wiped here. */
  leafOf(epoch: number): Uint8Array
  createSigner(): Signer
  /** Throws where this identity must not sign now. */
  checkSigning(): void
  resolve(verifyKey: Uint8Array, kemKey: Uint8Array): PublicIdentity
}

export function openIdentity(options: OpenOptions): OpenIdentity {
  const { record, did, epoch, leafOf } = options
  const held = createHeld()
  const secrets = storeSecretsOf(leafOf, epoch)
  const kems = remembered((at) => withLeaf(leafOf, at, (leaf) => held.key(createKemKey(leaf))))
  const keks = remembered((at) => withLeaf(leafOf, at, (leaf) => held.secret(kekOfLeaf(leaf))))
  const isEpoch = (at: number) => Number.isSafeInteger(at) && at >= 0 && at <= epoch
  const signer = once(() => gateSigner(held.key(options.createSigner()), options.checkSigning))
  const kem = () => kems(epoch)
  const resolved = once(() => options.resolve(signer().publicKey, kem().publicKey))
  const live = <T>(get: () => T): T => {
    held.check()
    return get()
  }
  const dispose = () => {
    held.dispose()
    wipe(...Object.values(secrets))
  }
  return {
    record,
    did,
    epoch,
    get signer() {
      return live(signer)
    },
    maySign: () => isAllowed(options.checkSigning),
    get kem() {
      return live(kem)
    },
    get secrets() {
      return live(() => secrets)
    },
    kekOf: (at) => live(() => (isEpoch(at) ? keks(at) : undefined)),
    kemOf: (at) => live(() => (isEpoch(at) ? kems(at) : undefined)),
    public: () => live(resolved),
    dispose,
    [Symbol.dispose]: dispose,
  }
}

/** The secrets at an epoch; a label of its own for each use. */
function storeSecretsOf(leafOf: (epoch: number) => Uint8Array, epoch: number): StoreSecrets {
  return withLeaf(leafOf, 0, (first) =>
    withLeaf(leafOf, epoch, (leaf) => ({
      kek: kekOfLeaf(leaf),
      chunk: deriveSecret(leaf, 'q/v1/store/chunk'),
      chunker: deriveSecret(leaf, 'q/v1/store/chunker'),
      lockSalt: deriveSecret(leaf, 'q/v1/store/lockSalt', 16),
      index: deriveSecret(first, 'q/v1/store/index'),
      audit: deriveSecret(first, 'q/v1/store/audit'),
      feed: deriveSecret(first, 'q/v1/store/feed', 16),
    })),
  )
}

function kekOfLeaf(leaf: Uint8Array): Uint8Array {
  return deriveSecret(leaf, 'q/v1/store/kek')
}

function withLeaf<T>(leafOf: (epoch: number) => Uint8Array, epoch: number, use: (leaf: Uint8Array) => T): T {
  const leaf = leafOf(epoch)
  try {
    return use(leaf)
  } finally {
    wipe(leaf)
  }
}

function gateSigner(signer: Signer, check: () => void): Signer {
  return {
    publicKey: signer.publicKey,
    sign(message, context) {
      check()
      return signer.sign(message, context)
    },
    signEd25519(message, context) {
      check()
      return signer.signEd25519(message, context)
    },
    dispose: signer.dispose,
  }
}

function isAllowed(check: () => void): boolean {
  try {
    check()
    return true
  } catch {
    return false
  }
}

/** What has to be wiped or disposed when the identity is put away. */
function createHeld(): {
  key<T extends { dispose(): void }>(key: T): T
  secret(bytes: Uint8Array): Uint8Array
  check(): void
  dispose(): void
} {
  const keys: { dispose(): void }[] = []
  const secrets: Uint8Array[] = []
  let isOpen = true
  return {
    key(key) {
      keys.push(key)
      return key
    },
    secret(bytes) {
      secrets.push(bytes)
      return bytes
    },
    check() {
      if (!isOpen) throw new Fault('refused.disposed', 'This identity was put away. Open it again to use it.')
    },
    dispose() {
      isOpen = false
      for (const key of keys) key.dispose()
      wipe(...secrets)
    },
  }
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

function remembered<T>(make: (epoch: number) => T): (epoch: number) => T {
  const known = new Map<number, T>()
  return (epoch) => {
    const value = known.get(epoch) ?? make(epoch)
    known.set(epoch, value)
    return value
  }
}
