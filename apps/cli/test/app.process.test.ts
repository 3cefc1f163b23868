import assert from 'node:assert/strict'
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import type { AuditFacts, IdentityFacts } from '@anarq/kernel'
import { openTestSite, testCertificate } from '@anarq/web/testing'
import { parseFeed, readPackage, verifyFeed } from '@anarq/wxa'
import { openZipFile } from '@anarq/zip'
import { openShell, type Shell } from './shell.ts'

type Facts = {
  readonly saved: string
  readonly id: string
  readonly isSigned: boolean
  readonly publisher?: { readonly did: string; readonly name: string }
  readonly permissions: readonly { readonly id: string; readonly words: string; readonly why: string }[]
  readonly leftOut: readonly string[]
  readonly ui?: { readonly entry: string }
  readonly files: number
}

let shell: Shell
let ada: IdentityFacts

before(async () => {
  shell = await openShell()
  await shell.begin('Ada')
  await shell.up()
  ada = (await shell.json<IdentityFacts[]>(['id', 'list']))[0] as IdentityFacts
})
after(() => shell.close())

async function bytesOf(name: string): Promise<Buffer> {
  return readFile(shell.path(name))
}

async function contentOf(name: string, path: string): Promise<string> {
  const archive = await openZipFile(shell.path(name))
  try {
    const { read } = await readPackage(archive, { nowMs: Date.now(), allowsUnsigned: true })
    return Buffer.from(await read(path)).toString()
  } finally {
    await archive.close()
  }
}

/** A script of a package, as a browser or the sandbox loads it. */
async function moduleOf(name: string, path: string): Promise<{ default: unknown }> {
  const file = await shell.write(
    `loaded/${name}/${path.replaceAll('/', '-')}.mjs`,
    await contentOf(name, path),
  )
  return import(pathToFileURL(file).href)
}

