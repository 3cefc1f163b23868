import type { EntryDetails, PropertyName } from '@anarq/kernel'
import { type Call, globalPath, hrefOfGlobal, type Quota } from './call.ts'
import { type Lock, locksOn, withoutExpired } from './locks.ts'
import { davNamespace } from './xml/element.ts'
import { parseXmlText } from './xml/parse.ts'
import { escapeXml, writeElement, writeNamed } from './xml/write.ts'

export const windowsNamespace = 'urn:schemas-microsoft-com:'

/** What properties are made from, beside the thing itself. */
export type PropertyContext = { readonly call: Call; readonly quota: Quota | undefined }

type Live = (there: EntryDetails, context: PropertyContext) => string | undefined

/** Properties that this door makes (RFC 4918, section 15; RFC 4331); undefined where a thing has none. */
const live: Readonly<Record<string, Live>> = {
  creationdate: ({ createdMs, modifiedMs }) => isoTime(createdMs || modifiedMs),
  displayname: ({ name }) => escapeXml(name),
  getcontentlength: ({ kind, bytes }) => (kind === 'file' ? String(bytes) : undefined),
  getcontenttype: ({ kind, type }) =>
    kind === 'file' ? escapeXml(type || 'application/octet-stream') : undefined,
  getetag: ({ etag }) => (etag === undefined ? undefined : escapeXml(etag)),
  getlastmodified: ({ modifiedMs }) => httpTime(modifiedMs),
  resourcetype: ({ kind }) => (kind === 'folder' ? '<D:collection/>' : ''),
  supportedlock: () => supportedLock,
  lockdiscovery: (there, { call }) => lockDiscovery(call, there.path),
}
const quotas: Readonly<Record<string, (quota: Quota) => number>> = {
  'quota-available-bytes': ({ availableBytes }) => availableBytes,
  'quota-used-bytes': ({ usedBytes }) => usedBytes,
}

export type Found = { readonly name: PropertyName; readonly xml: string }

/** A property with its element; undefined where there is none of that name. */
export function propertyOf(
  there: EntryDetails,
  name: PropertyName,
  context: PropertyContext,
): Found | undefined {
  const kept = there.properties.find((one) => one.namespace === name.namespace && one.name === name.name)
  if (kept !== undefined) return { name, xml: keptXml(kept) }
  const inside = liveValue(there, name, context)
  return inside === undefined ? undefined : { name, xml: writeNamed(name, inside) }
}

/** For `allprop`: those of RFC 4918 and those that tools keep. A quota is given only when asked for (RFC 4331, section 2). */
export function allProperties(there: EntryDetails, context: PropertyContext): Found[] {
  return namesOf(there, context).flatMap((name) => propertyOf(there, name, context) ?? [])
}

export function namesOf(there: EntryDetails, context: PropertyContext): PropertyName[] {
  const kept = there.properties.map(({ namespace, name }) => ({ namespace, name }))
  const made = Object.keys(live)
    .filter((name) => live[name]?.(there, context) !== undefined)
    .map((name) => ({ namespace: davNamespace, name }))
    .filter((one) => !kept.some(({ namespace, name }) => namespace === davNamespace && name === one.name))
  return [...made, ...kept]
}

/** Whether a property is this door's own, which nobody may set. */
export function isProtected({ namespace, name }: PropertyName): boolean {
  const isMade = namespace === davNamespace && Object.hasOwn(live, name) && !settable.has(name)
  return isMade || isQuota({ namespace, name })
}

export function isQuota({ namespace, name }: PropertyName): boolean {
  return namespace === davNamespace && Object.hasOwn(quotas, name)
}

/** A name to show, and a time, are the client's to say. */
const settable: ReadonlySet<string> = new Set(['displayname', 'getlastmodified'])

/** The time that a property sets, by whatever name its client has for it; undefined where it is none of these. */
export function timeSetBy({ namespace, name }: PropertyName, text: string): number | 'invalid' | undefined {
  const value = text.trim()
  const isSeconds = namespace === davNamespace && name === 'lastmodified'
  const isDate =
    (namespace === davNamespace && name === 'getlastmodified') ||
    (namespace === windowsNamespace && name === 'Win32LastModifiedTime')
  if (!isSeconds && !isDate) return undefined
  if (isSeconds) return /^\d{1,12}(?:\.\d{1,9})?$/.test(value) ? Math.round(Number(value) * 1000) : 'invalid'
  const ms = Date.parse(value)
  return Number.isNaN(ms) || ms < 0 ? 'invalid' : ms
}

function liveValue(
  there: EntryDetails,
  { namespace, name }: PropertyName,
  context: PropertyContext,
): string | undefined {
  if (namespace === windowsNamespace && name === 'Win32LastModifiedTime') return httpTime(there.modifiedMs)
  if (namespace !== davNamespace) return undefined
  if (name === 'lastmodified') return String(Math.floor(there.modifiedMs / 1000))
  const { quota } = context
  if (Object.hasOwn(quotas, name) && there.kind === 'folder' && quota !== undefined)
    return String(Math.max(0, Math.trunc(quotas[name]?.(quota) ?? 0)))
  return Object.hasOwn(live, name) ? live[name]?.(there, context) : undefined
}

/** As it was set; what is no XML any more is shown as text. */
function keptXml({ namespace, name, value }: PropertyName & { value: string }): string {
  try {
    const element = parseXmlText(value)
    if (element.namespace === namespace && element.name === name) return writeElement(element)
  } catch {
    // Kept by something else than this door.
  }
  return writeNamed({ namespace, name }, escapeXml(value))
}

const supportedLock = ['exclusive', 'shared']
  .map(
    (scope) =>
      `<D:lockentry><D:lockscope><D:${scope}/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockentry>`,
  )
  .join('')

export function lockDiscovery(call: Call, path: string): string {
  const { locks, clock } = call.door
  const nowMs = clock.nowMs()
  return locksOn(withoutExpired(locks, nowMs), globalPath(call, path))
    .map((lock) => activeLock(call, lock, nowMs))
    .join('')
}

function activeLock(call: Call, { token, root, isDeep, scope, owner, untilMs }: Lock, nowMs: number): string {
  return [
    '<D:activelock><D:locktype><D:write/></D:locktype>',
    `<D:lockscope><D:${scope}/></D:lockscope>`,
    `<D:depth>${isDeep ? 'infinity' : '0'}</D:depth>`,
    owner === '' ? '' : owner,
    `<D:timeout>Second-${Math.max(1, Math.round((untilMs - nowMs) / 1000))}</D:timeout>`,
    `<D:locktoken><D:href>${escapeXml(token)}</D:href></D:locktoken>`,
    `<D:lockroot><D:href>${escapeXml(hrefOfGlobal(call, root))}</D:href></D:lockroot></D:activelock>`,
  ].join('')
}

/** The last moment that a date can be (ECMA-262, section 21.4.1.1) is still more than HTTP can say. */
const timeMsMax = Date.UTC(9999, 11, 31, 23, 59, 59)

export function httpTime(ms: number): string {
  return new Date(Math.min(Math.max(0, ms), timeMsMax)).toUTCString()
}

function isoTime(ms: number): string {
  return new Date(Math.min(Math.max(0, ms), timeMsMax)).toISOString().replace(/\.\d{3}Z$/, 'Z')
}
