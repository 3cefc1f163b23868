/** What each kind of identity is, in which order they are shown, and what can be done with one. */
export const kinds = ['root', 'sub', 'organisation', 'anonymous', 'child'] as const
export type Kind = (typeof kinds)[number]

/** What can be made here; a child's is made together with its device. */
export const newKinds = ['sub', 'anonymous', 'organisation'] as const
export type NewKind = (typeof newKinds)[number]

export type KnownIdentity = {
  readonly did: string
  readonly name: string
  readonly kind: Kind
  readonly status: 'active' | 'revoked'
  readonly isCurrent: boolean
  readonly createdMs: number
  readonly child?: { readonly side: 'guardian' | 'child' }
}

/** Kind by kind, older ones first; what was revoked comes last. */
export function inOrder<One extends KnownIdentity>(identities: readonly One[]): readonly One[] {
  const rank = (one: One): number => (one.status === 'revoked' ? kinds.length : 0) + kinds.indexOf(one.kind)
  return [...identities].sort((a, b) => rank(a) - rank(b) || a.createdMs - b.createdMs)
}

export type Doings = {
  readonly canUse: boolean
  readonly canRotate: boolean
  /** Why it cannot be ended; absent where it can. */
  readonly keptBy?: 'root' | 'child' | 'revoked'
  /** Whether its address stays the same when its keys change. */
  readonly keepsAddress: boolean
}

/** As the node will answer, so that nothing is offered that it refuses. */
export function doingsOf({ kind, status, isCurrent, child }: KnownIdentity): Doings {
  const isActive = status === 'active'
  const isElsewhere = child?.side === 'guardian'
  const keptBy = !isActive
    ? 'revoked'
    : kind === 'root'
      ? 'root'
      : child?.side === 'child'
        ? 'child'
        : undefined
  return {
    canUse: isActive && !isCurrent && !isElsewhere,
    canRotate: isActive && child === undefined,
    keepsAddress: kind === 'root' || kind === 'organisation',
    ...(keptBy === undefined ? {} : { keptBy }),
  }
}
