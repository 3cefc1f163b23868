import { Fault, unwrap } from '@anarq/fault'
import { wipe } from '@anarq/qlock'
import {
  type ChildHandover,
  type ChildRecord,
  deviceIdOf,
  type Enrolment,
  encodePublicIdentity,
  type GuardianPacket,
  type IdentityRecord,
  type Keyring,
  lendGuardianPacket,
  openGuardianPacket,
  type PublicIdentity,
  releaseShare,
} from '@anarq/squid'
import type { Account } from '../account.ts'
import type { Directory } from '../directory.ts'
import type { IdentityFacts } from '../operations.ts'
import type { KernelPorts } from '../ports.ts'
import { readCarried, readEnrolment, writeCarried, writeRenewal } from './carried.ts'
import { firstLimits, renewedLimits } from './limits.ts'
import type { ChildFiles, GuardianOperations, LimitsChange, NewChild } from './operations.ts'
import { actingIdentity, livesHere } from './ward.ts'

export type GuardianContext = {
  account: Account
  directory: Directory
  ports: Pick<KernelPorts, 'clock' | 'random'>
  /** By DID, or by a name that only one has. */
  find(ref: string): IdentityRecord
  facts(record: IdentityRecord): IdentityFacts
  onChanged(): Promise<void>
  /** Writes down in the audit log of the identity in use what was done for a child. */
  note(action: string, child: string): Promise<void>
}

type Guardianship = GuardianOperations & {
  createChild(input: NewChild): Promise<IdentityFacts & ChildFiles>
}

const dayMs = 86_400_000
const daysMax = 7

export function createGuardianship(context: GuardianContext): Guardianship {
  const { account, ports, facts, onChanged, note } = context
  const nowMs = (): number => ports.clock.nowMs()
  return {
    async createChild({ name, birthMs, device, second, limits }) {
      const keyring = account.keyring()
      const guardian = keyring.current()
      const agreed = firstLimits({ birthMs, guardian, limits: named(context, limits) }, nowMs())
      const made = keyring.createChild({
        name,
        guardian,
        device: newDevice(keyring, device),
        limits: agreed,
        ...secondOf(context, guardian, second),
      })
      await onChanged()
      await note('child.create', made.record.did)
      return { ...facts(made.record), ...filesOf(made) }
    },
    async renew(ref, { limits = {}, days = daysMax } = {}) {
      if (!Number.isInteger(days) || days < 1 || days > daysMax)
        throw new Fault('invalid.days', `A delegation lasts 1 to ${daysMax} days.`)
      const keyring = account.keyring()
      const { did, child } = wardOf(context, ref)
      const agreed = renewedLimits(child, named(context, limits) ?? {}, nowMs())
      const delegation = keyring.renewChild(did, { limits: agreed, ttlMs: days * dayMs })
      using guardian = keyring.open(child.guardian)
      const renewal = writeRenewal({ delegation, guardian: encodePublicIdentity(guardian.public()) })
      await onChanged()
      await note('child.renew', did)
      return { ...facts(keyring.record(did)), delegation: renewal }
    },
    async recover(ref, { device, guardianShare, second }) {
      const keyring = account.keyring()
      const { did, child } = wardOf(context, ref)
      const made = withPacket(keyring, guardianShare, ({ child: whose, share }) => {
        if (whose === did)
          return unwrap(
            keyring.recoverChild(did, {
              share,
              device: newDevice(keyring, device),
              ...secondOf(context, child.guardian, second),
            }),
          )
        throw new Fault('refused.shares', 'This share belongs to another child.')
      })
      await onChanged()
      await note('child.recover', did)
      return { ...facts(made.record), ...filesOf(made) }
    },
    async release(ref) {
      const { did } = wardOf(context, ref)
      const release = writeCarried('release', account.keyring().releaseChild(did))
      await note('child.release', did)
      return { release }
    },
    ...secondGuardian(context),
  }
}

