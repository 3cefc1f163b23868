import { concatBytes, equalBytes, fromUtf8 } from '@anarq/bytes'
import { type Cid, cborCodec, cidOfDigest } from '@anarq/ipld'
import { deriveSecret, hashBlake3, primitives } from '@anarq/qlock'
import type { IndexSigner } from './history/commit.ts'
import type { IndexKeys } from './history/index-keys.ts'
import { type Change, type FieldValue, type IndexRecord, recordOf } from './record/record.ts'
import { fileKind, folderKind, versionField } from './view/drive-record.ts'

/** 16 bytes that follow from a text or a number. */
export function testId(name: string | number): Uint8Array {
  return hashBlake3(fromUtf8(`id ${name}`)).subarray(0, 16)
}

/** 32 bytes. */
export function testDigest(name: string | number): Uint8Array {
  return hashBlake3(fromUtf8(`digest ${name}`))
}

/** 8 bytes. */
export function testDevice(name: string | number): Uint8Array {
  return hashBlake3(fromUtf8(`device ${name}`)).subarray(0, 8)
}

/** The secrets of the identity of this seed, at an epoch. */
export function testKeys(seed: string, epoch: number = 0): IndexKeys {
  const root = hashBlake3(fromUtf8(`keys ${seed}`))
  const indexOf = (of: number) => deriveSecret(root, `index ${of}`)
  return { index: indexOf(epoch), feed: deriveSecret(root, 'feed', 16), epoch, indexOf }
}

/** Signs by keyed hash: quick, and as good as a signature to whoever trusts the holder of the seed. */
export function testSigner(seed: string): IndexSigner {
  const key = hashBlake3(fromUtf8(`signer ${seed}`))
  const sign = (message: Uint8Array, context: string) =>
    primitives.blake3Keyed(key, concatBytes(fromUtf8(`${context}\0`), message))
  const did = `did:test:${seed}`
  return {
    did,
    sign,
    verify: (by, _epoch, message, signature, context) =>
      by === did && equalBytes(sign(message, context), signature),
  }
}

/** A file as the drive keeps it; `set` adds and replaces fields. */
export function fileChange(
  name: string,
  { id = testId(name), parent = null, set = {} }: ChangeOptions = {},
): Change {
  const envelope = cidOfDigest(cborCodec, testDigest(name))
  return {
    id,
    kind: fileKind,
    set: {
      name,
      parent,
      type: 'text/plain',
      bytes: 100,
      modifiedMs: 1_767_225_600_000,
      createdMs: 1_767_225_600_000,
      [versionField(1, envelope)]: testVersion(envelope),
      ...set,
    },
  }
}

/** A folder as the drive keeps it. */
export function folderChange(
  name: string,
  { id = testId(name), parent = null, set = {} }: ChangeOptions = {},
): Change {
  return { id, kind: folderKind, set: { name, parent, modifiedMs: 1_767_225_600_000, ...set } }
}

/** The value of a version field. */
export function testVersion(envelope: Cid, set: Partial<Record<string, FieldValue>> = {}): FieldValue {
  return {
    cid: envelope,
    bytes: 100,
    storedBytes: 90,
    modifiedMs: 1_767_225_600_000,
    savedMs: 1_767_225_600_000,
    type: 'text/plain',
    root: testDigest(envelope.toString()),
    ...set,
  } as FieldValue
}

/** The record of a change that a device wrote at this time. */
export function testRecord(change: Change, ms: number = 1, device: Uint8Array = testDevice(0)): IndexRecord {
  return recordOf(change, { ms, counter: 0, device })
}

export type ChangeOptions = {
  readonly id?: Uint8Array
  readonly parent?: Uint8Array | null
  readonly set?: Readonly<Record<string, FieldValue>>
}
