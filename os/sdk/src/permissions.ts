import { Fault } from '@anarq/fault'

/** What an app may be allowed, in words that a person understands. Its own storage needs no permission. */
const known = {
  'drive.read': 'See and open all files in your drive',
  'drive.write': 'Add, change and remove files in your drive',
  'identity.read': 'See which identities you have, and who you are',
  'identity.manage': 'Make, change and revoke your identities',
  'consent.read': 'See what you allowed to others, and what they allowed you',
  'consent.manage': 'Share your files with others, and take it back',
  'guardian.read': 'See what happened: the audit log and its alerts',
  'guardian.manage': 'Lay decoys in your drive, and take them away',
  'system.read': 'See the state of this node',
  'system.manage': 'Change how this node works: its quota, and tidying up',
  'system.backup': 'Save all that is on this node as a sealed backup, and check such a backup',
  'network.read': 'See the network that this node is on, and the nodes that it knows',
  'network.manage': 'Choose how this node meets others, invite them, and join the networks of others',
  'registers.read': 'See your registers on the network, the private ones too',
  'registers.manage': 'Make and change registers on the network in your name',
  'tools.manage': 'Make keys by which your own tools reach your drive, and take them back',
  'browsers.manage': 'Let browsers in, and put them out',
  'apps.manage': 'Install, update and remove apps',
} as const

export type PlainPermission = keyof typeof known
/** `network:HOST` allows one host; nothing of it is allowed unless it is named. */
export type Permission = PlainPermission | `network:${string}`

export const plainPermissions: readonly PlainPermission[] = Object.keys(known) as PlainPermission[]

const hostPattern =
  /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+$/

/** `invalid.permission` where the system knows no such thing. */
export function readPermission(id: string): Permission {
  if (Object.hasOwn(known, id)) return id as PlainPermission
  if (id.startsWith('network:') && hostPattern.test(id.slice('network:'.length))) return id as Permission
  throw new Fault('invalid.permission', `"${id.slice(0, 80)}" is not a permission that this system knows.`)
}

/** The same for anything that a package may name: what is not known here cannot be granted, and is said to be so. */
export function describeAsked(id: string): string {
  try {
    return describePermission(readPermission(id))
  } catch {
    return `Something that this system does not know and does not grant: ${JSON.stringify(id)}`
  }
}

export function describePermission(permission: Permission): string {
  return permission.startsWith('network:')
    ? `Send and receive data at ${permission.slice('network:'.length)}`
    : known[permission as PlainPermission]
}
