/** An element as RFC 4918, section 4.3 wants it kept: names with their namespaces, attributes, and what is in it. */
export type XmlElement = {
  /** Empty for none. */
  readonly namespace: string
  readonly name: string
  readonly prefix: string
  /** Prefixes that this element declares: values may use them in names of their own. */
  readonly declared: Readonly<Record<string, string>>
  readonly attributes: readonly XmlAttribute[]
  /** Of `xml:lang`, here or above. */
  readonly language: string | undefined
  readonly children: readonly (XmlElement | string)[]
}

export type XmlAttribute = {
  readonly namespace: string
  readonly name: string
  readonly prefix: string
  readonly value: string
}

export const davNamespace = 'DAV:'

export function isDav(node: XmlElement | string, name: string): node is XmlElement {
  return typeof node !== 'string' && node.namespace === davNamespace && node.name === name
}

export function elementsOf({ children }: XmlElement): XmlElement[] {
  return children.filter((child) => typeof child !== 'string')
}

export function childOf(element: XmlElement, name: string): XmlElement | undefined {
  return elementsOf(element).find((child) => isDav(child, name))
}

export function textOf({ children }: XmlElement): string {
  return children.filter((child) => typeof child === 'string').join('')
}
