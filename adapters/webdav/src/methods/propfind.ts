import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { EntryDetails, PropertyName } from '@anarq/kernel'
import { bodyOf, type Call, depthOf, need } from '../call.ts'
import { checkIf } from '../conditions.ts'
import { hrefOf } from '../paths.ts'
import {
  allProperties,
  type Found,
  isQuota,
  namesOf,
  type PropertyContext,
  propertyOf,
} from '../properties.ts'
import { refusal, statusLine, xmlType } from '../refusal.ts'
import { childOf, elementsOf, isDav, type XmlElement } from '../xml/element.ts'
import { parseXml } from '../xml/parse.ts'
import { escapeXml, writeNamed, xmlHead } from '../xml/write.ts'

/** What a PROPFIND asks for (RFC 4918, section 9.1). */
type Wanted =
  | { readonly kind: 'names' }
  | { readonly kind: 'all'; readonly include: readonly PropertyName[] }
  | { readonly kind: 'these'; readonly names: readonly PropertyName[] }

const namesMax = 500

export async function propfind(call: Call): Promise<void> {
  const { request, answer, door } = call
  const depth = depthOf(request, 'infinity')
  const wanted = wantedOf(await parseXml(bodyOf(call)))
  const there = await need(call)
  await checkIf(call)
  if (depth === 'infinity' && there.kind === 'folder')
    throw refusal(403, 'refused.depth', 'A folder is not listed with everything below: ask with Depth 1.', {
      condition: 'propfind-finite-depth',
    })
  const context: PropertyContext = { call, quota: asksForQuota(wanted) ? await door.quota() : undefined }
  answer.writeHead(207, { 'content-type': xmlType })
  await pipeline(Readable.from(multistatus({ there, wanted, context, depth })), answer)
}

/** Streamed: a folder of any size needs no more memory than one thing in it. */
async function* multistatus({
  there,
  wanted,
  context,
  depth,
}: {
  there: EntryDetails
  wanted: Wanted
  context: PropertyContext
  depth: 0 | 1 | 'infinity'
}): AsyncIterable<string> {
  yield `${xmlHead}<D:multistatus xmlns:D="DAV:">${responseOf(there, wanted, context)}`
  if (depth === 1 && there.kind === 'folder')
    for await (const child of context.call.drive.detailsIn(there.path))
      yield responseOf(child, wanted, context)
  yield '</D:multistatus>\n'
}

function responseOf(there: EntryDetails, wanted: Wanted, context: PropertyContext): string {
  const href = hrefOf(context.call.door.prefix, there.path, there.kind === 'folder')
  return `<D:response><D:href>${escapeXml(href)}</D:href>${statsOf(there, wanted, context)}</D:response>`
}

function statsOf(there: EntryDetails, wanted: Wanted, context: PropertyContext): string {
  switch (wanted.kind) {
    case 'names':
      return propstat(
        200,
        namesOf(there, context).map((name) => writeNamed(name)),
      )
    case 'all': {
      const all = allProperties(there, context)
      const more = wanted.include.flatMap((name) => propertyOf(there, name, context) ?? [])
      return propstat(
        200,
        [...all, ...more.filter((one) => !isAmong(all, one))].map(({ xml }) => xml),
      )
    }
    case 'these': {
      const found = wanted.names.map((name) => propertyOf(there, name, context))
      const absent = wanted.names.filter((_, i) => found[i] === undefined)
      const good = found.flatMap((one) => (one === undefined ? [] : [one.xml]))
      return [
        good.length > 0 || absent.length === 0 ? propstat(200, good) : '',
        absent.length > 0
          ? propstat(
              404,
              absent.map((name) => writeNamed(name)),
            )
          : '',
      ].join('')
    }
    default:
      return wanted satisfies never
  }
}

function isAmong(all: readonly Found[], { name }: Found): boolean {
  return all.some((one) => one.name.name === name.name && one.name.namespace === name.namespace)
}

export function propstat(status: number, properties: readonly string[], more: string = ''): string {
  return `<D:propstat><D:prop>${properties.join('')}</D:prop><D:status>${statusLine(status)}</D:status>${more}</D:propstat>`
}

function wantedOf(root: XmlElement | undefined): Wanted {
  if (root === undefined) return { kind: 'all', include: [] }
  if (!isDav(root, 'propfind')) throw malformed('it is no propfind')
  const kinds = ['prop', 'allprop', 'propname'].filter((name) => childOf(root, name) !== undefined)
  const [kind] = kinds
  if (kinds.length !== 1) throw malformed('it asks for one of prop, allprop and propname')
  if (kind === 'propname') return { kind: 'names' }
  if (kind === 'allprop') return { kind: 'all', include: namesIn(childOf(root, 'include')) }
  return { kind: 'these', names: namesIn(childOf(root, 'prop')) }
}

function asksForQuota(wanted: Wanted): boolean {
  if (wanted.kind === 'names') return false
  return (wanted.kind === 'all' ? wanted.include : wanted.names).some(isQuota)
}

function namesIn(element: XmlElement | undefined): PropertyName[] {
  const names = element === undefined ? [] : elementsOf(element)
  if (names.length > namesMax) throw malformed(`it names more than ${namesMax} properties`)
  return names.map(({ namespace, name }) => ({ namespace, name }))
}

function malformed(reason: string): Error {
  return refusal(400, 'invalid.xml', `This PROPFIND cannot be read: ${reason}.`)
}
