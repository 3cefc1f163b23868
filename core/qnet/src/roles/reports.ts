import { concatBytes, equalBytes, fromBase32, toHex } from '@anarq/bytes'
import { hashBlake3 } from '@anarq/qlock'
import type { NodeId } from '../node-id.ts'
import { tagBytes } from './messages.ts'
import { parseReport, type Report, verifyReport } from './report.ts'
import type { RolesSettings } from './settings.ts'
import { uptimeOf } from './uptime.ts'

/** Who was drawn for a period. */
export type Term = { readonly period: number; readonly masters: readonly NodeId[] }

/** What is kept of a period: its term, and of each MasterNode its report, or two that contradict each other. */
export type Reports = {
  /** The period's draw as this node knows it; a later one of the same period stands. Whether it is another than before. */
  setTerm(term: Term): boolean
  term(period: number): Term | undefined
  /** `isNew`: to be kept and passed on. Faults of what is malformed or forged are thrown. */
  take(bytes: Uint8Array, now: number): { readonly isNew: boolean }
  has(period: number, id: NodeId): boolean
  /** Those that this node has a term of, newest first. */
  periods(): readonly number[]
  reported(period: number): number
  of(period: number): readonly Uint8Array[]
  /** Of what is held of a period: equal where two nodes have the same. */
  tag(period: number): Uint8Array
  /** Millionths; `undefined` where it was not measured. */
  uptime(operator: NodeId, period: number): number | undefined
  /** What is out of the window goes. */
  prune(now: number): void
}

type Held = {
  masters: readonly NodeId[]
  readonly reports: Map<NodeId, { readonly report: Report; contradicted?: Uint8Array }>
  readonly uptimes: Map<NodeId, number | undefined>
  tag: Uint8Array | undefined
}

export function createReports(settings: Pick<RolesSettings, 'askedMin' | 'windowPeriods'>): Reports {
  const held = new Map<number, Held>()
  const sound = ({ reports }: Held): Report[] =>
    [...reports.values()].flatMap(({ report, contradicted }) => (contradicted === undefined ? [report] : []))
  return {
    setTerm({ period, masters }) {
      const known = held.get(period)
      if (known?.masters.length === masters.length && known.masters.every((id, i) => id === masters[i]))
        return false
      const reports = new Map([...(known?.reports ?? [])].filter(([id]) => masters.includes(id)))
      held.set(period, { masters, reports, uptimes: new Map(), tag: undefined })
      return true
    },
    term(period) {
      const masters = held.get(period)?.masters
      return masters === undefined ? undefined : { period, masters }
    },
    take(bytes, now) {
      const report = parseReport(bytes)
      const { id, period } = report
      const of = held.get(period)
      // Whom this node knows no draw of, it cannot judge: that is no fault of who passes it on.
      const isWanted = period <= now && period > now - settings.windowPeriods - 2
      if (of === undefined || !isWanted || !of.masters.includes(id)) return { isNew: false }
      const known = of.reports.get(id)
      if (known?.contradicted !== undefined || (known && equalBytes(known.report.bytes, bytes)))
        return { isNew: false }
      verifyReport(bytes)
      // Two reports of one term prove that their node lies about one of them: neither counts, for anybody.
      of.reports.set(id, known === undefined ? { report } : { ...known, contradicted: report.bytes })
      of.uptimes.clear()
      of.tag = undefined
      return { isNew: true }
    },
    has: (period, id) => held.get(period)?.reports.has(id) ?? false,
    periods: () => [...held.keys()].sort((a, b) => b - a),
    reported: (period) => held.get(period)?.reports.size ?? 0,
    of: (period) =>
      [...(held.get(period)?.reports.values() ?? [])].flatMap(({ report, contradicted }) =>
        contradicted === undefined ? [report.bytes] : [report.bytes, contradicted],
      ),
    tag(period) {
      const of = held.get(period)
      if (of === undefined) return new Uint8Array(tagBytes)
      of.tag ??= tagOf(of)
      return of.tag
    },
    uptime(operator, period) {
      const of = held.get(period)
      if (of === undefined) return undefined
      if (!of.uptimes.has(operator))
        of.uptimes.set(operator, uptimeOf(operator, of.masters, sound(of), settings.askedMin))
      return of.uptimes.get(operator)
    },
    prune(now) {
      for (const period of held.keys()) if (period <= now - settings.windowPeriods - 2) held.delete(period)
    },
  }
}

/** Of two that contradict each other it does not matter which two one has. */
function tagOf({ reports }: Held): Uint8Array {
  const rows = [...reports]
    .map(([id, { report, contradicted }]) =>
      concatBytes(fromBase32(id), contradicted === undefined ? hashBlake3(report.bytes) : new Uint8Array(32)),
    )
    .sort((a, b) => (toHex(a) < toHex(b) ? -1 : 1))
  return hashBlake3(concatBytes(...rows)).subarray(0, tagBytes)
}
