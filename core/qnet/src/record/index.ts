/**
 * Who a node is and what it says of itself: keys, signed records that others pass on, proofs of work that identities cost, and
 * the line by which one person invites another.
 */
export {
  addressesMax,
  checkAddress,
  groupOfAddresses,
  groupOfHost,
  kindOfHost,
  type NodeAddress,
  type Transport,
} from './address.ts'
export {
  type Invitation,
  type InvitationFields,
  type InvitedBroker,
  invitationBrokersMax,
  invitationLettersMax,
  invitationSecretBytes,
  parseInvitation,
  writeInvitation,
} from './invitation.ts'
export {
  createNodeKeys,
  createOnionKeys,
  type NodeKeys,
  type OnionKey,
  type OnionKeys,
  verifyByNode,
} from './keys.ts'
export {
  compareRecords,
  guaranteeLeast,
  guaranteeMost,
  type NodeRecord,
  type OfferedRole,
  parseRecord,
  type RecordFields,
  recordBytesMax,
  recordLifeMsMax,
  signRecord,
  timingOfRecord,
  verifyRecord,
  workOfRecord,
} from './record.ts'
export { bitsOfWork, searchWork, type WorkSearch, workBitsMax, workBytes, workDayOf } from './work.ts'
