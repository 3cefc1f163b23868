import { Fault } from '@anarq/fault'

/** One condition of RFC 4918, section 10.4: a lock token, or an entity tag. */
export type IfCondition = { readonly isNot: boolean } & (
  | { readonly token: string }
  | { readonly etag: string }
)

/** Conditions that hold together or not at all, of one resource; undefined: the one that is asked for. */
export type IfList = { readonly resource: string | undefined; readonly conditions: readonly IfCondition[] }

/** What is true of a resource. */
export type IfState = { readonly etag: string | undefined; readonly tokens: ReadonlySet<string> }

const charactersMax = 8192
const pattern = /\s*(?:(<[^<>\s]*>)|(\()|(\))|(Not(?=[\s<[]))|\[((?:W\/)?"[^"]*")\])/iy

/** `invalid.header` for what is no If header. */
export function parseIf(header: string): IfList[] {
  if (header.length > charactersMax) throw malformed()
  const lists: IfList[] = []
  let resource: string | undefined
  let tagged = 0
  let open: IfCondition[] | undefined
  let isNot = false
  let isTagUsed = true
  pattern.lastIndex = 0
  const text = header.trimEnd()
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text)
    if (match === null) throw malformed()
    const [, coded, begin, end, not, etag] = match
    if (begin !== undefined) {
      if (open !== undefined) throw malformed()
      open = []
    } else if (open === undefined) {
      // Between lists only the name of the resource of the next ones stands.
      const isTag = coded !== undefined && isTagUsed && (lists.length === 0 || tagged > 0)
      if (!isTag) throw malformed()
      resource = coded.slice(1, -1)
      tagged += 1
      isTagUsed = false
    } else if (end !== undefined) {
      if (isNot || open.length === 0) throw malformed()
      lists.push({ resource, conditions: open })
      open = undefined
      isTagUsed = true
    } else if (not !== undefined) {
      if (isNot) throw malformed()
      isNot = true
    } else {
      open.push(coded === undefined ? { isNot, etag: etag as string } : { isNot, token: coded.slice(1, -1) })
      isNot = false
    }
  }
  if (open !== undefined || !isTagUsed || lists.length === 0) throw malformed()
  return lists
}

/** Whether one list holds, every condition of it. */
export function ifHolds(
  lists: readonly IfList[],
  stateOf: (resource: string | undefined) => IfState,
): boolean {
  return lists.some(({ resource, conditions }) => {
    const state = stateOf(resource)
    return conditions.every((one) => {
      const isMatch = 'token' in one ? state.tokens.has(one.token) : state.etag === one.etag
      return isMatch !== one.isNot
    })
  })
}

/** The lock tokens that the client says it holds. */
export function tokensOf(lists: readonly IfList[]): ReadonlySet<string> {
  const tokens = lists.flatMap(({ conditions }) =>
    conditions.flatMap((one) => ('token' in one && !one.isNot ? [one.token] : [])),
  )
  return new Set(tokens)
}

function malformed(): Fault {
  return new Fault('invalid.header', 'The If header of this request is none that RFC 4918 knows.')
}
