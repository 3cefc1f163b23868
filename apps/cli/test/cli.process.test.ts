import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdir, readdir, readFile, readlink, stat, symlink, utimes } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import type {
  AuditFacts,
  CommitFacts,
  EntryFacts,
  Finding,
  GrantFacts,
  IdentityFacts,
  PutReport,
  ToolKeyFacts,
  VerifyReport,
  VersionFacts,
} from '@anarq/kernel'
import { type Begun, openShell, type Shell } from './shell.ts'

type Got = EntryFacts & { readonly saved: string }
type Folder = {
  readonly files: number
  readonly skipped: readonly { readonly path: string; readonly code: string }[]
}

/** Its home is opened by each command up to the suite "drive", and from there on by a node that they reach. */
let shell: Shell
let alice: Begun

before(async () => {
  shell = await openShell()
  alice = await shell.json<Begun>(['init', '--name', 'alice'], { isAlone: true })
})
after(() => shell.close())

suite('you', () => {
  test('AQ-SQUID-1: init shows 24 words once; a second init is refused and changes nothing', async () => {
    assert.equal(alice.words.split(' ').length, 24)
    assert.match(alice.did, /^did:/)
    assert.equal(await shell.fails(['init'], { isAlone: true }), 'conflict.identity')
    const [only, ...others] = await shell.json<IdentityFacts[]>(['id', 'list'])
    assert.deepEqual([only?.did, only?.name, only?.isCurrent, others.length], [alice.did, 'alice', true, 0])
  })

  test('init for people shows the words in four lines and what to do next, and takes a passphrase from standard input', async () => {
    const { code, out, err } = await shell.run(['init'], {
      home: join(shell.root, 'other home'),
      passphraseFile: '-',
      input: 'another passphrase\n',
    })
    assert.equal(code, 0, err)
    assert.match(out, /24 words/)
    assert.match(out, /^ {3}1 \w+ .* 6 \w+/m)
    assert.match(out, /anarq put/)
  })

  test('a passphrase that is too short, empty, or in a file that is not there makes no identity', async () => {
    const home = join(shell.root, 'no home')
    const refusals = [
      [await shell.write('short', 'short\n'), 'invalid.passphrase'],
      [await shell.write('empty', '\n'), 'invalid.passphrase'],
      [shell.path('missing'), 'missing.file'],
      [shell.folder, 'missing.file'],
    ] as const
    for (const [passphraseFile, code] of refusals) {
      assert.equal(await shell.fails(['init'], { home, passphraseFile }), code, passphraseFile)
    }
    assert.equal(await shell.fails(['ls'], { home }), 'missing.identity')
  })

  test('without a terminal and without a file nothing is asked: a sentence says what to give', () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      [join(import.meta.dirname, '../bin/anarq.js'), 'ls', '--home', shell.home],
      {
        encoding: 'utf8',
        input: '',
      },
    )
    assert.equal(status, 1)
    assert.match(stderr, /--passphrase-file/)
  })

  test('AQ-QLOCK-1: keys rotate, what was kept before stays readable, and the drill knows the words', async () => {
    await shell.write('before rotation.txt', 'still here')
    await shell.json(['put', 'before rotation.txt'], { isAlone: true })
    const { epoch } = await shell.json<IdentityFacts>(['id', 'rotate'])
    assert.equal(epoch, 1)
    const { bytes } = await shell.run(['get', 'before rotation.txt', '-o', '-'], { isAlone: true })
    assert.equal(bytes.toString(), 'still here')
    const right = await shell.write('words', `${alice.words}\n`)
    const wrong = await shell.write('wrong words', `${alice.words.split(' ').toReversed().join(' ')}\n`)
    assert.deepEqual(await shell.json(['id', 'drill', '--words-file', right]), { isRight: true })
    assert.deepEqual(await shell.json(['id', 'drill', '--words-file', wrong], { code: 1 }), {
      isRight: false,
    })
  })

  test('a wrong passphrase opens nothing and says so in one sentence', async () => {
    const wrong = await shell.write('wrong', 'incorrect horse battery staple\n')
    assert.match(await shell.fails(['ls'], { passphraseFile: wrong }), /^refused\./)
    const { code, out, err } = await shell.run(['get', 'before rotation.txt', '-o', '-'], {
      passphraseFile: wrong,
      isAlone: true,
    })
    assert.deepEqual([code, out], [1, ''])
    assert.match(err, /passphrase/i)
  })

  test('AQ-SQUID-18: in an empty home the words bring the identity back', async () => {
    const words = await shell.write('recovery words', `${alice.words}\n`)
    const home = join(shell.root, 'recovered home')
    const back = await shell.json<{ did: string }>(
      ['id', 'recover', '--words-file', words, '--name', 'alice'],
      { home },
    )
    assert.equal(back.did, alice.did)
    assert.match(await shell.fails(['id', 'recover', '--words-file', words], { home }), /^conflict\./)
  })
})

