import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '@anarq/fault'
import { type DraftManifest, parseDraft, parsePermission, permissionsMax } from '@anarq/wxa'
import { draft } from './apps.ts'

const whole: DraftManifest = {
  ...draft(),
  ui: { kind: 'component', entry: 'ui/app.ts' },
  backend: { entry: 'backend/main.mjs' },
  routes: ['/notes', '/notes/:id'],
  defaultSize: { width: 900, height: 600 },
  languages: ['en', 'es', 'pt-BR', 'zh-Hant-TW'],
  minimumSystem: '0.1.0',
  publisher: { name: 'Ada Works' },
}

test('[WX-DEV-1] a draft with everything that a manifest can say is read as it is', () => {
  assert.deepEqual(parseDraft(JSON.stringify(whole, undefined, 2)), whole)
})

test('[WX-DEV-2] a field that is missing is refused, and named', () => {
  for (const name of [
    'manifest',
    'id',
    'name',
    'version',
    'category',
    'description',
    'permissions',
    'icon',
  ]) {
    const { [name as 'id']: _, ...rest } = draft()
    const fault = faultOf(rest)
    assert.equal(fault.code, 'invalid.manifest')
    assert.equal(fault.data.field, name)
    assert.match(fault.message, new RegExp(`"${name}".*missing`))
  }
})

const long = 'x'.repeat(600)
const bad: readonly (readonly [field: string, change: object])[] = [
  ['manifest', { manifest: 2 }],
  ['manifest', { manifest: '1' }],
  ['licence', { licence: 'MIT' }],
  ['__proto__', JSON.parse('{"__proto__": {"x": 1}}')],
  ['files', { files: [] }],
  ['signature', { signature: 'x' }],
  ...['notes', 'Org.example.notes', 'org..notes', '.org.notes', 'org.notes.', 'org.-notes', 'org.notes-'].map(
    (id) => ['id', { id }] as const,
  ),
  ...[
    '1org.notes',
    'org.exämple',
    'a.',
    'xn--a.notes',
    'org.xn--80ak6aa92e',
    'con.notes',
    `org.${long}`,
    'a b.c',
    7,
    null,
  ].map((id) => ['id', { id }] as const),
  ...[
    '',
    ' Notes',
    'Notes ',
    'No  tes',
    'x'.repeat(41),
    'a\nb',
    'a\u202eb',
    'a\u200bb',
    'a\u0000',
    'a\u2066b',
    'a\ud800',
    'n\u0303',
    'a\u00adb',
    'a\ufeffb',
    'a\u2028b',
    'a\u3164b',
  ].map((name) => ['name', { name }] as const),
  ...[
    '1',
    '1.2',
    '1.2.3.4',
    'v1.2.3',
    '01.2.3',
    '1.2.3+build',
    '1.2.3-',
    '1.2.3-01',
    '1.2.3-a..b',
    '1234567.0.0',
    1,
  ].map((version) => ['version', { version }] as const),
  ['category', { category: 'toys' }],
  ['description', { description: long }],
  ['description', { description: 'two\nlines' }],
  ['permissions', { permissions: {} }],
  [
    'permissions',
    { permissions: Array.from({ length: permissionsMax + 1 }, (_, i) => ({ id: `a.b${i}`, why: 'x' })) },
  ],
  [
    'permissions',
    {
      permissions: [
        { id: 'drive.read', why: 'x' },
        { id: 'drive.read', why: 'y' },
      ],
    },
  ],
  ['permissions.0', { permissions: ['drive.read'] }],
  ['permissions.0.why', { permissions: [{ id: 'drive.read' }] }],
  ['permissions.0.why', { permissions: [{ id: 'drive.read', why: '' }] }],
  ['permissions.0.why', { permissions: [{ id: 'drive.read', why: 'x'.repeat(201) }] }],
  ['permissions.0.more', { permissions: [{ id: 'drive.read', why: 'x', more: 1 }] }],
  ['permissions.0.id', { permissions: [{ id: 'drive', why: 'x' }] }],
  ['ui.kind', { ui: { kind: 'window', entry: 'ui/index.html' } }],
  ['ui.entry', { ui: { kind: 'frame', entry: 'ui/index.js' } }],
  ['ui.entry', { ui: { kind: 'component', entry: 'ui/index.html' } }],
  ['ui.entry', { ui: { kind: 'component', entry: 'ui/app.tsx' } }],
  ['ui.entry', { ui: { kind: 'frame' } }],
  ['ui', { ui: undefined }],
  ['backend.entry', { backend: { entry: 'main.wasm' } }],
  ['icon', { icon: 'icon.ico' }],
  ['icon', { icon: 7 }],
  ['routes', { routes: ['/notes'] }],
  ...['notes', '/', '/a//b', '/../x', '/a/', '/.', '/:', '/a?b', '/a b', `/${long}`].map(
    (route) => ['routes.0', { backend: { entry: 'main.js' }, routes: [route] }] as const,
  ),
  ['routes', { backend: { entry: 'main.js' }, routes: [] }],
  ['routes', { backend: { entry: 'main.js' }, routes: ['/a', '/a'] }],
  ['defaultSize.width', { defaultSize: { width: 10, height: 400 } }],
  ['defaultSize.height', { defaultSize: { width: 400, height: 400.5 } }],
  ['defaultSize.depth', { defaultSize: { width: 400, height: 400, depth: 1 } }],
  ['languages.0', { languages: ['English'] }],
  ['languages', { languages: ['en', 'en'] }],
  ['minimumSystem', { minimumSystem: '1' }],
  ['publisher.did', { publisher: { name: 'Ada', did: 'did:x:y' } }],
  ['publisher.name', { publisher: { name: 'A\u202e' } }],
]

