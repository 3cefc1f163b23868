/**
 * The cryptographic engine: all hashing, sealing, wrapping, signing and key derivation of AnarQ.
 *
 * Everything is written over one `Primitives` face with two implementations, Node's own crypto and @noble in
 * browsers. Suite 1: X-Wing in HPKE for keys, ML-DSA-65 with Ed25519 for signatures, AES-256-GCM with key commitment
 * for content, BLAKE3 for names, Argon2id for passphrases, 24 words for everything that must come back.
 */
export { primitives } from '#primitives'
export {
  type Batch,
  type BatchProof,
  batchProof,
  batchProofs,
  type SignedBatch,
  signBatch,
  verifyBatchProof,
} from './batch.ts'
export { boxBytesOf, openBox, sealBox } from './box.ts'
export {
  chunkFrameBytesMax,
  chunkOverheadBytes,
  openChunk,
  openChunkInto,
  type SealedChunk,
  sealChunk,
} from './chunk.ts'
export { cidOf, hashBlake3, verifyCid } from './hashing.ts'
export {
  createKemKey,
  createKemKeyOfSeed,
  type KemKey,
  kemPublicKeyBytes,
  unwrapKey,
  wrapEncBytes,
  wrapKey,
  wrapOverheadBytes,
} from './key-wrap.ts'
export {
  type ConsistencyProof,
  consistencyPath,
  createMerkleTree,
  type InclusionProof,
  inclusionPath,
  type MerkleTree,
  merkleLeaf,
  merkleRoot,
  rootOfPath,
  verifyConsistency,
  verifyInclusion,
} from './merkle.ts'
export { createMerkleFrontier, type MerkleFrontier, type MerkleState } from './merkle-frontier.ts'
export type {
  AgreementKey,
  Argon2Options,
  DecapsulationKey,
  HkdfOptions,
  Primitives,
  SigningKey,
  VerifyingKey,
} from './primitives/primitives.ts'
export { deriveSecret, wipe } from './secrets.ts'
export { joinShares, type Share, type SplitOptions, splitSecret } from './shares.ts'
export {
  createSigner,
  ed25519PartOf,
  lightSignatureBytes,
  type Signer,
  signatureBytes,
  verifyEd25519,
  verifyKeyBytes,
  verifySignature,
} from './signature.ts'
export { openStream, openStreamAt, type SealedSource, type StreamReader, sealStream } from './stream.ts'
export { describeSuite, type Suite, suite } from './suite.ts'
export {
  openVault,
  type Stretch,
  sealVault,
  stretchPassphrase,
  type VaultCost,
  type VaultParams,
  vaultCost,
  vaultParamsDefault,
} from './vault.ts'
export {
  createEntropy,
  deriveLeaf,
  entropyOf,
  type KeyClass,
  type LeafPath,
  seedOf,
  wordsOf,
} from './words.ts'
