/**
 * Registers: small named values with one history of versions, of three classes. A private one needs its owner's signature and nobody's
 * agreement; a protected one more than two thirds of the owner's neighbourhood as well; a public one more than two thirds of a
 * committee drawn for it out of the whole network. The class is in the name, and whoever has the name can check everything.
 */
export {
  type Chain,
  electorsOf,
  encodeChain,
  extended,
  type Link,
  lastOf,
  linksMax,
  numberOf,
  numberOfVersion,
  readChain,
  type Version,
  versionsKept,
} from './chain.ts'
export { createStateCommittees, type DrawnFrom, drawElectors } from './committees.ts'
export {
  committeeMax,
  type Descriptor,
  idBytes,
  nameBytesMax,
  parseReference,
  type Reference,
  type RegisterClass,
  readClass,
  referenceOf,
  registerClasses,
  topicOf,
  writersMax,
} from './descriptor.ts'
export { type Entry, encodeEntry, hashOfEntry, valueBytesMax, writeEntry } from './entry.ts'
export {
  type Committees,
  createMemoryRegisterStore,
  type Others,
  type Place as RegisterPlace,
  type RegisterStore,
  storeKeyBytesMax,
  storeValueBytesMax,
} from './ports.ts'
export { createRegisters, type Registers, type RegistersOptions } from './registers.ts'
export { type RegistersSettings, registersDefaults } from './settings.ts'
export type { Change, Founding, WritingKey } from './writing.ts'
