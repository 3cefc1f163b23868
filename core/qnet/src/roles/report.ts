import { compareBytes, fromBase32 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { decodeCbor, encodeCbor, readArray, readBytes, readFields, readInt } from '@anarq/ipld'
import { type NodeId, nodeIdOf, textOfNodeId } from '../node-id.ts'
import { type NodeKeys, verifyByNode } from '../record/index.ts'

/** What a MasterNode saw of one Operator in its term. */
export type Seen = { readonly operator: NodeId; readonly asked: number; readonly answered: number }

/** What a MasterNode saw in its term, signed: one report for each period. */
export type Report = {
  readonly id: NodeId
  readonly period: number
  readonly seen: readonly Seen[]
  readonly bytes: Uint8Array
}

export const seenMax = 64
export const askedMax = 4096
export const reportBytesMax = 4096
const label = 'anarq uptime report v1'
const what = 'A report'

export function writeReport(keys: NodeKeys, period: number, seen: readonly Seen[]): Report {
  const rows = seen
    .map(({ operator, asked, answered }): [Uint8Array, number, number] => [
      fromBase32(operator),
      asked,
      answered,
    ])
    .sort(([a], [b]) => compareBytes(a, b))
  const body = { v: 1, key: keys.publicKey, period, seen: rows }
  return parseReport(encodeCbor({ ...body, signature: keys.sign(label, encodeCbor(body)) }))
}

/** Form and limits alone: `verifyReport` says whether to believe that its node wrote it. Throws `invalid.…` or `limit.report`. */
export function parseReport(bytes: Uint8Array): Report {
  return read(bytes).report
}

/** The same, of which the signature holds too: throws `refused.signature` besides. */
export function verifyReport(bytes: Uint8Array): Report {
  const { report, publicKey, body, signature } = read(bytes)
  if (!verifyByNode(publicKey, label, encodeCbor(body), signature))
    throw new Fault('refused.signature', 'The report is not signed by the node that it is of.')
  return report
}

type Read = {
  report: Report
  publicKey: Uint8Array
  body: Readonly<Record<string, unknown>>
  signature: Uint8Array
}

function read(bytes: Uint8Array): Read {
  if (bytes.length > reportBytesMax)
    throw new Fault('limit.report', `A report has at most ${reportBytesMax} bytes.`)
  const fields = readFields(decodeCbor(bytes, what), ['v', 'key', 'period', 'seen', 'signature'], what)
  readInt(fields.v, 'Its version', { min: 1, max: 1 })
  const publicKey = readBytes(fields.key, 'Its key', { length: 32 })
  const period = readInt(fields.period, 'Its period', { max: 0xffff_ffff })
  const rows = readArray(fields.seen, 'What it saw', { max: seenMax }).map(readSeen)
  if (rows.some(({ id }, i) => i > 0 && compareBytes(id, (rows[i - 1] as { id: Uint8Array }).id) <= 0))
    throw new Fault('invalid.shape', 'What it saw is malformed: expected each node once, sorted.')
  return {
    report: {
      id: nodeIdOf(publicKey),
      period,
      seen: rows.map(({ id, asked, answered }) => ({ operator: textOfNodeId(id), asked, answered })),
      bytes: bytes.slice(),
    },
    publicKey,
    body: { v: 1, key: publicKey, period, seen: fields.seen },
    signature: readBytes(fields.signature, 'Its signature', { length: 64 }),
  }
}

function readSeen(value: unknown): { id: Uint8Array; asked: number; answered: number } {
  const row = readArray(value, 'A row', { max: 3 })
  const asked = readInt(row[1], 'How often it asked', { min: 1, max: askedMax })
  return {
    id: readBytes(row[0], 'An operator', { length: 32 }),
    asked,
    answered: readInt(row[2], 'How often it was answered', { max: asked }),
  }
}