suite('from nothing to a signed package', () => {
  test('[WX-DEV-10] each kind of app is begun, packed and signed with one command each, and verifies', async () => {
    for (const [name, more] of [
      ['frame', ['--kind', 'frame']],
      ['frame-backend', ['--backend']],
      ['component', ['--kind', 'component']],
      ['component-backend', ['--kind', 'component', '--backend', '--id', 'net.example.counter']],
    ] as const) {
      await shell.json(['app', 'new', name, ...more])
      const packed = await shell.json<Facts>(['app', 'pack', name, '-o', `${name}.wxa`])
      assert.equal(packed.isSigned, true)
      assert.deepEqual(packed.leftOut, ['README.md'])
      const seen = await shell.json<Facts>(['app', 'verify', `${name}.wxa`])
      assert.deepEqual(seen.publisher, { did: ada.did, name: 'Ada' })
      assert.equal(seen.id, name === 'component-backend' ? 'net.example.counter' : `org.example.${name}`)
    }
    const signed = await shell.json<AuditFacts[]>(['audit', 'tail'])
    assert.equal(signed.filter(({ action }) => action === 'app.sign').length, 4)
  })

  test('[WX-APP-4] the page of a frame goes into the package as it is, with its script in a file of its own', async () => {
    assert.equal(
      await contentOf('frame.wxa', 'ui/index.html'),
      await readFile(shell.path('frame/ui/index.html'), 'utf8'),
    )
    const page = await contentOf('frame.wxa', 'ui/index.html')
    assert.match(page, /<script src="app\.js"/)
    assert.doesNotMatch(page, /<script>|onclick|style=/)
  })

  test('[WX-DEV-3] TypeScript goes in as JavaScript that runs: a component that mounts, a backend that answers', async () => {
    const { ui } = await shell.json<Facts>(['app', 'verify', 'component.wxa'])
    assert.equal(ui?.entry, 'ui/app.js')
    const component = await moduleOf('component.wxa', 'ui/app.js')
    assert.equal(typeof component.default, 'function')
    const { default: backend } = await moduleOf('component-backend.wxa', 'backend/main.js')
    const { request, event } = backend as Record<
      'request' | 'event',
      (input: object, anarq: unknown) => Promise<unknown>
    >
    assert.deepEqual(await request({ method: 'GET', path: '/hello/Ada' }, {}), {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: '{"hello":"Ada"}',
    })
    assert.deepEqual(await request({ method: 'PUT', path: '/hello' }, {}), { status: 405 })
    assert.equal(await event({ name: 'drive.changed' }, {}), undefined)
  })

  test('[WX-DEV-10] the same folder gives the same unsigned bytes; signing them later gives what packing would have', async () => {
    for (const out of ['one.wxa', 'two.wxa'])
      await shell.json(['app', 'pack', 'frame', '--unsigned', '-o', out])
    assert.ok((await bytesOf('one.wxa')).equals(await bytesOf('two.wxa')))
    assert.equal(await shell.fails(['app', 'verify', 'one.wxa']), 'refused.unsigned')
    assert.equal((await shell.json<Facts>(['app', 'verify', 'one.wxa', '--unsigned'])).isSigned, false)
    await shell.json(['app', 'sign', 'one.wxa', '-o', 'signed.wxa'])
    assert.equal((await shell.json<Facts>(['app', 'verify', 'signed.wxa'])).publisher?.did, ada.did)
    assert.ok(
      (await bytesOf('one.wxa')).equals(await bytesOf('two.wxa')),
      'with -o the first one stays as it is',
    )
    await shell.json(['app', 'sign', 'one.wxa'])
    assert.equal((await shell.json<Facts>(['app', 'verify', 'one.wxa'])).isSigned, true)
    assert.equal(await shell.fails(['app', 'sign', 'one.wxa']), 'conflict.signed')
    assert.equal(await shell.fails(['app', 'sign', 'two.wxa', '-o', 'signed.wxa']), 'conflict.exists')
  })

  test('the identity in use signs, and a name to publish under is the one of the manifest', async () => {
    await shell.json(['id', 'new', '--kind', 'sub', '--name', 'works'])
    await shell.json(['id', 'use', 'works'])
    const draft = JSON.parse(await readFile(shell.path('frame/manifest.json'), 'utf8'))
    await shell.write(
      'frame/manifest.json',
      JSON.stringify({ ...draft, publisher: { name: 'Lovelace Works' } }),
    )
    const { publisher } = await shell.json<Facts>(['app', 'pack', 'frame', '-o', 'works.wxa'])
    assert.equal(publisher?.name, 'Lovelace Works')
    assert.match(publisher?.did ?? '', /^did:peer:4/)
    await shell.json(['id', 'use', 'Ada'])
  })

  test('[WX-APP-5] verify says in plain words who made it, what it is and what it wants, without a home', async () => {
    const draft = JSON.parse(await readFile(shell.path('frame-backend/manifest.json'), 'utf8'))
    draft.permissions = [
      { id: 'drive.read', why: 'To show your notes.' },
      { id: 'network:api.example.org', why: 'To fetch the weather.' },
    ]
    await shell.write('wants/manifest.json', JSON.stringify(draft))
    for (const path of ['ui/index.html', 'ui/app.js', 'ui/app.css', 'backend/main.ts', 'icon.svg'])
      await shell.write(`wants/${path}`, await readFile(shell.path(`frame-backend/${path}`)))
    await shell.json(['app', 'pack', 'wants', '-o', 'wants.wxa'])
    const { out, code } = await shell.run(['app', 'verify', 'wants.wxa'], {
      home: shell.path('no home at all'),
    })
    assert.equal(code, 0)
    for (const said of [
      /frame-backend 0\.1\.0 {2}\(org\.example\.frame-backend\)/,
      /publisher {2}Ada\n +did:squid:/,
      /signature {2}holds/,
      /a page of its own in a closed frame; a backend that answers \/hello/,
      /See and open all files in your drive {2}\[drive\.read\]\n +"To show your notes\."/,
      /Send and receive data at api\.example\.org/,
      /size +\d+\.\d KiB, 5 files/,
    ])
      assert.match(out, said)
  })
})

