/**
 * Branches: an organisation's own network inside the network.
 *
 * A charter says what a branch goes by, certificates say which nodes are its members, and both are documents that anybody who holds
 * them can verify alone. What a branch proves about a folder is made of signatures too.
 */
export {
  encodeCertificate,
  encodeRevocation,
  type MemberCertificate,
  parseCertificate,
  parseRevocation,
  type Revocation,
} from './certificate.ts'
export {
  branchIdOf,
  type Charter,
  type CharterRules,
  encodeCharter,
  parseCharter,
} from './charter.ts'
export {
  type Custody,
  custodyAnswer,
  custodyDigestsMax,
  custodyNonceBytes,
  readCustody,
  type SignedCustody,
  signCustody,
  splitDigests,
} from './custody.ts'
export {
  type Branch,
  type BranchDocuments,
  type BranchMember,
  documentsBytesMax,
  encodeDocuments,
  joinDocuments,
  membersMax,
  parseDocuments,
  readBranch,
  tidied,
} from './documents.ts'
export { createMeetingKey, isMeeting, isMeetingSecret, meetingSubjectOf, signMeeting } from './meeting.ts'
export {
  encodeProof,
  type ProofFields,
  type ProofReport,
  parseProof,
  proofBlocksMax,
  type RefusalOnRecord,
  type RefusalsOnRecord,
  refusalsShownMax,
  verifyProof,
} from './proof.ts'
export { branchContext, nameOf, type Signed, type VerifyAs } from './signed.ts'
