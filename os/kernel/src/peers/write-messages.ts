/** What a node answers to whoever writes: strict DAG-CBOR. */

import { Fault } from '@anarq/fault'
import { encodeCbor, readArray, readBytes, readFields, readInt, readText } from '@anarq/ipld'
import { checkName } from '@anarq/qindex'
import { type Delegation, delegationBytesMax, parseDelegation } from '@anarq/qonsent'
import type { PutReport } from '../operations.ts'
import { faultOf, readingAnswer, refusalFields, writingBytes } from './messages.ts'
import { factFields, factNames, readFacts } from './tree-messages.ts'

export type WritingAnswer = {
  /** What pieces are given under. */
  readonly writing: Uint8Array
  readonly delegation: Delegation
  /** Of what is written to. */
  readonly name: string
}

/** So many things that were left out, and so many files, are named. */
const namedMax = 1000
const pathLettersMax = 16 * 1024
const countNames = ['files', 'folders', 'unchanged', 'bytes', 'newBytes', 'newBlocks'] as const

export function encodeWriting({ writing, delegation, name }: WritingAnswer): Uint8Array {
  return encodeCbor({ is: 'writing', writing, delegation: delegation.bytes, name })
}

export function parseWriting(answer: Uint8Array): WritingAnswer {
  return readingAnswer(answer, (value) => {
    const known = ['is', 'writing', 'delegation', 'name'] as const
    const { is, writing, delegation, name } = readFields(value, known, 'An answer')
    if (is !== 'writing') throw notThis()
    return {
      writing: readBytes(writing, 'The writing', { length: writingBytes }),
      delegation: parseDelegation(readBytes(delegation, 'The grant', { max: delegationBytesMax })),
      name: checkName(readText(name, 'Its name', { max: pathLettersMax })),
    }
  })
}

export function encodeGiven(): Uint8Array {
  return encodeCbor({ is: 'given' })
}

export function parseGiven(answer: Uint8Array): void {
  readingAnswer(answer, (value) => {
    if (readFields(value, ['is'], 'An answer').is !== 'given') throw notThis()
  })
}

export function encodeReport(report: PutReport): Uint8Array {
  return encodeCbor({
    is: 'written',
    ...Object.fromEntries(countNames.map((name) => [name, report[name]])),
    skipped: report.skipped
      .slice(0, namedMax)
      .map(({ path, code, sentence }) => ({ path, fault: refusalFields(new Fault(code, sentence)) })),
    entries: report.entries.slice(0, namedMax).map(factFields),
  })
}

export function parseReport(answer: Uint8Array, owner: string): PutReport {
  return readingAnswer(answer, (value) => {
    const fields = readFields(value, ['is', ...countNames, 'skipped', 'entries'], 'An answer')
    if (fields.is !== 'written') throw notThis()
    const count = (name: (typeof countNames)[number]): number => readInt(fields[name], `The ${name}`)
    return {
      files: count('files'),
      folders: count('folders'),
      unchanged: count('unchanged'),
      bytes: count('bytes'),
      newBytes: count('newBytes'),
      newBlocks: count('newBlocks'),
      skipped: readArray(fields.skipped, 'What was left out', { max: namedMax }).map(readSkipped),
      entries: readArray(fields.entries, 'The files', { max: namedMax }).map((entry) =>
        readFacts(readFields(entry, [...factNames], 'A file'), owner),
      ),
    }
  })
}

function readSkipped(value: unknown): PutReport['skipped'][number] {
  const { path, fault } = readFields(value, ['path', 'fault'], 'What was left out')
  const { code, message: sentence } = faultOf(fault)
  return { path: readText(path, 'Its path', { max: pathLettersMax }), code, sentence }
}

function notThis(): Fault {
  return new Fault('invalid.answer', 'The other node answered something else than it was asked.')
}