suite('what is refused', () => {
  test('[WX-APP-2] a package with a changed byte is refused, with exit code 1', async () => {
    const good = await bytesOf('component.wxa')
    for (const at of [0, 60, 5000, good.length - 900, good.length - 100, good.length - 1]) {
      const bad = Buffer.from(good)
      bad[at] = (bad[at] as number) ^ 1
      await writeFile(shell.path('bad.wxa'), bad)
      const { code, out, err } = await shell.run(['app', 'verify', 'bad.wxa'])
      assert.equal(code, 1, `byte ${at}`)
      assert.equal(out, '')
      assert.match(err, /^\S.+\.\n$/s)
    }
  })

  test('[WX-DEV-2] a folder with a bad manifest is not packed, and the field is named', async () => {
    const draft = JSON.parse(await readFile(shell.path('component/manifest.json'), 'utf8'))
    for (const [change, said] of [
      [{ version: 'one' }, /"version" in manifest\.json must be a version such as 1\.2\.3/],
      [{ id: 'Notes' }, /"id" in manifest\.json must be a name in reverse DNS/],
      [{ licence: 'MIT' }, /"licence" in manifest\.json is not a field/],
      [{ icon: 'nothing.svg' }, /"icon" in manifest\.json names "nothing\.svg", which is not in the package/],
      [{ permissions: [{ id: 'drive.read' }] }, /"permissions\.0\.why" in manifest\.json is missing/],
    ] as const) {
      await shell.write('badly/manifest.json', JSON.stringify({ ...draft, ...change }))
      await shell.write('badly/ui/app.ts', 'export default () => {}')
      await shell.write('badly/icon.svg', '<svg/>')
      const { code, err } = await shell.run(['app', 'pack', 'badly', '-o', 'badly.wxa'])
      assert.equal(code, 1)
      assert.match(err, said)
    }
  })

  test('links, sources that have to be built, and a script that is there twice are refused; what is not for others is left out', async () => {
    const draft = await readFile(shell.path('component/manifest.json'), 'utf8')
    const fresh = async (name: string): Promise<void> => {
      await shell.write(`${name}/manifest.json`, draft)
      await shell.write(
        `${name}/ui/app.ts`,
        "import { one } from './one.ts'\nexport default (): number => one\n",
      )
      await shell.write(`${name}/ui/one.ts`, 'export const one: number = 1\n')
      await shell.write(`${name}/icon.svg`, '<svg/>')
    }
    const fails = (name: string): Promise<string> => shell.fails(['app', 'pack', name, '-o', `${name}.wxa`])
    await fresh('linked')
    await symlink('/etc/hostname', shell.path('linked/ui/name.txt'))
    assert.equal(await fails('linked'), 'refused.entry-link')
    await fresh('tsx')
    await shell.write('tsx/ui/view.tsx', '<p/>')
    assert.equal(await fails('tsx'), 'invalid.source')
    await fresh('enum')
    await shell.write('enum/ui/kind.ts', 'export enum Kind { One }')
    assert.equal(await fails('enum'), 'invalid.source')
    await fresh('twice')
    await shell.write('twice/ui/app.js', '')
    assert.equal(await fails('twice'), 'conflict.source')
    await fresh('whole')
    await mkdir(shell.path('whole/.git'), { recursive: true })
    for (const path of ['.env', 'node_modules/x/index.js', 'ui/app.d.ts', 'old.wxa', 'package.json'])
      await shell.write(`whole/${path}`, 'secret')
    const { leftOut, files } = await shell.json<Facts>(['app', 'pack', 'whole', '-o', 'whole.wxa'])
    assert.deepEqual(leftOut, ['.env', '.git', 'node_modules', 'old.wxa', 'package.json', 'ui/app.d.ts'])
    assert.equal(files, 3)
    assert.match(await contentOf('whole.wxa', 'ui/app.js'), /from '\.\/one\.js'/)
  })

  test('nothing is written over, and nothing is half made', async () => {
    assert.equal(await shell.fails(['app', 'new', 'frame']), 'conflict.exists')
    assert.equal(await shell.fails(['app', 'pack', 'frame', '-o', 'frame.wxa']), 'conflict.exists')
    await shell.json(['app', 'pack', 'frame', '-o', 'frame.wxa', '--force'])
    assert.equal(await shell.fails(['app', 'new', 'fine', '--id', 'Not Fine']), 'invalid.manifest')
    assert.equal(await shell.fails(['app', 'pack', 'fine']), 'missing.manifest')
    assert.equal(await shell.fails(['app', 'pack', '.']), 'missing.manifest')
    assert.equal(await shell.fails(['app', 'verify', 'nothing.wxa']), 'missing.file')
    assert.equal(await shell.fails(['app', 'verify', 'frame']), 'invalid.path')
    await shell.write('text.wxa', 'hello')
    assert.equal(await shell.fails(['app', 'verify', 'text.wxa']), 'damaged.package')
  })

  test('what cannot be installed in development ends the command with the reason', async () => {
    await shell.json(['app', 'new', 'inside', '--kind', 'component'])
    assert.equal(await shell.fails(['app', 'dev', 'inside'], { code: 2 }), 'invalid.usage')
    assert.equal(await shell.fails(['app', 'dev', 'nowhere']), 'missing.manifest')
  })

  test('a misuse is exit code 2, with the usage', async () => {
    for (const args of [
      ['app'],
      ['app', 'pack'],
      ['app', 'publish', 'x.wxa'],
      ['app', 'new', 'x', '--kind', 'window'],
      ['app', 'new', '☂'],
    ])
      assert.equal((await shell.run(args)).code, 2, args.join(' '))
  })
})