for (const [field, change] of bad) {
  test(`[WX-DEV-2] a bad "${field}" is refused with the reason: ${JSON.stringify(change).slice(0, 70)}`, () => {
    const made = Object.assign(Object.create(null), draft(), change)
    if (Object.hasOwn(change, '__proto__'))
      Object.defineProperty(made, '__proto__', { value: 1, enumerable: true })
    const fault = faultOf(made)
    assert.deepEqual([fault.code, fault.data.field], ['invalid.manifest', field])
    assert.ok(fault.message.length > 20)
  })
}

test('names in other scripts, with marks and with joined emoji, are names', () => {
  for (const name of ['Notas rápidas', 'Заметки', 'ノート', 'ملاحظات', 'नोट्स', '👩‍💻 Notes', 'x'.repeat(40)])
    assert.equal(parseDraft(JSON.stringify({ ...draft(), name })).name, name)
})

test('[WX-DEV-2] text that is no JSON is refused', () => {
  for (const text of ['', '{', 'null', '[]', '"x"'])
    assert.throws(() => parseDraft(text), { code: 'invalid.manifest' }, text)
})

const permissions: readonly (readonly [id: string, isGood: boolean])[] = [
  ['drive.read', true],
  ['drive.write:/notes/2026', true],
  ['identity.read', true],
  ['network:api.example.org', true],
  ['network:*.example.org', true],
  ['network:api.example.org:8443', true],
  ['network:*', true],
  ['network.fetch', true],
  ['vendor.thing.deep:any scope', true],
  ['drive', false],
  ['Drive.read', false],
  ['drive.', false],
  ['.read', false],
  ['drive..read', false],
  ['drive.read:', false],
  ['drive.read: x', false],
  ['drive.read:a\u202eb', false],
  ['network:API.example.org', false],
  ['network:еxample.org', false],
  ['network:localhost', false],
  ['network:http://example.org', false],
  ['network:example.org/path', false],
  [`drive.read:${'x'.repeat(200)}`, false],
]

for (const [id, isGood] of permissions) {
  test(`the permission ${JSON.stringify(id.slice(0, 40))} is ${isGood ? '' : 'not '}in the grammar`, () => {
    assert.equal(parsePermission(id) !== undefined, isGood)
  })
}

function faultOf(value: unknown): Fault {
  try {
    parseDraft(JSON.stringify(value))
  } catch (error) {
    if (error instanceof Fault) return error
    throw error
  }
  throw new Error('it was taken')
}
