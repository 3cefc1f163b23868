import assert from 'node:assert/strict'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { EntryFacts, Finding, IdentityFacts } from '@anarq/kernel'
import { openShell, type Shell } from './shell.ts'

type Made = IdentityFacts & { readonly invitation: string; readonly guardianShare: string }

/** The shell's own home is the guardian's. */
let shell: Shell
let tablet: { readonly home: string }

before(async () => {
  shell = await openShell()
  tablet = { home: join(shell.root, 'tablet') }
  await shell.begin('Eve')
  await shell.up()
})
after(() => shell.close())

test('AQ-SQUID-2, AQ-SQUID-10: enrol, new, join: two homes become a guardian and a child that keeps files', async () => {
  // A device that is new, is enrolled and joins while its node runs.
  await shell.up(tablet.home)
  const enrolled = await shell.run(['id', 'enrol', '--name', 'Ada'], tablet)
  assert.equal(enrolled.code, 0, enrolled.err)
  assert.match(enrolled.out, /id new --kind child/)
  assert.equal(await shell.fails(['ls'], tablet), 'missing.invitation')
  assert.equal(
    await shell.fails(['id', 'enrol', '--name', 'Ada', '-o', 'again'], tablet),
    'conflict.identity',
  )

  const born = ['--birth', `${new Date().getUTCFullYear() - 10}-01-01`]
  const args = ['id', 'new', '--kind', 'child', '--name', 'Ada', ...born, '--device', 'Ada.device']
  const made = await shell.json<Made>([...args, '--hours', 'sun-sat=00:00-24:00', '--modules', 'qdrive'])
  assert.deepEqual([made.invitation, made.guardianShare], ['Ada.invitation', 'Ada.share'])
  assert.equal((await stat(shell.path('Ada.share'))).mode & 0o777, 0o600)
  assert.equal(await shell.fails(args), 'conflict.exists')
  assert.equal((await shell.json<IdentityFacts[]>(['id', 'list'])).length, 2)

  const cut = (await readFile(shell.path('Ada.invitation'), 'utf8')).slice(0, -20)
  await shell.write('cut.invitation', cut)
  assert.equal(await shell.fails(['id', 'join', 'cut.invitation'], tablet), 'damaged.file')
  assert.equal(await shell.fails(['id', 'join', 'Ada.invitation']), 'conflict.identity')
  const joined = await shell.run(['id', 'join', 'Ada.invitation'], tablet)
  assert.equal(joined.code, 0, joined.err)
  assert.match(
    joined.out,
    /sharing: the guardian is asked first[\s\S]*sun,mon,tue,wed,thu,fri,sat 00:00-24:00/,
  )

  await shell.write('note.txt', 'mine')
  await shell.json(['put', 'note.txt'], tablet)
  const names = (await shell.json<EntryFacts[]>(['ls'], tablet)).map(({ name }) => name)
  assert.deepEqual(names, ['note.txt'])
  assert.equal((await shell.run(['get', 'note.txt', '-o', '-'], tablet)).out, 'mine')
  assert.deepEqual(await shell.json<EntryFacts[]>(['ls']), [], "the guardian's own drive is another one")
})

test('renew gives the device other limits, and both sides hear of what ends', async () => {
  const { child } = await shell.json<IdentityFacts>([
    'id',
    'renew',
    'Ada',
    '--days',
    '1',
    '--modules',
    'qpic',
  ])
  assert.deepEqual(child?.limits.modules, ['qpic'])
  await shell.json(['id', 'join', 'Ada.renewal'], tablet)
  assert.equal(await shell.fails(['ls'], tablet), 'refused.policy')
  const ends = (findings: readonly Finding[]) =>
    findings.find(({ what }) => /without another renewal/.test(what))?.severity
  assert.equal(ends(await shell.json<Finding[]>(['doctor'], tablet)), 'warning')
  assert.equal(ends(await shell.json<Finding[]>(['doctor'])), 'warning')
  await shell.json(['id', 'renew', 'Ada', '--modules', 'any'])
  await shell.json(['id', 'join', 'Ada.renewal'], tablet)
  assert.equal((await shell.json<EntryFacts[]>(['ls'], tablet)).length, 1)
})

test('a lost device is replaced with the second share; too early a release, and misuse, are refused', async () => {
  const next = { home: join(shell.root, 'new tablet') }
  await shell.json(['id', 'enrol', '--name', 'Ada', '-o', 'next.device'], next)
  const recover = ['id', 'recover', 'Ada', '--device', 'next.device', '--share', 'Ada.share']
  assert.equal(await shell.fails(recover), 'conflict.exists')
  await shell.json([...recover, '-o', 'next.invitation', '--share-out', 'next.share'])
  assert.equal((await shell.json<IdentityFacts>(['id', 'join', 'next.invitation'], next)).kind, 'child')
  assert.equal(await shell.fails(['id', 'release', 'Ada']), 'refused.majority')
  assert.equal(await shell.fails(['id', 'join', 'nothing.here'], next), 'missing.file')
  const misuses: readonly (readonly string[])[] = [
    ['id', 'enrol'],
    ['id', 'new', '--kind', 'child', '--name', 'x'],
    ['id', 'new', '--kind', 'child', '--name', 'x', '--birth', '2015-02-30', '--device', 'next.device'],
    ['id', 'new', '--kind', 'child', '--name', 'x', '--birth', '2015-02-28'],
    ['id', 'join'],
    ['id', 'renew'],
    ['id', 'renew', 'Ada', '--days', '8'],
    ['id', 'renew', 'Ada', '--hours', 'someday=10:00-11:00'],
    ['id', 'renew', 'Ada', '--hours', 'mon=11:00-10:00'],
    ['id', 'renew', 'Ada', '--utc-offset', '2'],
    ['id', 'renew', 'Ada', '--sharing', 'maybe'],
    ['id', 'renew', 'Ada', '--age', 'old'],
    ['id', 'recover', 'Ada'],
    ['id', 'release'],
  ]
  for (const misuse of misuses) assert.equal((await shell.run(misuse)).code, 2, misuse.join(' '))
})

test('help explains what is carried where', async () => {
  const { code, out } = await shell.run(['help', 'id'])
  assert.equal(code, 0)
  for (const verb of ['enrol', 'join', 'renew', 'recover', 'release', 'lend'])
    assert.match(out, new RegExp(`^ {2}id ${verb}`, 'm'), verb)
})