suite('identities', () => {
  before(() => shell.up())

  test('AQ-SQUID-2, AQ-SQUID-17: identities are made, listed, shown and switched; each has its own drive', async () => {
    const bob = await shell.json<IdentityFacts>(['id', 'new', '--name', 'bob'])
    const club = await shell.json<IdentityFacts>(['id', 'new', '--name', 'club', '--kind', 'organisation'])
    assert.deepEqual([bob.kind, club.kind, bob.isCurrent], ['sub', 'organisation', false])
    const shown = await shell.json<IdentityFacts & { card: string }>(['id', 'show', 'bob', '-o', 'bob.card'])
    assert.equal((await readFile(shell.path('bob.card'), 'utf8')).trim(), shown.card)
    assert.deepEqual(await shell.json(['id', 'learn', 'bob.card']), { did: bob.did })
    await shell.json(['id', 'use', 'bob'])
    assert.deepEqual(await shell.json(['ls']), [])
    await shell.json(['id', 'use', alice.did])
    const names = (await shell.json<IdentityFacts[]>(['id', 'list'])).map(({ name }) => name)
    assert.deepEqual(names, ['alice', 'bob', 'club'])
    assert.equal(await shell.fails(['id', 'use', 'nobody']), 'missing.identity')
    assert.equal(await shell.fails(['id', 'show', 'nobody']), 'missing.identity')
  })
})

