import type { EntryProperty, PropertyName } from '@anarq/kernel'
import { bodyOf, type Call, globalPath, need } from '../call.ts'
import { checkConditions, checkIf, checkLocks } from '../conditions.ts'
import { hrefOf } from '../paths.ts'
import { isProtected, timeSetBy } from '../properties.ts'
import { refusal, xmlType } from '../refusal.ts'
import { childOf, elementsOf, isDav, textOf, type XmlElement } from '../xml/element.ts'
import { parseXml } from '../xml/parse.ts'
import { escapeXml, writeElement, writeNamed, xmlHead } from '../xml/write.ts'
import { propstat } from './propfind.ts'

/** One instruction of a PROPPATCH, in its order (RFC 4918, section 9.2). */
type Instruction = { readonly name: PropertyName } & (
  | { readonly kind: 'set'; readonly value: string }
  | { readonly kind: 'remove' }
  | { readonly kind: 'time'; readonly ms: number }
  | { readonly kind: 'refused'; readonly status: 403 | 409; readonly condition?: string }
)

export async function proppatch(call: Call): Promise<void> {
  const { request, answer, drive, door, path } = call
  const instructions = instructionsOf(await parseXml(bodyOf(call)))
  const there = await door.turns.take([globalPath(call, path)], async () => {
    const found = await need(call)
    checkConditions(request, found)
    checkLocks(call, { path, isDeep: false, isMembership: false }, await checkIf(call))
    // All or nothing.
    if (!instructions.some(({ kind }) => kind === 'refused')) await drive.change(path, changeOf(instructions))
    return found
  })
  const href = hrefOf(door.prefix, there.path, there.kind === 'folder')
  answer.writeHead(207, { 'content-type': xmlType })
  answer.end(
    `${xmlHead}<D:multistatus xmlns:D="DAV:"><D:response><D:href>${escapeXml(href)}</D:href>${outcomes(instructions)}</D:response></D:multistatus>\n`,
  )
}

function changeOf(instructions: readonly Instruction[]) {
  const last = new Map<string, Instruction>()
  for (const one of instructions) last.set(`${one.name.namespace}\u0000${one.name.name}`, one)
  const set: EntryProperty[] = []
  const remove: PropertyName[] = []
  let modifiedMs: number | undefined
  for (const one of last.values()) {
    if (one.kind === 'set') set.push({ ...one.name, value: one.value })
    else if (one.kind === 'remove') remove.push(one.name)
    else if (one.kind === 'time') modifiedMs = one.ms
  }
  return { set, remove, modifiedMs }
}

function outcomes(instructions: readonly Instruction[]): string {
  const refused = instructions.filter((one) => one.kind === 'refused')
  const written = instructions.filter((one) => one.kind !== 'refused').map(({ name }) => writeNamed(name))
  if (refused.length === 0) return propstat(200, written)
  const why = refused.map(({ name, status, condition }) =>
    propstat(
      status,
      [writeNamed(name)],
      condition === undefined ? '' : `<D:error><D:${condition}/></D:error>`,
    ),
  )
  return `${why.join('')}${written.length === 0 ? '' : propstat(424, written)}`
}

function instructionsOf(root: XmlElement | undefined): Instruction[] {
  if (root === undefined || !isDav(root, 'propertyupdate')) throw malformed('it is no propertyupdate')
  const all = elementsOf(root).flatMap((step) => {
    const isSet = isDav(step, 'set')
    if (!isSet && !isDav(step, 'remove')) return []
    const prop = childOf(step, 'prop')
    if (prop === undefined) throw malformed('a step of it names no property')
    return elementsOf(prop).map((property) => instructionOf(property, isSet))
  })
  if (all.length === 0) throw malformed('it changes nothing')
  return all
}

function instructionOf(property: XmlElement, isSet: boolean): Instruction {
  const name = { namespace: property.namespace, name: property.name }
  if (isProtected(name))
    return { name, kind: 'refused', status: 403, condition: 'cannot-modify-protected-property' }
  const ms = timeSetBy(name, isSet ? textOf(property) : '')
  if (!isSet) return { name, kind: 'remove' }
  if (ms === 'invalid') return { name, kind: 'refused', status: 409 }
  return ms === undefined ? { name, kind: 'set', value: writeElement(property) } : { name, kind: 'time', ms }
}

function malformed(reason: string): Error {
  return refusal(400, 'invalid.xml', `This PROPPATCH cannot be read: ${reason}.`)
}
