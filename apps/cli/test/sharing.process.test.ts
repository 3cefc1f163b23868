import assert from 'node:assert/strict'
import { readdir, readFile, stat } from 'node:fs/promises'
import { after, before, suite, test } from 'node:test'
import type { AuditFacts, EntryFacts, GrantFacts, PutReport, ResealReport, VersionFacts } from '@anarq/kernel'
import { openShell, type Shell } from './shell.ts'

type Proof = { readonly receipt: { readonly signature: string } }

let shell: Shell

/** Acts as bob, then goes back to alice. */
async function asBob<T>(act: () => Promise<T>): Promise<T> {
  await shell.json(['id', 'use', 'bob'])
  try {
    return await act()
  } finally {
    await shell.json(['id', 'use', 'alice'])
  }
}

before(async () => {
  shell = await openShell()
  await shell.begin('alice')
  await shell.up()
  await shell.json(['id', 'new', '--kind', 'sub', '--name', 'bob'])
  await shell.write('trip/day one.txt', 'sun')
  await shell.write('trip/days/two.txt', 'rain')
  await shell.write('secret.txt', 'secret')
  await shell.json(['put', 'trip', 'secret.txt'])
})
after(() => shell.close())

suite('a folder in one grant', () => {
  let grant: GrantFacts & { ping: string }

  test('WX-PNG-1: one small ping file for a folder; the one it is for lists it, opens it, and takes one thing of it', async () => {
    grant = await shell.json(['share', 'trip', '--with', 'bob', '--rights', 'read,write', '-o', 'trip.ping'])
    assert.equal(grant.kind, 'folder')
    assert.ok((await stat(shell.path('trip.ping'))).size <= 1024)
    await shell.write('later.txt', 'put later')
    await shell.json(['put', 'later.txt', '--to', '/trip'])
    await asBob(async () => {
      const listed = await shell.json<EntryFacts[]>(['open', 'trip.ping', '--list'])
      assert.deepEqual(
        listed.map(({ path }) => path),
        ['trip', 'trip/days', 'trip/days/two.txt', 'trip/day one.txt', 'trip/later.txt'],
      )
      assert.match((await shell.run(['open', 'trip.ping', '--list'])).out, /trip\/days\/\n/)
      const saved = await shell.json<{ files: number }>(['open', 'trip.ping', '-o', 'received'])
      assert.equal(saved.files, 3)
      assert.deepEqual((await readdir(shell.path('received'), { recursive: true })).sort(), [
        'day one.txt',
        'days',
        'days/two.txt',
        'later.txt',
      ])
      assert.equal(await readFile(shell.path('received/days/two.txt'), 'utf8'), 'rain')
      const { out } = await shell.run(['open', 'trip.ping', '--only', 'days/two.txt', '-o', '-'])
      assert.equal(out, 'rain')
      await shell.json(['open', 'trip.ping', '--only', 'days', '-o', 'some days'])
      assert.deepEqual(await readdir(shell.path('some days')), ['two.txt'])
    })
  })

  test('what leads out of a shared folder is refused, what is there already is not overwritten, and a folder is no stream', async () => {
    await asBob(async () => {
      const only = (path: string) => shell.fails(['open', 'trip.ping', '--only', path, '-o', 'x'])
      assert.equal(await only('../secret.txt'), 'invalid.path')
      assert.equal(await only('/secret.txt'), 'invalid.path')
      assert.equal(await only('secret.txt'), 'missing.object')
      assert.equal(await shell.fails(['open', 'trip.ping', '-o', 'received']), 'conflict.exists')
      assert.equal((await shell.run(['open', 'trip.ping', '-o', '-'])).code, 2)
      assert.equal((await shell.run(['open', 'trip.ping', '-o', 'received', '--force'])).code, 0)
    })
  })

  test('AQ-QONSENT-5: where the grant says so, files and folders are put into it', async () => {
    await shell.write('from bob/notes.txt', 'notes')
    const report = await asBob(() => shell.json<PutReport>(['open', 'trip.ping', '--put', 'from bob']))
    assert.equal(report.files, 1)
    assert.equal((await shell.run(['get', '/trip/from bob/notes.txt', '-o', '-'])).out, 'notes')
  })

  test('AQ-QONSENT-7: taken back hard, it opens no more, its versions are named anew, and the owner reads them', async () => {
    const [before] = await shell.json<VersionFacts[]>(['versions', '/trip/later.txt'])
    const report = await shell.json<ResealReport>(['revoke', grant.id, '--hard'])
    assert.deepEqual([report.grant.state, report.files, report.skipped], ['revoked', 4, []])
    const [now] = await shell.json<VersionFacts[]>(['versions', '/trip/later.txt'])
    assert.notEqual(now?.cid, before?.cid)
    assert.equal((await shell.run(['get', '/trip/later.txt', '-o', '-'])).out, 'put later')
    await asBob(async () =>
      assert.equal(await shell.fails(['open', 'trip.ping', '--list']), 'refused.revoked'),
    )
    const { out } = await shell.run(['revoke', grant.id, '--hard'])
    assert.match(out, /can no longer open trip\./)
    assert.match(out, /4 files \(4 versions, .+\) sealed anew/)
    assert.match(out, /What was read or copied already stays with who has it/)
    assert.deepEqual((await shell.json<{ findings: unknown[] }>(['verify'])).findings, [])
  })

  test('AQ-QONSENT-12: the proof of a decision comes with its signed receipt, and says elsewhere what was decided', async () => {
    const entries = await shell.json<AuditFacts[]>(['audit', 'tail', '--limit', '200'])
    const refused = entries.find(({ code }) => code === 'refused.revoked')
    await shell.json(['audit', 'prove', String(refused?.index), '-o', 'proof.json'])
    const elsewhere = { home: `${shell.root}/nobody`, passphraseFile: shell.path('missing') }
    const { out } = await shell.run(['audit', 'verify', 'proof.json'], elsewhere)
    assert.match(out, /The proof holds: .+ Its receipt says: deny \(refused\.revoked\)\./)
    const proof = JSON.parse(await readFile(shell.path('proof.json'), 'utf8')) as Proof
    const { signature } = proof.receipt
    const other = signature.startsWith('A') ? 'B' : 'A'
    const receipt = { ...proof.receipt, signature: other + signature.slice(1) }
    await shell.write('changed.json', JSON.stringify({ ...proof, receipt }))
    assert.equal((await shell.run(['audit', 'verify', 'changed.json'], elsewhere)).code, 1)
  })
})

test('without a node each command opens the home itself: what is shared opens, and no more once it is taken back', async () => {
  await shell.down()
  const grant = await shell.json<GrantFacts>(['share', 'secret.txt', '--with', 'bob', '-o', 'secret.ping'])
  await asBob(async () => {
    assert.equal((await shell.run(['open', 'secret.ping', '-o', '-'])).out, 'secret')
  })
  assert.equal((await shell.json<GrantFacts>(['revoke', grant.id])).state, 'revoked')
  await shell.json(['id', 'use', 'bob'])
  assert.equal(await shell.fails(['open', 'secret.ping', '-o', '-']), 'refused.revoked')
})
