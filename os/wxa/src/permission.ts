import { permissionCharactersMax } from './limits.ts'

/** What an app asks for, and the publisher's own sentence about it. */
export type Permission = { readonly id: string; readonly why: string }

export type PermissionParts = {
  readonly namespace: string
  readonly action?: string
  readonly scope?: string
}

const word = '[a-z][a-z0-9-]{0,31}'
const pattern = new RegExp(
  `^(${word})(?:\\.(${word}(?:\\.${word}){0,2}))?(?::([^\\s:][^:]*(?::\\d{1,5})?))?$`,
  'u',
)
const scopePattern = /^[\p{L}\p{M}\p{N}._~/*@ :-]{1,128}$/u
const hostPattern =
  /^(?:\*|(?:\*\.)?[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+)(?::[1-9]\d{0,4})?$/

/**
 * `namespace.action[:scope]` or `namespace:scope`, such as `drive.read`, `drive.write:/notes`, `network:api.example.org`.
 * The grammar is open: what a system does not know, it shows as unknown and does not grant. Undefined where it is none.
 */
export function parsePermission(id: string): PermissionParts | undefined {
  if (id.length > permissionCharactersMax || id.normalize('NFC') !== id) return undefined
  const match = pattern.exec(id)
  const [, namespace, action, scope] = match ?? []
  if (namespace === undefined || (action === undefined && scope === undefined)) return undefined
  if (scope !== undefined && (!scopePattern.test(scope) || scope.trim() !== scope)) return undefined
  if (namespace === 'network' && scope !== undefined && !hostPattern.test(scope)) return undefined
  return {
    namespace,
    ...(action === undefined ? {} : { action }),
    ...(scope === undefined ? {} : { scope }),
  }
}

const words: Readonly<Record<string, string>> = {
  'drive.read': 'read your files',
  'drive.write': 'add and change files',
  'drive.delete': 'delete files',
  'drive.share': 'share files with others in your name',
  'storage.own': 'keep data of its own',
  'identity.read': 'see the name and the address of the identity in use',
  'identity.sign': 'sign in your name, after asking you',
  'identity.list': 'see all of your identities',
  'contacts.read': 'see whom you know',
  'consent.read': 'see what you allowed, and what was allowed to you',
  'consent.write': 'give and take back what others may do',
  'audit.read': 'read the log of what happened',
  'events.read': 'hear of what happens while it runs',
  'events.write': 'tell other apps of what happens in it',
  'messages.read': 'read your messages',
  'messages.send': 'send messages in your name',
  'notifications.show': 'show notices',
  'schedule.run': 'run at set times, also while it is closed',
  'payments.request': 'ask you for payments',
  'network.fetch': 'talk to any server on the internet',
  'clipboard.write': 'copy to the clipboard',
  'clipboard.read': 'read the clipboard',
}

/** In plain words, as a part of a sentence that begins with "It may": `read your files, in /notes only`. */
export function describePermission(id: string): string {
  const parts = parsePermission(id)
  if (parts === undefined) return `do something that is not named as it should be (${JSON.stringify(id)})`
  const { namespace, action, scope } = parts
  if (namespace === 'network' && action === undefined && scope !== undefined) return describeHost(scope)
  const known = words[`${namespace}.${action}`]
  const where = scope === undefined ? '' : `, in ${scope} only`
  if (known !== undefined) return `${known}${where}`
  return `use "${namespace}${action === undefined ? '' : `.${action}`}", which this system does not know${where}`
}

function describeHost(scope: string): string {
  if (scope.startsWith('*.')) return `talk to every server of ${scope.slice(2)} on the internet`
  return /^\*(:|$)/.test(scope)
    ? `talk to any server on the internet${scope === '*' ? '' : ` (port ${scope.slice(2)})`}`
    : `talk to the server ${scope} on the internet`
}
