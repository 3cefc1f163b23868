import { createGuardian, type Guardian } from '@anarq/qerberos'
import { deriveSecret } from '@anarq/qlock'
import type { NodeId } from '@anarq/qnet'
import { createReplayMemory, type PublicIdentity } from '@anarq/squid'
import { createAccount } from './account.ts'
import { createAccountDesk } from './account-desk.ts'
import { createAuditDesk } from './audit-desk.ts'
import { type Branches, createBranchDesk } from './branches/desk.ts'
import { createCardVerifier } from './branches/verifying.ts'
import { createDirectory } from './directory.ts'
import { watchFlows } from './flow-watch.ts'
import { forwardDrive, forwardSharing } from './forward.ts'
import { createHealthDesk } from './health/desk.ts'
import type { Finding } from './health/operations.ts'
import { openQuota } from './health/quota.ts'
import { createSweeper } from './health/sweeper.ts'
import { createHome } from './home.ts'
import { createIdentities } from './identities.ts'
import { findIdentity } from './identity-facts.ts'
import { createKeepingDesk, type Keeping } from './keeping/desk.ts'
import type { Office } from './office.ts'
import type { Operations } from './operations.ts'
import { createAnswering } from './peers/answering.ts'
import type { KernelPorts } from './ports.ts'
import { createSharing } from './sharing/sharing.ts'
import type { SpaceEntry } from './space.ts'
import type { ToolAccess, ToolDoor } from './tools/operations.ts'
import { createToolDesk } from './tools/tool-desk.ts'

export type KernelOptions = {
  ports: KernelPorts
  version: string
  /** What the machine itself can say: disk, rights, copies. */
  inspect?(): Promise<readonly Finding[]>
}

export type Kernel = {
  readonly operations: Operations
  /** The same, asked by this app or part of the system: decisions and receipts name it. */
  operationsAs(module: string): Operations
  readonly guardian: Guardian
  /** For doors that authenticate others: an identity that this node can verify. */
  publicIdentity(did: string): PublicIdentity | undefined
  /**
   * For doors that tools come in by: what the key with this secret lets them do. `undefined` where there is none of the
   * identity in use, and `limit.rate` or `limit.loop` for a source (a pseudonym of it) that tried too often;
   * `refused.expired` for a key whose time is over, `refused.locked` while locked.
   */
  toolAccess(door: ToolDoor, secret: string, source: string): Promise<ToolAccess | undefined>
  /** Answers another node's question, whatever it is: see `peers/messages.ts`. `from` is the node that the link proved. */
  answer(question: Uint8Array, from?: NodeId): Promise<Uint8Array>
  /** 32 secret bytes of this device, from which its node's keys come: the same after every unlocking. `refused.locked` while locked. */
  nodeSecret(): Uint8Array
  /**
   * 32 secret bytes of the identity in use, for the registers that it owns: the words give them again. Nobody can tell by what is made of
   * them whose it is. `refused.locked` while locked.
   */
  registerSecret(): Promise<Uint8Array>
  /** Has others keep what is here, one step at a time, for as long as somebody goes on. */
  readonly keeping: Keeping
  readonly branches: Branches
  /** How large the store may grow, for doors that say how much room is left. */
  quotaBytes(): number | undefined
  /** Writes into the audit log of the identity in use what happened beside the kernel; while locked, nowhere. */
  note(entry: SpaceEntry): void
  close(): Promise<void>
}

/** Everything of one home: accounts, one office an identity, and the operations that doors offer. */
export async function createKernel({
  ports,
  version,
  inspect = async () => [],
}: KernelOptions): Promise<Kernel> {
  const account = await createAccount(ports)
  const directory = createDirectory()
  // An alert goes to the audit log of the identity that it is about: see the office.
  const guardian = createGuardian({ clock: ports.clock, log: () => {} })
  const flowWatch = watchFlows(guardian)
  const sweeper = createSweeper(ports)
  const quota = await openQuota(ports)
  const isOpen = (): boolean => account.state() === 'open'
  const nodeSecret = (): Uint8Array => deriveSecret(account.replica(), 'anarq/node/v1')
  const verifierOf = createCardVerifier(ports.clock)
  const branches = createBranchDesk({ home: () => home, directory, ports, verifierOf, nodeSecret, isOpen })
  const copiesInBranch = branches.copiesOf
  const kept = createKeepingDesk({ account, home: () => home, ports, copiesInBranch })
  const home = createHome({
    account,
    directory,
    guardian,
    ports,
    sweeper,
    quota,
    onCommit: kept.tell,
    verifierOf,
  })

  const officeOf = async (did: string): Promise<Office | undefined> =>
    home.residents().some((record) => record.did === did) ? home.officeOf(did) : undefined
  const answering = createAnswering({
    ports,
    guardian,
    directory,
    officeOf,
    replay: createReplayMemory({ clock: ports.clock }),
    isOpen,
    branches,
  })
  const tools = createToolDesk({ home, guardian, ports })
  const health = createHealthDesk({ account, home, guardian, ports, sweeper, quota, inspect })
  const officeAs = async (module: string | undefined): Promise<Office> => {
    const office = await home.acting()
    return module === undefined ? office : office.as(module)
  }
  const shared: Omit<Operations, 'drive' | 'sharing'> = {
    account: createAccountDesk({ account, home, directory, ports, version }),
    identities: createIdentities({ account, directory, home, ports }),
    audit: createAuditDesk({ current: home.acting, guardian, flows: flowWatch.list }),
    health,
    tools: tools.operations,
    keeping: kept.operations,
  }
  const operationsAs = (module?: string): Operations => ({
    ...shared,
    drive: forwardDrive(async () => (await officeAs(module)).drive),
    sharing: forwardSharing(async () => {
      const office = await officeAs(module)
      return createSharing({
        office,
        ports: office.ports,
        guardian,
        directory,
        officeOf,
        residents: () => home.residents().map(({ did }) => did),
        resolveDid: (ref) => (ref.startsWith('did:') ? ref : findIdentity(account.keyring(), ref).did),
        compact: health.compact,
      })
    }),
  })

  return {
    operations: operationsAs(),
    operationsAs,
    guardian,
    publicIdentity: (did) => directory.find(did),
    toolAccess: tools.access,
    answer: answering.answer,
    keeping: kept.keeping,
    branches,
    nodeSecret,
    registerSecret: async () =>
      deriveSecret((await home.acting()).space.identity.secrets.index, 'q/v1/store/registers'),
    quotaBytes: quota.bytes,
    note(entry) {
      if (account.state() === 'open') void home.note(entry).catch(() => {})
    },
    async close() {
      flowWatch.stop()
      answering.close()
      await home.closeOffices()
      account.lock()
      await ports.sealer.close()
    },
  }
}
