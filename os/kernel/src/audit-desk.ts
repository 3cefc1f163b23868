import { toHex } from '@anarq/bytes'
import { unwrap } from '@anarq/fault'
import { cborCodec } from '@anarq/ipld'
import {
  type AuditEntry,
  type AuditRecord,
  type Guardian,
  verifyAuditProof,
  type WatchedFacts,
} from '@anarq/qerberos'
import { cidOf } from '@anarq/qlock'
import { type Qonsent, type SignedReceiptJson, signedReceiptToJson } from '@anarq/qonsent'
import type { AuditFacts, AuditOperations, FlowFacts, RiskFacts } from './audit-operations.ts'
import { factsOf as entryFactsOf, isShown } from './drive/resolve.ts'
import { evidenceOf } from './evidence.ts'
import type { Office } from './office.ts'
import type { EntryFacts } from './operations.ts'

export type AuditDeskOptions = {
  current(): Promise<Office>
  guardian: Guardian
  flows(): readonly FlowFacts[]
}

const tailMax = 100_000
const risksMax = 1000
/** Entries that are looked at in one go: what waits meanwhile is not held up for long. */
const pageEntries = 5000

/** The audit log of the identity in use, for people and programs. */
export function createAuditDesk({ current, guardian, flows }: AuditDeskOptions): AuditOperations {
  return {
    async tail({ limit = 20, object, action } = {}) {
      const { space } = await current()
      await space.recordRead([])
      const count = Math.min(limit, tailMax)
      if (object === undefined && action === undefined) return (await space.audit.tail(count)).map(factsOf)
      const found: AuditFacts[] = []
      const query = {
        ...(object === undefined ? {} : { object }),
        ...(action === undefined ? {} : { action }),
      }
      for await (const record of space.audit.find(query)) {
        found.push(factsOf(record))
        if (found.length >= count) break
      }
      return found
    },
    async verify() {
      const { space } = await current()
      await space.recordRead([])
      const report = await space.audit.verify()
      return {
        isWhole: report.ok,
        size: report.size,
        findings: report.findings.map(({ sentence }) => sentence),
      }
    },
    async prove(index) {
      const { space, qonsent } = await current()
      // To show an entry to others is an act too; and the head is signed anew, with the key that the proof names.
      await space.record([{ action: 'audit.prove', verdict: 'ok', details: { entry: String(index) } }])
      const proof = await space.audit.proveInclusion(index, { disclose: true })
      const { publicKey } = space.identity.signer
      const { entry } = unwrap(verifyAuditProof(proof, publicKey))
      return { ...proof, publicKey: toHex(publicKey), ...receiptOf(entry, qonsent) }
    },
    async alerts() {
      return guardian.alerts().map(({ id, atMs, kind, severity, rule, identity, sentence, evidence }) => ({
        id,
        atMs,
        kind,
        severity,
        rule,
        identity,
        sentence,
        evidence: evidenceOf(evidence),
      }))
    },
    async flows() {
      await current()
      return flows()
    },
    async risks() {
      await current()
      return guardian.watched().slice(0, risksMax).map(riskOf).sort(byWeight)
    },
    async decoys() {
      const { space } = await current()
      return decoysIn(space.view)
    },
  }
}

function riskOf({ identity, lastMs, risk, mode }: WatchedFacts): RiskFacts {
  return { identity, lastMs, mode, score: risk.score, level: risk.level, reasons: risk.reasons }
}

function byWeight(a: RiskFacts, b: RiskFacts): number {
  return b.score - a.score || b.lastMs - a.lastMs
}

async function decoysIn(view: Office['space']['view']): Promise<EntryFacts[]> {
  const found: EntryFacts[] = []
  for (let offset = 0; ; offset += pageEntries) {
    const page = view.search({ kind: 'file', order: 'name', isTrashed: false, limit: pageEntries, offset })
    for (const entry of page) if (entry.isDecoy && isShown(entry)) found.push(entryFactsOf(view, entry))
    if (page.length < pageEntries) return found
    await new Promise((resolve) => setTimeout(resolve))
  }
}

/** The receipt of the decision that an entry speaks of, signed now: it holds by itself, without the log. */
function receiptOf(entry: AuditEntry | undefined, qonsent: Qonsent): { receipt?: SignedReceiptJson } {
  const bytes = entry?.receipt
  if (bytes === undefined) return {}
  const [signed] = qonsent.signReceipts([{ bytes, cid: cidOf(cborCodec, bytes) }])
  return signed === undefined ? {} : { receipt: signedReceiptToJson(signed) }
}

function factsOf(record: AuditRecord): AuditFacts {
  if ('damage' in record) {
    return {
      index: record.index,
      atMs: 0,
      action: 'damaged',
      identity: '',
      verdict: 'failed',
      code: 'damaged.entry',
      details: { sentence: record.damage },
    }
  }
  const { atMs, action, identity, object, verdict, code, details = {} } = record.entry
  const plain = Object.fromEntries(
    Object.entries(details).map(([name, value]) => [
      name,
      value instanceof Uint8Array ? toHex(value) : value,
    ]),
  )
  return {
    index: record.index,
    atMs,
    action,
    identity,
    verdict,
    details: plain,
    ...(object === undefined ? {} : { object }),
    ...(code === undefined ? {} : { code }),
  }
}
