import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasCode } from '@anarq/fault'
import fc from 'fast-check'
import type { XmlElement } from '../src/xml/element.ts'
import { parseXml, parseXmlText, xmlLimits } from '../src/xml/parse.ts'
import { escapeXml, writeElement } from '../src/xml/write.ts'

async function* pieces(text: string | Uint8Array, size = 7): AsyncIterable<Uint8Array> {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const invalid = (error: unknown): boolean => hasCode(error, 'invalid.xml')
const tooMuch = (error: unknown): boolean => hasCode(error, 'limit.xml')

test('XML comes in piece by piece, with its namespaces, also where a piece cuts a character', async () => {
  const text =
    '<?xml version="1.0" encoding="utf-8"?><D:a xmlns:D="DAV:"><b xmlns="urn:ü">é𝄞</b><!-- x --></D:a>'
  for (const size of [1, 2, 3, 1000]) {
    const root = await parseXml(pieces(text, size))
    assert.deepEqual([root?.namespace, root?.name], ['DAV:', 'a'])
    const child = root?.children[0] as XmlElement
    assert.deepEqual([child.namespace, child.name, child.children.join('')], ['urn:ü', 'b', 'é𝄞'])
  }
  assert.equal(await parseXml(pieces('')), undefined)
})

test('a billion laughs are not heard: document types and entities of their own are refused', async () => {
  const laughs = Array.from({ length: 10 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`)
  for (const bad of [
    `<?xml version="1.0"?><!DOCTYPE l [<!ENTITY l0 "lol">${laughs.join('')}]><l>&l10;</l>`,
    '<!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/passwd">]><l>&x;</l>',
    '<!DOCTYPE l SYSTEM "http://127.0.0.1/x.dtd"><l/>',
    '<!DOCTYPE l><l/>',
    '<l>&x;</l>',
  ])
    await assert.rejects(parseXml(pieces(bad)), invalid)
})

test('XML that is too large, too deep, or has too many parts is refused before it is held', async () => {
  let asked = 0
  const endless = (async function* (): AsyncIterable<Uint8Array> {
    yield Buffer.from('<a>')
    for (;;) {
      asked += 1
      yield Buffer.alloc(65_536, 'x')
    }
  })()
  await assert.rejects(parseXml(endless), tooMuch)
  assert.ok(asked <= xmlLimits.bytesMax / 65_536 + 1)
  await assert.rejects(parseXml(pieces('<a>'.repeat(xmlLimits.depthMax + 1), 65_536)), tooMuch)
  await assert.rejects(parseXml(pieces(`<a>${'<b/>'.repeat(xmlLimits.elementsMax)}</a>`, 65_536)), tooMuch)
  const attributes = Array.from({ length: xmlLimits.attributesMax + 1 }, (_, i) => ` a${i}=""`)
  await assert.rejects(parseXml(pieces(`<a${attributes.join('')}/>`, 65_536)), tooMuch)
})

test('what is no XML in UTF-8 is refused', async () => {
  for (const bad of [
    'hello',
    '<a>',
    '<a></b>',
    '<a/><b/>',
    '<a><b></a></b>',
    '<D:a/>',
    '<a xmlns:b=""/>',
    '<a xmlns:xml="urn:x"/>',
    '<a x="1" x="2"/>',
    '<a x=1/>',
    '<a>\u0001</a>',
    '<?xml version="1.0" encoding="utf-16"?><a/>',
    Buffer.from('<a/>', 'utf16le'),
    Buffer.from([0x3c, 0x61, 0x3e, 0xff, 0x3c, 0x2f, 0x61, 0x3e]),
  ])
    await assert.rejects(parseXml(pieces(bad)), invalid, String(bad))
})

test('a value is kept with everything that RFC 4918, section 4.3 names, and means the same wherever it is put', async () => {
  const root = await parseXml(
    pieces(
      '<x:p xmlns:x="urn:x" xmlns="urn:d" xml:lang="es"><x:v a="1&amp;&quot;" x:b="2" xmlns:q="urn:q" t="q:name">a &lt; b<c/><e xmlns=""/></x:v></x:p>',
    ),
  )
  const value = root?.children[0] as XmlElement
  const written = writeElement(value)
  assert.match(written, / xml:lang="es"/)
  assert.match(written, / xmlns:q="urn:q"/)
  const again = parseXmlText(`<D:box xmlns:D="DAV:">${written}</D:box>`).children[0] as XmlElement
  assert.deepEqual(meaningOf(again), meaningOf(value))
})

test('whatever text is put into a document comes out of it again, or as a sign that it could not be', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
      const escaped = escapeXml(text)
      const element = parseXmlText(`<a b="${escaped}">${escaped}</a>`)
      const possible = text
        .toWellFormed()
        .replace(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g, '\uFFFD')
      assert.equal(element.children.join(''), possible)
    }),
  )
})

/** Without what may differ: the prefixes, and where they are declared. */
function meaningOf({ namespace, name, attributes, children, language }: XmlElement): object {
  const facts = attributes
    .filter(({ prefix }) => prefix !== 'xml')
    .map((one) => `${one.namespace} ${one.name} ${one.value}`)
  const inside = children.map((child) => (typeof child === 'string' ? child : meaningOf(child)))
  return { namespace, name, facts: facts.sort(), inside, language }
}