suite('drive', () => {
  const mtime = new Date('2024-02-29T12:34:56.789Z')

  before(async () => {
    await shell.write('project/readme.md', '# Read me\n')
    await shell.write('project/src/main.ts', 'export {}\n')
    await shell.write('project/empty', '')
    await mkdir(shell.path('project/empty folder'))
    await symlink('src/main.ts', shell.path('project/link'))
    await symlink('../../../nowhere', shell.path('project/broken link'))
    await chmod(shell.path('project/src/main.ts'), 0o755)
    await utimes(shell.path('project/readme.md'), mtime, mtime)
  })

  test('AQ-QDRIVE-1, AQ-FOUT-8: a tree that was put comes back: names, bytes, modes, times, links, empty folders', async () => {
    const report = await shell.json<PutReport>(['put', 'project', '--tag', 'work', '--to', '/kept'])
    assert.deepEqual([report.files, report.skipped], [5, []])
    const again = await shell.json<PutReport>(['put', 'project', '--to', '/kept'])
    assert.deepEqual([again.files, again.unchanged, again.newBlocks], [0, 5, 0])
    const names = (await shell.json<EntryFacts[]>(['ls', '/kept/project'])).map(({ name }) => name)
    assert.deepEqual(names, ['empty folder', 'src', 'broken link', 'empty', 'link', 'readme.md'])
    const { files } = await shell.json<{ files: number }>(['get', '/kept/project', '-o', 'out'])
    assert.equal(files, 5)
    assert.equal(await readFile(shell.path('out/readme.md'), 'utf8'), '# Read me\n')
    assert.equal((await stat(shell.path('out/readme.md'))).mtimeMs, mtime.getTime())
    assert.equal((await stat(shell.path('out/src/main.ts'))).mode & 0o777, 0o755)
    assert.equal(await readlink(shell.path('out/link')), 'src/main.ts')
    assert.equal(await readlink(shell.path('out/broken link')), '../../../nowhere')
    await shell.json(['get', '/kept/project/broken link', '-o', 'one link'])
    assert.equal(await readlink(shell.path('one link')), '../../../nowhere')
    assert.equal(await shell.fails(['get', '/kept/project/link', '-o', 'one link']), 'conflict.exists')
    await shell.json(['get', '/kept/project/link', '-o', 'one link', '--force'])
    assert.equal(await readlink(shell.path('one link')), 'src/main.ts')
    assert.equal((await shell.run(['get', '/kept/project/link', '-o', '-'])).out, 'src/main.ts')
    assert.ok((await stat(shell.path('out/empty folder'))).isDirectory())
    assert.equal((await stat(shell.path('out/empty'))).size, 0)
  })

  test('find by words, tag and type; nothing found is exit code 1', async () => {
    const paths = async (...args: string[]) =>
      (await shell.json<EntryFacts[]>(['find', ...args])).map(({ path }) => path).sort()
    assert.deepEqual(await paths('readme'), ['/kept/project/readme.md'])
    assert.deepEqual(await paths('--tag', 'work', '--type', 'text/*'), [
      '/kept/project/readme.md',
      '/kept/project/src/main.ts',
    ])
    assert.deepEqual(await shell.json(['find', 'no such word'], { code: 1 }), [])
  })

  test('versions, an older version read and restored, the history of signed commits', async () => {
    await shell.write('note.txt', 'one')
    await shell.json(['put', 'note.txt'])
    await shell.write('note.txt', 'second')
    await shell.json(['put', 'note.txt'])
    const all = await shell.json<VersionFacts[]>(['versions', 'note.txt'])
    assert.deepEqual(
      all.map(({ version, bytes }) => [version, bytes]),
      [
        [2, 6],
        [1, 3],
      ],
    )
    assert.equal((await shell.run(['get', 'note.txt', '--version', '1', '-o', '-'])).out, 'one')
    await shell.json(['restore', 'note.txt', '--version', '1'])
    assert.equal((await shell.run(['get', 'note.txt', '-o', '-'])).out, 'one')
    assert.equal(await shell.fails(['get', 'note.txt', '--version', '9', '-o', '-']), 'missing.version')
    const commits = await shell.json<CommitFacts[]>(['history', '--limit', '3'])
    assert.equal(commits.length, 3)
    assert.equal((commits[0]?.sequence ?? 0) - 1, commits[1]?.sequence)
    assert.equal(commits[0]?.did, alice.did)
  })

  test('what lies there already is not overwritten unless asked for, and a get that fails leaves nothing', async () => {
    await shell.write('target.txt', 'mine')
    assert.equal(await shell.fails(['get', 'note.txt', '-o', 'target.txt']), 'conflict.exists')
    assert.equal(await readFile(shell.path('target.txt'), 'utf8'), 'mine')
    const { saved } = await shell.json<Got>(['get', 'note.txt', '-o', 'target.txt', '--force'])
    assert.equal(saved, shell.path('target.txt'))
    assert.equal(await readFile(shell.path('target.txt'), 'utf8'), 'one')
    await mkdir(shell.path('into'))
    assert.equal(
      (await shell.json<Got>(['get', 'note.txt', '-o', 'into'])).saved,
      shell.path('into/note.txt'),
    )
    assert.match(await shell.fails(['get', 'note.txt', '-o', 'no such folder/x']), /^missing\./)
    assert.deepEqual(
      (await readdir(shell.folder)).filter((name) => name.endsWith('.part')),
      [],
    )
  })

  test('AQ-FOUT-8: a large file goes in and comes back by way of the node, as it was', async () => {
    const bytes = randomBytes(9_000_001)
    await shell.write('large.bin', bytes)
    await chmod(shell.path('large.bin'), 0o640)
    await utimes(shell.path('large.bin'), mtime, mtime)
    const report = await shell.json<PutReport>(['put', 'large.bin', 'project/readme.md', '--to', '/large'])
    assert.deepEqual([report.files, report.bytes, report.skipped], [2, bytes.length + 10, []])
    const got = await shell.json<Got>(['get', '/large/large.bin', '-o', 'large copy'])
    assert.deepEqual([got.saved, got.bytes], [shell.path('large copy'), bytes.length])
    assert.ok((await readFile(got.saved)).equals(bytes))
    const { mtimeMs, mode } = await stat(got.saved)
    assert.deepEqual([mtimeMs, mode & 0o777], [mtime.getTime(), 0o640])
    assert.equal(await shell.fails(['get', '/large/large.bin', '-o', 'large copy']), 'conflict.exists')
    await shell.json(['get', '/large/large.bin', '-o', 'large copy', '--force'])
    assert.equal((await shell.run(['get', '/large/large.bin', '-o', '-'])).bytes.length, bytes.length)
    assert.equal((await shell.json<{ files: number }>(['get', '/large', '-o', 'large folder'])).files, 2)
    assert.ok((await readFile(shell.path('large folder/large.bin'))).equals(bytes))
    const inFolder = await stat(shell.path('large folder/large.bin'))
    assert.deepEqual([inFolder.mtimeMs, inFolder.mode & 0o777], [mtime.getTime(), 0o640])
    assert.deepEqual(
      (await readdir(shell.folder)).filter((name) => name.endsWith('.part')),
      [],
    )
  })

  test('AQ-QDRIVE-1: a file older than 1970 is kept, verified and given back; a folder is verified with what is in it', async () => {
    await shell.write('old/letter', 'dear')
    const past = new Date('1965-03-04T05:06:07Z')
    await utimes(shell.path('old/letter'), past, past)
    await shell.json(['put', 'old', '--to', '/older'])
    const { files } = await shell.json<VerifyReport>(['verify', '/older'])
    assert.equal(files, 1)
    await shell.json(['get', '/older', '-o', 'old back'])
    assert.equal((await stat(shell.path('old back/old/letter'))).mtimeMs, past.getTime())
    assert.equal((await shell.json<VersionFacts[]>(['versions', '/older/old/letter'])).length, 1)
    await shell.json(['rm', '/older', '--forever'])
  })

  test('two names that would be one thing: of arguments it is wrong usage, in a folder the second is named and left out', async () => {
    for (const name of ['one/x', 'two/x', 'letters/caf\u00e9', 'letters/cafe\u0301'])
      await shell.write(name, name)
    const { code, err } = await shell.run(['put', 'one/x', 'two/x', '--to', '/twins'])
    assert.equal(code, 2)
    assert.match(err, /one\/x and two\/x/)
    const twins = ['put', 'letters/caf\u00e9', 'letters/cafe\u0301']
    assert.equal((await shell.run(twins)).code, 2)
    const report = await shell.json<PutReport>(['put', 'letters', '--to', '/twins'], { code: 1 })
    assert.equal(report.files, 1)
    assert.deepEqual(
      report.skipped.map(({ path, code }) => [path, code]),
      [['letters/caf\u00e9', 'conflict.twin']],
    )
    assert.equal((await shell.run(['get', '/twins/letters/caf\u00e9', '-o', '-'])).out, 'letters/cafe\u0301')
    await shell.json(['rm', '/twins', '--forever'])
  })

  test('a home that lies in a folder is left out of its put, and refused where it is what is put', async () => {
    await shell.write('around/a home/vault.a', 'sealed')
    await shell.write('around/a home/blocks/meta-a-000001.pack', 'sealed')
    await shell.write('around/notes.txt', 'x')
    const report = await shell.json<PutReport>(['put', 'around', '--to', '/homes'])
    assert.deepEqual(
      report.skipped.map(({ path, code }) => [path, code]),
      [['around/a home', 'refused.home']],
    )
    const names = (await shell.json<EntryFacts[]>(['ls', '/homes/around'])).map(({ name }) => name)
    assert.deepEqual(names, ['notes.txt'])
    for (const home of ['around/a home', shell.home])
      assert.equal(await shell.fails(['put', home, '--to', '/homes']), 'refused.home')
    await shell.json(['rm', '/homes', '--forever'])
  })

  test('what is empty, over, or in the way is said before anything is done', async () => {
    for (const args of [
      ['put', ''],
      ['get', ''],
      ['get', '/kept', '--version', '2'],
    ])
      assert.equal((await shell.run(args)).code, 2, args.join(' '))
    await shell.write('in the way', 'x')
    const before = await shell.json<GrantFacts[]>(['grants'])
    const share = ['share', '/kept', '--with', 'bob']
    assert.equal(await shell.fails([...share, '-o', 'in the way']), 'conflict.exists')
    assert.equal(await shell.fails([...share, '-o', 'nowhere/x.ping']), 'missing.file')
    assert.equal((await shell.run([...share, '--until', '2020-01-01'])).code, 2)
    assert.deepEqual(await shell.json(['grants']), before)
    assert.equal(await shell.fails(['get', '/kept/project/readme.md', '-o', 'in the way/x']), 'invalid.path')
  })

  test('rm, restore, rm --forever, mv, cp and tag', async () => {
    await shell.write('gone.txt', 'gone')
    await shell.json(['put', 'gone.txt'])
    await shell.json(['rm', 'gone.txt'])
    assert.equal((await shell.json<EntryFacts[]>(['find', 'gone', '--trash']))[0]?.isTrashed, true)
    await shell.json(['restore', '/gone.txt'])
    await shell.json(['put', 'gone.txt', '--to', '/bin'])
    await shell.json(['rm', '/bin/gone.txt'])
    await shell.json(['rm', '/bin/gone.txt', '--forever'])
    assert.equal(await shell.fails(['rm', '/bin/gone.txt', '--forever']), 'missing.object')
    const moved = await shell.json<EntryFacts>(['mv', 'gone.txt', '--to', '/kept', '--name', 'stays.txt'])
    assert.equal(moved.path, '/kept/stays.txt')
    const copied = await shell.json<EntryFacts>(['cp', '/kept/stays.txt', '--to', '/', '--name', 'copy.txt'])
    assert.equal(copied.path, '/copy.txt')
    assert.notEqual(copied.id, moved.id)
    const tagged = await shell.json<EntryFacts>(['tag', '/kept/stays.txt', '--add', 'blue', '--add', 'green'])
    assert.deepEqual(tagged.tags, ['blue', 'green'])
    await shell.json(['rm', '/kept/stays.txt', '--forever'])
    assert.equal(await shell.fails(['get', '/kept/stays.txt', '-o', '-']), 'missing.object')
    const { err } = await shell.run(['mv', 'note.txt', '--to', '/new folder'])
    assert.match(err, /anarq mkdir "\/new folder"/)
    await shell.json(['mkdir', '/new folder', '/deep/er'])
    assert.equal(
      (await shell.json<EntryFacts>(['mv', 'note.txt', '--to', '/new folder'])).path,
      '/new folder/note.txt',
    )
    await shell.json(['mv', 'note.txt', '--to', '/'])
    for (const args of [['rm'], ['rm', '--forever'], ['mv', '--name', 'x'], ['cp', '--to', '/kept'], ['tag']])
      assert.match((await shell.run([...args, '/'])).err, /^The root folder cannot be/, args.join(' '))
  })

  test('a span is time ago where one searches, and time to come where something ends', async () => {
    const found = (...args: string[]) => shell.run(['find', 'note', ...args])
    assert.equal((await found('--from', '1h')).code, 0)
    assert.equal((await found('--to', '1h')).code, 1)
    const { untilMs = 0 } = await shell.json<GrantFacts>([
      'share',
      'note.txt',
      '--with',
      'bob',
      '--until',
      '1h',
    ])
    assert.ok(untilMs > Date.now())
  })

  test('what cannot be asked without a terminal is given by the option that the sentence names', async () => {
    assert.match((await shell.run(['put', 'note.txt', '--second-lock'])).err, /--lock-file/)
    assert.match((await shell.run(['id', 'drill'])).err, /--words-file/)
  })

  test('AQ-QLOCK-1: key new shows a secret once; key list and key revoke know it by its id', async () => {
    const made = await shell.json<{ key: ToolKeyFacts; secret: string }>([
      ...[
        'key',
        'new',
        'laptop',
        '--door',
        'webdav',
        '--folder',
        '/kept',
        '--rights',
        'write',
        '--until',
        '7d',
      ],
    ])
    assert.match(made.secret, /^[a-z2-7]{4}(-[a-z2-7]{4}){7}$/)
    assert.deepEqual(
      [made.key.name, made.key.door, made.key.folder, made.key.rights, made.key.state],
      ['laptop', 'webdav', '/kept', 'write', 'active'],
    )
    const shown = await shell.run(['key', 'list'])
    assert.match(shown.out, /laptop +webdav +write +\/kept +active/)
    assert.ok(!shown.out.includes(made.secret))
    assert.equal((await shell.json<ToolKeyFacts>(['key', 'revoke', made.key.id])).state, 'revoked')
    assert.equal(await shell.fails(['key', 'revoke', 'ffff']), 'missing.key')
    assert.equal(
      await shell.fails(['key', 'new', 'x', '--door', 'mcp', '--folder', '/no such folder']),
      'missing.object',
    )
  })

  test('AQ-QOMPRESS-7, AQ-QOMPRESS-8: a second lock is asked for its passphrase, and opens with that one only', async () => {
    const lock = await shell.write('lock', 'the second passphrase\n')
    const wrong = await shell.write('wrong lock', 'another second passphrase\n')
    await shell.write('doubly.txt', 'twice locked')
    await shell.json(['put', 'doubly.txt', '--lock-file', lock])
    assert.equal(await shell.fails(['get', 'doubly.txt', '-o', 'doubly.out']), 'refused.lock')
    assert.equal(
      await shell.fails(['get', 'doubly.txt', '-o', 'doubly.out', '--lock-file', wrong]),
      'refused.lock',
    )
    assert.ok(!(await readdir(shell.folder)).some((name) => name === 'doubly.out' || name.endsWith('.part')))
    assert.equal((await shell.run(['get', 'doubly.txt', '-o', '-', '--lock-file', lock])).out, 'twice locked')
  })

  test('for people: the same commands say in plain words what was done', async () => {
    await shell.write('short.txt', 'short')
    const put = await shell.run(['put', 'short.txt'])
    assert.match(
      put.out,
      /^1 file kept, 0 unchanged; 5 bytes read, \d+ bytes new; [\d.]+ s\n {2}\/short\.txt /,
    )
    const again = await shell.run(['put', 'short.txt', '--thorough'])
    assert.match(again.out, /^0 files kept, 1 unchanged; 5 bytes read, 0 bytes new \(100 % saved\); /)
    const ls = await shell.run(['ls'])
    assert.match(ls.out, /note\.txt/)
    const help = await shell.run(['help'])
    assert.equal(help.code, 0)
    for (const word of ['init', 'put', 'share', 'audit', 'verify', 'backup'])
      assert.match(help.out, new RegExp(`anarq ${word}`))
    assert.match((await shell.run(['--version'])).out, /^\d+\.\d+\.\d+\n$/)
  })
})

