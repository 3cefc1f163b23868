import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { condensed, diffLines } from '../ui/logic/diff.ts'
import { diskFactsOf, sealedWordsOf } from '../ui/logic/disk.ts'
import type { Grant } from '../ui/logic/entry.ts'
import { type Block, type Inline, parseInline, parseMarkdown, safeHref } from '../ui/logic/markdown.ts'
import { emptyShare, grantsOf, pingFileName, requestOf } from '../ui/logic/sharing.ts'

test('a comparison turns the text before into the text after, whatever they are', () => {
  const text = fc
    .array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 30 })
    .map((lines) => lines.map((line) => `${line}\n`).join(''))
  fc.assert(
    fc.property(text, text, (before, after) => {
      const lines = diffLines(before, after)
      assert.ok(lines)
      const side = (drop: string) =>
        lines
          .filter(({ kind }) => kind !== drop)
          .map((line) => `${line.text}\n`)
          .join('')
      assert.equal(side('added'), before)
      assert.equal(side('removed'), after)
    }),
  )
})

test('a comparison is as short as it can be, shows what changed, and says how much it left out', () => {
  const before = Array.from({ length: 40 }, (_, i) => `line ${i}`)
  const after = before.with(20, 'another line')
  const parts = condensed(diffLines(before.join('\n'), after.join('\n')) ?? [])
  assert.deepEqual(parts[0], { kind: 'gap', lines: 17 })
  assert.equal(parts.filter(({ kind }) => kind === 'added' || kind === 'removed').length, 2)
  assert.equal(diffLines('x\n'.repeat(30_000), ''), undefined)
})

test('Markdown becomes a tree: headings, lists, tasks, quotes, code, tables, emphasis', () => {
  const blocks = parseMarkdown(
    '# One\n\ntext **strong** *and* `code`\n\n- [x] done\n- open\n\n> said\n\n```\n# no heading\n```\n\n|a|b|\n|-|-|\n|1|2|\n',
  )
  assert.deepEqual(
    blocks.map(({ kind }) => kind),
    ['heading', 'paragraph', 'list', 'quote', 'code', 'table'],
  )
  assert.equal((blocks[4] as { text: string }).text, '# no heading')
  assert.deepEqual(parseInline('a **b** snake_case_word')[1], {
    kind: 'strong',
    inside: [{ kind: 'text', text: 'b' }],
  })
  assert.equal(parseInline('snake_case_word').length, 1)
})

test('no Markdown makes an address that runs, and markup stays text', () => {
  for (const href of [
    'javascript:alert(1)',
    ' JaVaScRiPt:x',
    'data:text/html,x',
    'vbscript:x',
    '//evil.example',
    'blob:x',
  ])
    assert.equal(safeHref(href), undefined, href)
  assert.deepEqual(parseInline('[x](javascript:alert(1))')[0], {
    kind: 'link',
    href: undefined,
    inside: [{ kind: 'text', text: 'x' }],
  })
  assert.deepEqual(parseMarkdown('<script>alert(1)</script>'), [
    { kind: 'paragraph', inside: [{ kind: 'text', text: '<script>alert(1)</script>' }] },
  ])
  fc.assert(
    fc.property(
      fc.string({ maxLength: 200, unit: fc.constantFrom(...'*_`[]()<>#->|~! \n\\ab1.:/') }),
      (text) => {
        for (const href of hrefsOf(parseMarkdown(text))) assert.match(href, /^(https?:\/\/|mailto:)/i)
      },
    ),
    { numRuns: 500 },
  )
})

function hrefsOf(blocks: readonly Block[]): string[] {
  const found: string[] = []
  const look = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(look)
    else if (typeof value === 'object' && value !== null) {
      const { kind, href } = value as Inline & { href?: string }
      if (kind === 'link' && href !== undefined) found.push(href)
      Object.values(value).forEach(look)
    }
  }
  look(blocks)
  return found
}

test('a document of any depth comes to an end', () => {
  parseMarkdown('> '.repeat(5000))
  parseMarkdown(`${'['.repeat(3000)}x${']('.repeat(3000)}`)
})

test('[AQ-QDRIVE-3] what the disk has is computed from the versions, and the words that lie sealed are not in it', () => {
  const version = {
    version: 2,
    cid: 'bafy1',
    bytes: 100,
    storedBytes: 60,
    modifiedMs: 0,
    savedMs: 5,
    isLatest: true,
  }
  const facts = diskFactsOf([version, { ...version, version: 1, isLatest: false, storedBytes: 40 }])
  assert.deepEqual(facts, {
    versions: 2,
    contentBytes: 200,
    storedBytes: 100,
    ratio: 0.6,
    cid: 'bafy1',
    savedMs: 5,
  })
  const words = sealedWordsOf(
    { name: 'secret.txt', path: '/a/secret.txt', type: 'text/plain', tags: [] },
    facts,
  )
  assert.deepEqual(
    words.map(({ what }) => what),
    ['name', 'path', 'type'],
  )
  // Nothing is claimed of a word that the name on the disk would show.
  assert.ok(
    !sealedWordsOf({ name: 'bafy1', path: '/bafy1', type: '', tags: [] }, facts).some(
      ({ what }) => what === 'name',
    ),
  )
  assert.equal(diskFactsOf([]).ratio, undefined)
})

test('the share form asks exactly for what it says, or names the field that is wrong', () => {
  const at = { path: '/a' }
  assert.equal(requestOf(at, emptyShare, 0), 'with')
  assert.deepEqual(requestOf(at, { ...emptyShare, with: ' Bea ', until: 'always' }, 0), {
    path: '/a',
    with: 'Bea',
    rights: ['read'],
  })
  assert.deepEqual(
    requestOf(
      at,
      { ...emptyShare, with: 'Bea', canWrite: true, until: 'day', uses: '3', purpose: ' tax ' },
      1000,
    ),
    {
      path: '/a',
      with: 'Bea',
      rights: ['read', 'write'],
      untilMs: 86_401_000,
      uses: 3,
      purpose: 'tax',
    },
  )
  for (const uses of ['0', '-1', '1.5', 'x'])
    assert.equal(requestOf(at, { ...emptyShare, with: 'B', uses }, 0), 'uses')
  for (const date of ['', '1999-01-01', '2026-13-45', 'x'])
    assert.equal(
      requestOf(at, { ...emptyShare, with: 'B', until: 'date', date }, Date.UTC(2026, 0, 1)),
      'date',
    )
})

test('what stands and what is past are told apart, for one thing and by me', () => {
  const grant = (more: Partial<Grant>) =>
    ({ object: 'o', direction: 'out', state: 'active', ...more }) as Grant
  const { standing, past } = grantsOf('o', [
    grant({}),
    grant({ state: 'revoked' }),
    grant({ object: 'x' }),
    grant({ direction: 'in' }),
  ])
  assert.deepEqual([standing.length, past.length], [1, 1])
  assert.equal(pingFileName('a/b:c'), 'a_b_c.ping')
})
