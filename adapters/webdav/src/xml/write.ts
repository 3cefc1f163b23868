import { davNamespace, type XmlElement } from './element.ts'

export const xmlHead = '<?xml version="1.0" encoding="utf-8"?>\n'

/** What no XML 1.0 document can hold (section 2.2), not even escaped. */
const impossible = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu

export function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replace(impossible, '\uFFFD')
    .replace(/[&<>"\r]/g, (found) => `&#${found.charCodeAt(0)};`)
}

/** Prefixes and what they stand for, where an element is written. */
type Scope = Readonly<Record<string, string>>

const outside: Scope = { '': '', xml: 'http://www.w3.org/XML/1998/namespace' }

/** An element that means the same wherever it is put: it declares every prefix that it uses. */
export function writeElement(element: XmlElement): string {
  const hasLanguage = element.attributes.some(({ prefix, name }) => prefix === 'xml' && name === 'lang')
  const { language } = element
  if (language === undefined || hasLanguage) return write(element, outside)
  const lang = { namespace: outside.xml as string, prefix: 'xml', name: 'lang', value: language }
  return write({ ...element, attributes: [...element.attributes, lang] }, outside)
}

function write(element: XmlElement, above: Scope): string {
  const declare: Record<string, string> = {}
  for (const [prefix, namespace] of Object.entries(element.declared))
    if (prefix !== 'xml' && prefix !== 'xmlns' && above[prefix] !== namespace) declare[prefix] = namespace
  const named = [element, ...element.attributes.filter(({ prefix }) => prefix !== '')]
  for (const { prefix, namespace } of named) {
    const isKnown = (declare[prefix] ?? above[prefix]) === namespace
    if (!isKnown) declare[prefix] = namespace
  }
  const scope = { ...above, ...declare }
  const qualified = ({ prefix, name }: { prefix: string; name: string }): string =>
    prefix === '' ? name : `${prefix}:${name}`
  const declarations = Object.entries(declare).map(
    ([prefix, namespace]) => ` xmlns${prefix === '' ? '' : `:${prefix}`}="${escapeXml(namespace)}"`,
  )
  const attributes = element.attributes.map((one) => ` ${qualified(one)}="${escapeXml(one.value)}"`)
  const tag = qualified(element)
  const begin = `<${tag}${declarations.join('')}${attributes.join('')}`
  if (element.children.length === 0) return `${begin}/>`
  const inside = element.children.map((child) =>
    typeof child === 'string' ? escapeXml(child) : write(child, scope),
  )
  return `${begin}>${inside.join('')}</${tag}>`
}

/** A property of this door's own making, inside a document where `D` is DAV. */
export function writeNamed(
  { namespace, name }: { namespace: string; name: string },
  inside: string = '',
): string {
  const isOfDav = namespace === davNamespace
  const tag = isOfDav ? `D:${name}` : name
  const declaration = isOfDav || namespace === '' ? '' : ` xmlns="${escapeXml(namespace)}"`
  return inside === '' ? `<${tag}${declaration}/>` : `<${tag}${declaration}>${inside}</${tag}>`
}