suite('sharing', () => {
  let grant: GrantFacts & { ping: string }

  before(async () => {
    await shell.write('letter.txt', 'for bob')
    await shell.json(['put', 'letter.txt'])
  })

  test('WX-PNG-1, WX-PNG-3: a ping file is written; the one it is for opens it', async () => {
    grant = await shell.json([
      'share',
      'letter.txt',
      '--with',
      'bob',
      '--until',
      '7d',
      '--uses',
      '2',
      '--rights',
      'read,write',
      '-o',
      'letter.ping',
    ])
    assert.deepEqual([grant.state, grant.rights, grant.usesMax], ['active', ['read', 'write'], 2])
    assert.ok((await stat(shell.path('letter.ping'))).size <= 1024)
    await shell.json(['id', 'use', 'bob'])
    await shell.write('answer.txt', 'an answer')
    // Looking at what there is costs no opening, and what cannot be saved costs none.
    for (let i = 0; i < 3; i += 1)
      assert.equal((await shell.json<EntryFacts[]>(['open', 'letter.ping', '--list'])).length, 1)
    assert.equal(await shell.fails(['open', 'letter.ping', '-o', 'answer.txt']), 'conflict.exists')
    assert.equal((await shell.run(['open', 'letter.ping', '-o', '-'])).out, 'for bob')
    const { files } = await shell.json<PutReport>(['open', 'letter.ping', '--put', 'answer.txt'])
    assert.equal(files, 1)
    assert.equal(await shell.fails(['open', 'letter.ping', '-o', '-']), 'refused.used-up')
    const [received] = await shell.json<GrantFacts[]>(['grants', '--in'])
    assert.deepEqual([received?.id, received?.state, received?.direction], [grant.id, 'used-up', 'in'])
    assert.equal(await shell.fails(['revoke', grant.id]), 'refused.not-yours')
    await shell.json(['id', 'use', 'alice'])
    assert.equal((await shell.run(['get', 'letter.txt', '-o', '-'])).out, 'an answer')
  })

  test('AQ-QONSENT-7, WX-PNG-6: a grant that is revoked opens no more; both lists say so', async () => {
    const given = await shell.json<GrantFacts>(['share', 'letter.txt', '--with', 'bob', '-o', 'revoked.ping'])
    assert.equal((await shell.json<GrantFacts>(['revoke', given.id])).state, 'revoked')
    await shell.json(['id', 'use', 'bob'])
    assert.equal(await shell.fails(['open', 'revoked.ping', '-o', '-']), 'refused.revoked')
    await shell.json(['id', 'use', 'alice'])
    const out = await shell.json<GrantFacts[]>(['grants', '--out'])
    assert.equal(out.find(({ id }) => id === given.id)?.state, 'revoked')
  })

  test('WX-PNG-4: a ping file that is none, was changed, or is not there is refused', async () => {
    const ping = await readFile(shell.path('letter.ping'))
    ping[ping.length - 3] = (ping.at(-3) as number) ^ 1
    await shell.write('changed.ping', ping)
    assert.equal(await shell.fails(['open', 'changed.ping', '-o', '-']), 'invalid.ping')
    assert.equal(await shell.fails(['open', 'letter.txt', '-o', '-']), 'invalid.ping')
    await shell.write('film.ping', randomBytes(5_000_000))
    for (const args of [['-o', '-'], ['--list'], ['--put', 'letter.txt']])
      assert.equal(await shell.fails(['open', 'film.ping', ...args]), 'invalid.ping')
    assert.equal(await shell.fails(['open', 'no.ping', '-o', '-']), 'missing.file')
    assert.equal(await shell.fails(['open', '.', '-o', '-']), 'invalid.path')
    assert.equal(await shell.fails(['share', 'letter.txt', '--with', 'nobody']), 'missing.identity')
    assert.match(await shell.fails(['revoke', 'nonsense']), /^(missing|invalid)\./)
  })
})

