import { toHex } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { cidKey } from '@anarq/ipld'
import type { Guardian } from '@anarq/qerberos'
import type { Account } from '../account.ts'
import { delegationFindings } from '../children/ward.ts'
import { isRoot, resolve } from '../drive/resolve.ts'
import type { Home } from '../home.ts'
import type { KernelPorts } from '../ports.ts'
import { writeBackup } from './backup.ts'
import { drillBackup } from './drill.ts'
import { liveBlocks } from './live.ts'
import { withReserve } from './make-room.ts'
import type { Finding, HealthOperations } from './operations.ts'
import type { Quota } from './quota.ts'
import { readBackup } from './restore.ts'
import { heldFindings, storageOf } from './storage.ts'
import type { Sweeper } from './sweeper.ts'
import { verifyBooks, verifyFiles } from './verify.ts'

export type HealthDeskOptions = {
  account: Account
  home: Home
  guardian: Guardian
  ports: KernelPorts
  sweeper: Sweeper
  quota: Quota
  /** What the machine itself can say: disk, rights, copies. */
  inspect(): Promise<readonly Finding[]>
}

/** Whether everything is whole, and what brings it back, for people and programs. */
export function createHealthDesk({
  account,
  home,
  guardian,
  ports,
  sweeper,
  quota,
  inspect,
}: HealthDeskOptions): HealthOperations {
  let isRestoring = false
  return {
    async verify(ref, options = {}) {
      const here = await home.current()
      if (ref !== undefined && !isRoot(ref))
        return verifyFiles(here, ports, { ...options, id: resolve(here.space.view, ref).id })
      const total = { files: 0, bytes: 0, findings: [] as Finding[] }
      for (const { did } of home.residents()) {
        const office = await home.officeOf(did)
        const report = await verifyFiles(office, ports, options)
        total.files += report.files
        total.bytes += report.bytes
        total.findings.push(...report.findings, ...(await verifyBooks(office)))
      }
      return total
    },
    async doctor() {
      const found = [...(await inspect())]
      const state = account.state()
      if (state !== 'open') return [...found, { severity: 'info', what: closedStates[state] }]
      const { alerts } = guardian.status()
      found.push({
        severity: alerts > 0 ? 'warning' : 'info',
        what: alerts > 0 ? `${alerts} alerts since the start.` : 'No alerts since the start.',
        ...(alerts > 0 ? { advice: 'See: anarq audit alerts' } : {}),
      })
      found.push(...heldFindings(ports), ...delegationFindings(account.keyring(), ports.clock.nowMs()))
      return [...found, ...(await verifyBooks(await home.current()))]
    },
    async *backup(signal) {
      await home.closeOffices()
      const names = home.residents().map((record) => {
        using open = account.keyring().open(record.did)
        return toHex(open.secrets.feed)
      })
      yield* writeBackup(account, names, ports, signal)
    },
    async restoreBackup(source, signal) {
      if (isRestoring)
        throw new Fault('busy.restore', 'A backup is being restored here already. Wait until it is back.')
      isRestoring = true
      try {
        return await readBackup(account, source, ports, signal)
      } finally {
        isRestoring = false
      }
    },
    async checkBackup(source, signal) {
      const report = await drillBackup(source, home, ports, signal)
      const { space } = await home.current()
      const { blocks, files, brokenFiles } = report
      const verdict = report.isOurs && brokenFiles === 0 ? 'ok' : 'failed'
      await space.recordRead([{ action: 'backup.check', verdict, details: { blocks, files, brokenFiles } }])
      return report
    },
    async storage() {
      return storageOf((await home.current()).space, ports, quota)
    },
    async setQuota({ bytes }) {
      const { space } = await home.acting()
      await quota.set(bytes)
      await space.record([{ action: 'quota.set', verdict: 'ok', details: { bytes: bytes ?? 'none' } }])
      return storageOf(space, ports, quota)
    },
    async compact(signal) {
      const find = async (): Promise<(digest: Uint8Array) => boolean> => {
        const all = []
        for (const { did } of home.residents()) all.push(await home.officeOf(did))
        const live = await liveBlocks(all, signal)
        return (digest) => live.has(cidKey(digest))
      }
      return { freedBytes: await withReserve(ports, () => sweeper.sweep(find, signal)) }
    },
  }
}

const closedStates = {
  empty: 'There is no identity yet.',
  locked: 'The vault is locked, and whole.',
  waiting: "This device waits for its guardian's file.",
} as const