test('without a running node the home is opened for the signature alone', async () => {
  await shell.down()
  await shell.json(['app', 'pack', 'component', '-o', 'alone.wxa'])
  assert.equal((await shell.json<Facts>(['app', 'verify', 'alone.wxa'])).publisher?.did, ada.did)
  assert.equal(await shell.fails(['app', 'dev', 'component']), 'unavailable.node')
})

suite('a feed of one publisher', () => {
  type Submitted = { sequence: number; apps: number; entry: { version: string; file: string } }
  const submit = (file: string): string[] => ['app', 'submit', file, '--to', 'feed']

  test('[WX-DEV-10] packages are submitted into a folder, whose list is signed anew each time', async () => {
    await shell.up()
    await shell.run(['app', 'new', 'pot', '--id', 'org.example.pot'])
    await shell.run(['app', 'pack', 'pot', '-o', 'pot.wxa'])
    const first = await shell.json<Submitted>(submit('pot.wxa'))
    assert.deepEqual([first.sequence, first.apps, first.entry.version], [1, 1, '0.1.0'])
    assert.deepEqual(await bytesOf(`feed/${first.entry.file}`), await bytesOf('pot.wxa'))
    assert.equal(await shell.fails(submit('pot.wxa')), 'conflict.feed-version')
    const draft = (await bytesOf('pot/manifest.json')).toString()
    await shell.write('pot/manifest.json', draft.replace('0.1.0', '0.2.0'))
    await shell.run(['app', 'pack', 'pot', '-o', 'pot.wxa', '--force'])
    assert.equal((await shell.json<Submitted>(submit('pot.wxa'))).sequence, 2)
    const feed = parseFeed(new Uint8Array(await bytesOf('feed/feed.json')))
    assert.equal(verifyFeed(feed, { nowMs: Date.now() }).did, ada.did)
    assert.deepEqual(
      feed.apps.map(({ id, version }) => [id, version]),
      [['org.example.pot', '0.2.0']],
    )
  })

  test('what is unsigned, from somebody else or changed is not submitted', async () => {
    await shell.run(['app', 'pack', 'pot', '-o', 'bare.wxa', '--unsigned'])
    assert.equal(await shell.fails(submit('bare.wxa')), 'refused.unsigned')
    await shell.json(['id', 'new', '--kind', 'sub', '--name', 'Other'])
    await shell.run(['id', 'use', 'Other'])
    assert.equal(await shell.fails(submit('pot.wxa')), 'refused.feed-foreign')
    await shell.run(['app', 'new', 'cup', '--id', 'org.example.cup'])
    await shell.run(['app', 'pack', 'cup', '-o', 'cup.wxa'])
    assert.equal(await shell.fails(submit('cup.wxa')), 'refused.feed-foreign')
    await shell.run(['id', 'use', 'Ada'])
    const feed = (await bytesOf('feed/feed.json')).toString()
    await shell.write('feed/feed.json', feed.replace('Counts what', 'Counts all'))
    await shell.run(['app', 'pack', 'cup', '-o', 'cup.wxa', '--force'])
    assert.equal(await shell.fails(submit('cup.wxa')), 'refused.signature')
    assert.equal(await shell.fails(['app', 'submit', 'cup.wxa'], { code: 2 }), 'invalid.usage')
    await shell.down()
  })
})