function secondGuardian(context: GuardianContext): Pick<GuardianOperations, 'lendShare' | 'releaseShare'> {
  const { account, ports, note } = context
  return {
    async lendShare(guardianShare, { to } = {}) {
      const { child, lent } = withPacket(account.keyring(), guardianShare, (packet) => ({
        child: packet.child,
        lent: lendGuardianPacket(packet, knownIdentity(context, to ?? packet.guardian), ports.random),
      }))
      await note('child.lend', child)
      return { guardianShare: writeCarried('share', lent) }
    },
    async releaseShare(guardianShare) {
      const { child, released } = withPacket(account.keyring(), guardianShare, (packet) => ({
        child: packet.child,
        released: releaseShare(packet, { nowMs: ports.clock.nowMs(), random: ports.random }),
      }))
      await note('child.release', child)
      return { release: writeCarried('release', released) }
    },
  }
}

function wardOf({ find }: GuardianContext, ref: string): { did: string; child: ChildRecord } {
  const { did, name, child } = find(ref)
  if (child?.side === 'guardian') return { did, child }
  throw new Fault('refused.guardian', `${name} is not a child whose guardian you are. See: anarq id list`)
}

/** A device serves one child: its keys would link two. */
function newDevice(keyring: Keyring, file: string): Enrolment {
  const enrolment = readEnrolment(file)
  const id = deviceIdOf(enrolment.verifyKey)
  const other = keyring.list().find(({ child, status }) => status === 'active' && child?.device === id)
  if (other === undefined) return enrolment
  throw new Fault(
    'conflict.device',
    `This device is that of ${other.name} already. For another child, or to replace it, enrol in an empty home.`,
  )
}

/** The names of identities of this home among the contacts, as the DIDs that they stand for. */
function named({ find }: GuardianContext, limits: LimitsChange | undefined): LimitsChange | undefined {
  if (limits?.contacts == null) return limits
  return { ...limits, contacts: limits.contacts.map((ref) => (isDid(ref) ? ref : find(ref).did)) }
}

function secondOf(
  context: GuardianContext,
  guardian: string,
  ref: string | undefined,
): { second?: PublicIdentity } {
  if (ref === undefined) return {}
  const second = knownIdentity(context, ref)
  if (second.did !== guardian) return { second }
  throw new Fault(
    'invalid.guardian',
    'The second guardian is somebody else than the first: two of three shares bring the key back.',
  )
}

function knownIdentity({ account, directory, find }: GuardianContext, ref: string): PublicIdentity {
  const known = isDid(ref) ? directory.find(ref) : undefined
  if (known !== undefined) return known
  if (isDid(ref))
    throw new Fault(
      'missing.identity',
      `The keys of ${ref} are not known here. Ask for their card and take it in with: anarq id learn CARD`,
    )
  const record = find(ref)
  if (livesHere(record)) return actingIdentity(account.keyring(), record.did)
  throw new Fault('invalid.guardian', `${record.name} is a child and nobody's guardian.`)
}

/** What is done with a guardian's share, which is wiped afterwards. */
function withPacket<T>(keyring: Keyring, text: string, use: (packet: GuardianPacket) => T): T {
  const packet = openPacket(keyring, readCarried(text, 'share').bytes)
  try {
    return use(packet)
  } finally {
    wipe(packet.share.bytes)
  }
}

/** In the clear, or sealed to a key that the identity in use has or had. */
function openPacket(keyring: Keyring, bytes: Uint8Array): GuardianPacket {
  const clear = openGuardianPacket(bytes)
  if (clear.ok || clear.fault.code !== 'refused.key') return unwrap(clear)
  using open = keyring.open(keyring.current())
  for (let epoch = open.epoch; epoch >= 0; epoch -= 1) {
    const opened = openGuardianPacket(bytes, open.kemOf(epoch))
    if (opened.ok) return opened.value
  }
  throw new Fault(
    'refused.key',
    'This share is sealed to somebody else. They can make it readable for you: anarq id lend FILE',
  )
}

function filesOf({ invitation, packet }: ChildHandover): ChildFiles {
  return {
    invitation: writeCarried('invitation', invitation),
    guardianShare: writeCarried('share', packet),
  }
}

function isDid(ref: string): boolean {
  return ref.startsWith('did:')
}
