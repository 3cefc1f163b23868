/**
 * Identities.
 *
 * A person has one root (`did:squid`, a self-certifying signed log) and as many sub, anonymous and organisation
 * identities as wanted, all from 24 words; a child has an identity whose key its guardians hold together. Nothing
 * links two sub-identities or an anonymous one to its root but the owner's sealed keyring. Requests are signed per
 * RFC 9421.
 */
export {
  type ChildChain,
  type Consent,
  type Delegation,
  delegationTtlMsMax,
  verifyChildChain,
  verifyConsent,
} from './child/chain.ts'
export {
  type GuardianPacket,
  lendGuardianPacket,
  openGuardianPacket,
  releaseShare,
} from './child/handover.ts'
export type { ChildAction, ChildLimits, ChildVerdict, Hours } from './child/limits.ts'
export {
  type CertifiedDevice,
  childScope,
  createDevice,
  type Device,
  type DeviceKeys,
  type DeviceRecord,
  deviceIdOf,
  deviceKeysOf,
  type Enrolment,
  enrolmentOf,
  verifyDevice,
} from './devices.ts'
export { parseCard, writeCard } from './did/card.ts'
export type { DidDocument, PublicKeys } from './did/document.ts'
export { canonicalJson, parseCanonicalJson } from './did/jcs.ts'
export type { LogKind, Member, Role } from './did/key-log.ts'
export type { KeyEpoch } from './did/log-line.ts'
export { isPeerDid } from './did/peer-did.ts'
export {
  encodePublicIdentity,
  isMember,
  keysAt,
  keysOfEpoch,
  type PublicIdentity,
  parsePublicIdentity,
  publicOfLog,
  publicOfPeer,
  readLogFile,
  writeLogFile,
} from './did/public-identity.ts'
export { type ResolvedLog, type ResolveOptions, resolveLog } from './did/resolve-log.ts'
export type { ChildHandover, NewChild } from './keyring/guardianship.ts'
export type { IdentityPath, NewIdentity, Rotation } from './keyring/identities.ts'
export {
  acceptChild,
  createKeyring,
  type Keyring,
  type KeyringOptions,
  type RecoverOptions,
  type RestoreOptions,
  recoverKeyring,
  restoreKeyring,
} from './keyring/keyring.ts'
export type { OpenIdentity, StoreSecrets } from './keyring/open-identity.ts'
export {
  type ChildRecord,
  childMayAct,
  type FormerDid,
  type IdentityKind,
  type IdentityRecord,
} from './keyring/record.ts'
export { contentDigestOf, isContentOf, parseContentDigest } from './request/content-digest.ts'
export { createReplayMemory, type ReplayPort } from './request/replay.ts'
export {
  identityKey,
  type RequestKey,
  sessionKey,
  signRequest,
  signRequestWith,
} from './request/request.ts'
export {
  type ContentDigest,
  type DigestAlgorithm,
  type RequestAlgorithm,
  type SignatureHeaders,
  type SignedParameters,
  sessionHeader,
  writeContentDigest,
} from './request/request-to-sign.ts'
export {
  type CertifiedSession,
  certifySession,
  createSession,
  createSessionCache,
  type Session,
  type SessionCache,
} from './request/session.ts'
export { type Headers, type RequestTarget, signatureBase } from './request/signature-base.ts'
export {
  headerCharactersMax,
  type IncomingRequest,
  type KeyResolver,
  type VerifiedRequest,
  type VerifyOptions,
  verifyRequest,
} from './request/verify-request.ts'
export { verifySuccession } from './succession.ts'
