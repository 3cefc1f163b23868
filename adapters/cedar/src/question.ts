import { Fault } from '@anarq/fault'
import { commandsAbove, type PolicyRequest, type PolicyValue } from '@anarq/qonsent'
import type { CedarValueJson, EntityJson, StatefulAuthorizationCall } from '@cedar-policy/cedar-wasm/nodejs'

export type Question = Omit<StatefulAuthorizationCall, 'preparsedPolicySetId'>

const textCharactersMax = 4096
const entriesMax = 1024
const depthMax = 6
/** Of all values of a question together: strings count their characters, everything else 8. */
const sizeMax = 131_072

type Size = { left: number }

/** The request as Cedar's JSON; `limit.question` or `invalid.question` for what Cedar cannot be told exactly. */
export function questionOf({ subject, action, object, context }: PolicyRequest): Question {
  const size = { left: sizeMax }
  const principal = uidOf('Identity', subject.did, size)
  const resource = uidOf('Object', object.id, size)
  const owner = { __entity: uidOf('Identity', object.owner, size) }
  const folders = object.folders.map((id) => uidOf('Folder', id, size))
  const actions = commandsAbove(action).map((id) => uidOf('Action', id, size))
  const actionUid = uidOf('Action', action, size)
  const entities: EntityJson[] = [
    { uid: principal, attrs: recordOf(subject.attributes, size, 1), parents: [] },
    { uid: actionUid, attrs: {}, parents: actions },
    { uid: resource, attrs: { ...recordOf(object.attributes, size, 1), owner }, parents: folders },
  ]
  return { principal, action: actionUid, resource, context: recordOf(context, size, 1), entities }
}

function jsonOf(value: PolicyValue, size: Size, depth: number): CedarValueJson {
  if (depth > depthMax) throw limit(`values nested deeper than ${depthMax} levels`)
  if (typeof value === 'string') return textOf(value, size)
  spend(size, 8)
  if (typeof value === 'boolean') return value
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) return value
    throw new Fault('invalid.question', 'the request has a number that is not a whole number within 2^53')
  }
  if (isList(value)) {
    if (value.length > entriesMax) throw limit(`lists with more than ${entriesMax} entries`)
    return value.map((entry) => jsonOf(entry, size, depth + 1))
  }
  if (typeof value === 'object' && value !== null) return recordOf(value, size, depth + 1)
  throw new Fault('invalid.question', 'the request has a value that rules cannot ask about')
}

/** Names that begin with `__` are Cedar's own way to spell entities and calls, which no asker may write. */
function recordOf(
  record: Readonly<Record<string, PolicyValue>>,
  size: Size,
  depth: number,
): Record<string, CedarValueJson> {
  const values: Record<string, CedarValueJson> = {}
  for (const [name, value] of Object.entries(record)) {
    if (name.startsWith('__')) throw new Fault('invalid.question', 'the request has a reserved name')
    values[textOf(name, size)] = jsonOf(value, size, depth)
  }
  return values
}

function uidOf(type: string, id: string, size: Size): { type: string; id: string } {
  return { type, id: textOf(id, size) }
}

function textOf(text: string, size: Size): string {
  if (text.length > textCharactersMax) throw limit(`texts with more than ${textCharactersMax} characters`)
  spend(size, text.length)
  return text
}

function spend(size: Size, characters: number): void {
  size.left -= characters
  if (size.left < 0) throw limit('more values than fit')
}

function isList(value: PolicyValue): value is readonly PolicyValue[] {
  return Array.isArray(value)
}

function limit(what: string): Fault {
  return new Fault('limit.question', `the request has ${what}`)
}
