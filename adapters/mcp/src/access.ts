import type { Caller, PlainPermission } from '@anarq/sdk'

/** What a key for a tool opens: one folder of the drive and what lies below it, to read, or to write as well. */
export type ToolAccess = {
  readonly folder: string
  readonly rights: 'read' | 'write'
  /** The name that the person gave the key. */
  readonly name: string
}

/** A key tells of the whole home only where it opens the whole drive. */
export function opensAll({ folder }: ToolAccess): boolean {
  return folder === '/'
}

const everywhere: readonly PlainPermission[] = ['identity.read', 'drive.read']
const aboutTheHome: readonly PlainPermission[] = ['consent.read', 'guardian.read']

/** The app that the calls of a key are made for: it gets what the key's rights give, and is refused like any other app. */
export function callerOf(access: ToolAccess): Caller {
  return {
    kind: 'app',
    id: `org.anarq.assistant.${idPartOf(access.name)}`,
    permissions: new Set([
      ...everywhere,
      ...(opensAll(access) ? aboutTheHome : []),
      ...(access.rights === 'write' ? (['drive.write'] as const) : []),
    ]),
  }
}

/** A name in any script as a part of an id. */
function idPartOf(name: string): string {
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
  return (
    plain
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '')
      .slice(0, 40) || 'unnamed'
  )
}
