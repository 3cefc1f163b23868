import { Fault } from '@anarq/fault'
import { SaxesParser, type SaxesTagNS } from 'saxes'
import type { XmlElement } from './element.ts'

export type XmlLimits = {
  readonly bytesMax: number
  readonly depthMax: number
  readonly elementsMax: number
  readonly attributesMax: number
}

/** Room for the largest request that a client makes; entities and document types are not taken at all. */
export const xmlLimits: XmlLimits = {
  bytesMax: 524_288,
  depthMax: 64,
  elementsMax: 5000,
  attributesMax: 64,
}

/** The root element of a document in UTF-8; undefined for an empty one. `invalid.xml` and `limit.xml`. */
export async function parseXml(
  pieces: AsyncIterable<Uint8Array>,
  limits: XmlLimits = xmlLimits,
): Promise<XmlElement | undefined> {
  const tree = createTree(limits)
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let bytes = 0
  for await (const piece of pieces) {
    bytes += piece.length
    if (bytes > limits.bytesMax)
      throw new Fault('limit.xml', `An XML body has at most ${limits.bytesMax} bytes.`)
    tree.write(decoded(decoder, piece))
  }
  if (bytes === 0) return undefined
  tree.write(decoded(decoder))
  return tree.end()
}

export function parseXmlText(text: string): XmlElement {
  const tree = createTree(xmlLimits)
  tree.write(text)
  return tree.end()
}

type Growing = Omit<XmlElement, 'children'> & { children: (Growing | string)[] }

function createTree(limits: XmlLimits): { write(text: string): void; end(): XmlElement } {
  const parser = new SaxesParser({ xmlns: true, position: false })
  const open: Growing[] = []
  let root: Growing | undefined
  let elements = 0
  parser.on('error', ({ message }) => {
    throw malformed(message)
  })
  parser.on('doctype', () => {
    throw malformed('it declares a document type, which is not taken here')
  })
  parser.on('xmldecl', ({ encoding }) => {
    if (encoding !== undefined && encoding.toLowerCase() !== 'utf-8')
      throw malformed(`it is in ${encoding.slice(0, 40)}; send UTF-8`)
  })
  parser.on('opentag', (tag) => {
    elements += 1
    if (elements > limits.elementsMax || open.length >= limits.depthMax)
      throw new Fault(
        'limit.xml',
        `An XML body has at most ${limits.elementsMax} elements, ${limits.depthMax} deep.`,
      )
    const parent = open.at(-1)
    const element = elementOf(tag, parent, limits)
    if (parent === undefined) root = element
    else parent.children.push(element)
    open.push(element)
  })
  parser.on('closetag', () => void open.pop())
  const onText = (text: string): void => void open.at(-1)?.children.push(text)
  parser.on('text', onText)
  parser.on('cdata', onText)
  return {
    write: (text) => void parser.write(text),
    end() {
      parser.close()
      if (root === undefined) throw malformed('it is empty')
      return root
    },
  }
}

function elementOf(
  { uri, local, prefix, attributes, ns }: SaxesTagNS,
  parent: Growing | undefined,
  { attributesMax }: XmlLimits,
): Growing {
  const all = Object.values(attributes)
  if (all.length > attributesMax)
    throw new Fault('limit.xml', `An XML element has at most ${attributesMax} attributes.`)
  const own = all.filter(({ prefix: of, name }) => of !== 'xmlns' && name !== 'xmlns')
  const language = own.find(({ name }) => name === 'xml:lang')?.value ?? parent?.language
  return {
    namespace: uri,
    name: local,
    prefix,
    declared: { ...ns },
    attributes: own.map((one) => ({
      namespace: one.uri,
      name: one.local,
      prefix: one.prefix,
      value: one.value,
    })),
    language,
    children: [],
  }
}

function decoded(decoder: TextDecoder, piece?: Uint8Array): string {
  try {
    return piece === undefined ? decoder.decode() : decoder.decode(piece, { stream: true })
  } catch (error) {
    throw malformed('it is not UTF-8', error)
  }
}

function malformed(reason: string, cause?: unknown): Fault {
  return new Fault('invalid.xml', `The XML of this request cannot be read: ${reason.replace(/\.$/, '')}.`, {
    cause,
  })
}