suite('a feed at an address', () => {
  type Feed = { did: string; folder: string; sequence: number; apps: { id: string; state: string }[] }

  test('[WX-DEV-10] it is added where it is known to be near, an app is installed by its id, and it is refreshed and removed', async () => {
    const asked: string[] = []
    const site = await openTestSite((request, response) => {
      asked.push(request.url ?? '')
      readFile(shell.path(`feed/${basename(request.url ?? '')}`)).then(
        (bytes) => response.end(bytes),
        () => response.writeHead(404).end(),
      )
    })
    try {
      const trusted = await shell.write('authority.pem', testCertificate)
      await shell.up(shell.home, [], ['env', `NODE_EXTRA_CA_CERTS=${trusted}`])
      // Changed in another test, and signed anew by what is submitted next.
      await rm(shell.path('feed'), { recursive: true })
      await shell.run(['app', 'submit', 'pot.wxa', '--to', 'feed'])
      const feed = (...args: string[]): string[] => ['app', 'feed', ...args]
      const address = `https://localhost:${site.port}/`
      assert.equal(await shell.fails(feed('add', address)), 'refused.private-address')
      assert.equal(await shell.fails(feed('add', 'http://localhost/')), 'invalid.web-address')
      assert.deepEqual(asked, [])
      const added = await shell.json<Feed>(feed('add', `${address}feed.json`, '--allow-private'))
      assert.deepEqual([added.did, added.folder, added.sequence], [ada.did, address, 1])
      assert.deepEqual(asked, ['/feed.json'])
      assert.equal((await shell.run(['app', 'install', 'org.example.pot', '--grant', 'none'])).code, 0)
      const [shown] = await shell.json<Feed[]>(feed('list'))
      assert.deepEqual(
        shown?.apps.map(({ id, state }) => [id, state]),
        [['org.example.pot', 'installed']],
      )
      assert.match((await shell.run(feed('list'))).out, /org\.example\.pot/)
      assert.equal((await shell.json<Feed[]>(feed('refresh', 'Ada')))[0]?.sequence, 1)
      assert.equal(asked.filter((path) => path === '/feed.json').length, 2)
      await shell.json(feed('remove', address))
      assert.deepEqual(await shell.json(feed('list')), [])
      await shell.run(['app', 'uninstall', 'org.example.pot', '--data', 'erase'])
      for (const wrong of [feed('add'), feed('remove', 'Eve'), feed('look'), ['app', 'list', 'a', 'b']])
        assert.equal(await shell.fails(wrong, { code: 2 }), 'invalid.usage')
    } finally {
      await shell.down()
      await site.close()
    }
  })
})

suite('from a package to an app that is installed, and away again', () => {
  type Installed = { id: string; version: string; permissions: { id: string; isGranted: boolean }[] }

  for (const isUp of [false, true])
    test(`[WX-DEV-6, WX-DEV-8] install, list and uninstall ${isUp ? 'while a node runs' : 'without a node'}`, async () => {
      if (isUp) await shell.up()
      await shell.run(['app', 'new', 'garden', '--backend', '--id', 'org.example.garden'])
      await shell.run(['app', 'pack', 'garden', '-o', 'garden.wxa', '--force'])
      const installed = await shell.json<Installed>(['app', 'install', 'garden.wxa', '--grant', 'all'])
      assert.equal(installed.id, 'org.example.garden')
      const ids = (await shell.json<Installed[]>(['app', 'list'])).map(({ id }) => id)
      assert.deepEqual(ids, ['org.example.garden'])
      const again = ['app', 'install', 'garden.wxa', '--grant', 'all']
      assert.equal(await shell.fails(again), 'conflict.installed')
      const unsaid = ['app', 'uninstall', 'org.example.garden']
      assert.equal(await shell.fails(unsaid, { code: 2 }), 'invalid.usage')
      await shell.run(['app', 'uninstall', 'org.example.garden', '--data', 'erase'])
      assert.deepEqual(await shell.json<Installed[]>(['app', 'list']), [])
      const gone = ['app', 'uninstall', 'org.example.garden', '--data', 'erase']
      assert.equal(await shell.fails(gone), 'missing.app')
    })
})