suite('trust', () => {
  test('AQ-QERBEROS-20, AQ-QERBEROS-21: the audit log is read, checked, and an entry proved to others with public data alone', async () => {
    const tail = await shell.json<AuditFacts[]>(['audit', 'tail', '--limit', '5'])
    assert.equal(tail.length, 5)
    const whole = await shell.json<{ isWhole: boolean; size: number }>(['audit', 'verify'])
    assert.equal(whole.isWhole, true)
    const index = String(tail.at(-1)?.index)
    await shell.json(['audit', 'prove', index, '-o', 'proof.json'])
    // Somebody else, with an empty home and no passphrase.
    const elsewhere = { home: join(shell.root, 'nobody'), passphraseFile: shell.path('missing') }
    const checked = await shell.json<{ isValid: boolean }>(['audit', 'verify', 'proof.json'], elsewhere)
    assert.equal(checked.isValid, true)
    const proof = JSON.parse(await readFile(shell.path('proof.json'), 'utf8')) as Record<string, unknown>
    const changes: readonly string[] = [
      JSON.stringify({ ...proof, index: Number(index) + 1 }),
      JSON.stringify({ ...proof, publicKey: '00' }),
      JSON.stringify(proof)
        .replace(/"verdict":"ok"/, '"verdict":"refused"')
        .replace(/[0-9a-f]{8}(?=")/, '00000000'),
      'not json',
      '',
    ]
    for (const text of changes) {
      await shell.write('changed.json', text)
      const answer = await shell.json<{ isValid: boolean }>(['audit', 'verify', 'changed.json'], {
        ...elsewhere,
        code: 1,
      })
      assert.equal(answer.isValid, false, text.slice(0, 80))
    }
    assert.equal(await shell.fails(['audit', 'verify', 'no such file'], elsewhere), 'missing.file')
    assert.match(await shell.fails(['audit', 'prove', '999999']), /^(missing|invalid)\./)
    assert.ok(Array.isArray(await shell.json(['audit', 'alerts'])))
  })

  test('verify reads everything and says that all is well; doctor looks at the machine', async () => {
    const report = await shell.json<VerifyReport>(['verify'])
    assert.ok(report.files > 5)
    assert.deepEqual(report.findings, [])
    assert.equal((await shell.json<VerifyReport>(['verify', 'note.txt'])).files, 1)
    assert.equal(await shell.fails(['verify', 'no such name']), 'missing.object')
    const findings = await shell.json<Finding[]>(['doctor'])
    assert.ok(
      findings.every(({ severity }) => severity !== 'error'),
      JSON.stringify(findings),
    )
    await chmod(shell.home, 0o755)
    const { freedBytes } = await shell.json<{ freedBytes: number }>(['compact'])
    assert.ok(freedBytes >= 0)
  })

  test('a backup comes back in another home, file by file; one that is cut at its beginning does not, and a home that is taken stays', async () => {
    await shell.json(['backup', 'all.backup'])
    assert.match((await shell.run(['backup', 'all.backup'])).err, /exists already.* --force/)
    await shell.json(['backup', 'all.backup', '--force'])
    assert.match((await shell.run(['audit', 'prove', '1', '-o', 'all.backup'])).err, /another place\.\n$/)
    const home = join(shell.root, 'restored')
    await shell.json(['restore-backup', 'all.backup'], { home })
    const got = await shell.json<Folder>(['get', '/', '-o', 'from backup'], { home, code: 1 })
    assert.ok(got.files >= 5)
    assert.deepEqual(
      got.skipped.map(({ path, code }) => [path, code]),
      [['/doubly.txt', 'refused.lock']],
      'a second lock needs its passphrase there too',
    )
    assert.equal(await readFile(shell.path('from backup/letter.txt'), 'utf8'), 'an answer')
    assert.deepEqual((await shell.json<VerifyReport>(['verify'], { home })).findings, [])
    assert.equal((await shell.json<{ isWhole: boolean }>(['audit', 'verify'], { home })).isWhole, true)
    assert.equal(await shell.fails(['restore-backup', 'all.backup'], { home }), 'conflict.identity')
    assert.equal(
      await shell.fails(['restore-backup', 'no.backup'], { home: join(shell.root, 'x') }),
      'missing.file',
    )
    const backup = await readFile(shell.path('all.backup'))
    await shell.write('cut.backup', backup.subarray(0, 1000))
    await shell.write('not.backup', 'hello')
    for (const name of ['cut.backup', 'not.backup']) {
      const cut = join(shell.root, `home of ${name}`)
      assert.match(await shell.fails(['restore-backup', name], { home: cut }), /^(invalid|damaged)\./)
      assert.equal(await shell.fails(['ls'], { home: cut }), 'missing.identity')
    }
  })
})

suite('misuse', () => {
  const misuses: readonly (readonly string[])[] = [
    ['no-such-command'],
    ['help', 'no-such-command'],
    ['ls', '--no-such-option'],
    ['ls', 'one', 'two'],
    ['put'],
    ['get'],
    ['get', 'a', 'b'],
    ['get', 'note.txt', '--version', 'two'],
    ['get', 'note.txt', '--version', '0'],
    ['share', 'note.txt'],
    ['share', 'note.txt', '--with', 'bob', '--rights', 'everything'],
    ['share', 'note.txt', '--with', 'bob', '--until', 'tomorrow'],
    ['share', 'note.txt', '--with', 'bob', '--uses', '0'],
    ['id'],
    ['id', 'no-such-verb'],
    ['id', 'new'],
    ['id', 'new', '--name', 'x', '--kind', 'king'],
    ['audit', 'no-such-verb'],
    ['audit', 'prove', 'one'],
    ['mv', 'note.txt'],
    ['key'],
    ['key', 'no-such-verb'],
    ['key', 'new', '--door', 'webdav'],
    ['key', 'new', 'laptop'],
    ['key', 'new', 'laptop', '--door', 'barn'],
    ['key', 'new', 'laptop', '--door', 'webdav', '--rights', 'all'],
    ['key', 'new', 'laptop', '--door', 'webdav', '--until', 'tomorrow'],
    ['key', 'revoke'],
    ['find', '--limit', '-1'],
  ]

  test('exit code 2 and one sentence for each misuse of the command line; nothing is done', async () => {
    for (const args of misuses) {
      const outcome = await shell.run(args)
      assert.equal(outcome.code, 2, `anarq ${args.join(' ')}\n${outcome.out}${outcome.err}`)
      assert.equal(outcome.out, '')
      assert.match(outcome.err, /\S.*\n/)
      assert.doesNotMatch(outcome.err, /^ {4}at /m)
    }
    const { error } = await shell.json<{ error: { code: string } }>(['ls', '--nope'], { code: 2 })
    assert.equal(error.code, 'invalid.usage')
  })

  test('names that nothing has, and paths that would lead elsewhere, are refused', async () => {
    const refused: readonly (readonly [readonly string[], RegExp])[] = [
      [['get', 'nothing of this name'], /^missing\.object$/],
      [['get', '../../etc/passwd'], /^(missing|invalid)\./],
      [['ls', '/no/such/folder'], /^missing\./],
      [['ls', 'note.txt'], /^invalid\.kind$/],
      [['put', 'no such file'], /^missing\.file$/],
      [['put', 'note.txt', '--to', '/../up'], /^invalid\.name$/],
      [['put', 'note.txt', '--tag', 'a\nb'], /^invalid\.tag$/],
      [['rm', 'nothing of this name'], /^missing\.object$/],
      [['mv', 'note.txt', '--name', '..'], /^invalid\.name$/],
      [['versions', '/kept'], /^(missing|invalid)\./],
    ]
    for (const [args, code] of refused) assert.match(await shell.fails(args), code, args.join(' '))
  })

  test('a folder that is no home is left as it is, and a mistyped one is not made', async () => {
    await shell.write('shared folder/notes.txt', 'x')
    await chmod(shell.path('shared folder'), 0o755)
    const refused = [
      [['ls'], 'missing.identity'],
      [['doctor'], 'missing.identity'],
      [['init'], 'conflict.not-home'],
      [['up', '--port', '0'], 'conflict.not-home'],
    ] as const
    for (const [args, code] of refused)
      assert.equal(await shell.fails(args, { home: shell.path('shared folder') }), code, args.join(' '))
    assert.deepEqual(await readdir(shell.path('shared folder')), ['notes.txt'])
    assert.equal((await stat(shell.path('shared folder'))).mode & 0o777, 0o755)
    assert.equal(await shell.fails(['find', 'x'], { home: shell.path('mistyped') }), 'missing.identity')
    assert.ok(!(await readdir(shell.folder)).includes('mistyped'))
  })

  test('Ctrl-C, a closed terminal and a plain kill end a command in good order, also while it waits for a silent node', async () => {
    const home = join(shell.root, 'silent')
    await mkdir(home)
    const server = createServer().listen(join(home, 'node.sock'))
    await once(server, 'listening')
    const line = [join(import.meta.dirname, '../bin/anarq.js'), 'ls', '--home', home]
    for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM'] as const) {
      const command = spawn(process.execPath, line, { stdio: 'ignore' })
      const [connection] = await once(server, 'connection')
      // As from a terminal, and once more from whoever started it.
      for (let time = 0; time < 2; time += 1) command.kill(signal)
      assert.deepEqual(await once(command, 'exit'), [1, null], signal)
      connection.destroy()
    }
    server.close()
  })

  test('control characters and turns of direction in a name never reach the terminal', async () => {
    await shell.write('evil\u001b[31m\u202egnp.txt', 'x')
    await shell.json(['put', 'evil\u001b[31m\u202egnp.txt'])
    const { out } = await shell.run(['ls'])
    assert.match(out, /evil/)
    assert.doesNotMatch(out, /[\u001b\u202e]/)
  })
})
