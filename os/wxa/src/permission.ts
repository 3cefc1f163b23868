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
