import type { App } from '../context.ts'
import { childSchemas } from './children.ts'
import { guardianSchemas } from './guardian.ts'
import { count, described, fields, flag, listOf, oneOf, ref, type Schema, text, time } from './parts.ts'
import { sessionSchemas } from './sessions.ts'
import { storageSchemas } from './storage.ts'
import { uploadSchema } from './uploads.ts'

const identityKind = oneOf('root', 'sub', 'anonymous', 'child', 'organisation')
const objectId = described(text, '32 hexadecimal digits; empty for the root folder.')

const identity = {
  did: text,
  name: text,
  kind: identityKind,
  epoch: described(count, 'Generation of its keys.'),
  createdMs: time,
  status: oneOf('active', 'revoked'),
  isCurrent: flag,
  formerly: described(listOf(text), 'Former DIDs of an identity whose keys were changed.'),
  devices: listOf(fields({ id: text, name: text, isRevoked: flag })),
  'child?': ref('ChildFacts'),
}

/** What goes in and out, as `Operations` of `@anarq/kernel` has it. */
const schemas: Readonly<Record<string, Schema>> = {
  Problem: fields({
    type: text,
    title: text,
    status: { type: 'integer', minimum: 400, maximum: 599 },
    code: described(
      text,
      'Stable; the part before the dot is its kind: invalid, refused, missing, conflict, damaged, limit, busy, unavailable, cancelled, internal.',
    ),
    detail: described(text, 'What happened, to what, and what to do next.'),
    'data?': described(
      { type: 'object', additionalProperties: { type: 'number' } },
      'What the detail says in figures: waitMs, quotaBytes, offset.',
    ),
  }),
  Status: fields({
    state: described(
      oneOf('empty', 'waiting', 'locked', 'open'),
      "empty: no identity yet; waiting: a child's device without its guardian's file; locked: the passphrase is needed; open: ready.",
    ),
    version: text,
    'current?': described(
      fields({ did: text, name: text, kind: identityKind }),
      'The identity in use; only for that identity.',
    ),
  }),
  Identity: fields(identity),
  ...childSchemas(identity),
  ...sessionSchemas,
  ...storageSchemas,
  ...guardianSchemas,
  Upload: uploadSchema,
  IdentityCard: fields({
    ...identity,
    card: described(text, 'What to give to others so that they can share with this identity.'),
  }),
  Entry: fields({
    id: objectId,
    kind: oneOf('folder', 'file'),
    name: text,
    path: text,
    type: described(text, 'Media type; inode/symlink for a link, whose content is its target.'),
    bytes: count,
    modifiedMs: time,
    tags: listOf(text),
    versions: count,
    isTrashed: flag,
    'isLocked?': described(
      flag,
      'True for a file that is not read without the passphrase of its second lock.',
    ),
    'mode?': described(count, 'POSIX permission bits.'),
    'owner?': described(text, 'DID of whom it belongs to, where that is somebody else.'),
  }),
  Version: fields({
    version: described(count, '1 is the first.'),
    cid: text,
    bytes: count,
    storedBytes: count,
    modifiedMs: time,
    savedMs: time,
    isLatest: flag,
  }),
  Commit: fields({
    cid: text,
    sequence: count,
    atMs: time,
    records: count,
    objects: count,
    did: text,
    device: text,
  }),
  Skipped: fields({ path: text, code: text, sentence: text }),
  PutReport: fields({
    files: count,
    folders: count,
    unchanged: count,
    bytes: described(count, 'Bytes read.'),
    newBytes: described(count, 'Bytes of new blocks that they came to.'),
    newBlocks: count,
    skipped: listOf(ref('Skipped')),
    entries: described(
      listOf(ref('Entry')),
      'Of what was put by name, not of what was found inside folders.',
    ),
  }),
  PutEvent: {
    description: 'One line each: progress at most five times a second, then one report, or one error.',
    type: 'object',
    properties: {
      progress: fields({ files: count, bytes: count, path: text }),
      report: ref('PutReport'),
      error: ref('Problem'),
    },
    additionalProperties: false,
  },
  Grant: fields({
    id: text,
    direction: oneOf('in', 'out'),
    object: objectId,
    kind: oneOf('folder', 'file'),
    name: text,
    with: described(text, 'DID of whom it was given to, or of whom it came from.'),
    rights: listOf(text),
    'purpose?': text,
    issuedMs: time,
    'untilMs?': time,
    'usesMax?': count,
    uses: count,
    state: oneOf('active', 'expired', 'used-up', 'revoked'),
  }),
  ResealReport: fields({
    grant: ref('Grant'),
    files: count,
    versions: count,
    bytes: count,
    buriedBlocks: described(count, 'Old blocks that are out of the store.'),
    keptBlocks: described(count, 'Old blocks that other files of the same content stand on.'),
    skipped: described(listOf(ref('Skipped')), 'What could not be sealed anew, or not be taken away.'),
  }),
  ResealEvent: {
    description: 'One line each: progress at most five times a second, then one report, or one error.',
    type: 'object',
    properties: {
      progress: fields({
        stage: oneOf('waiting', 'sealing', 'burying'),
        files: count,
        bytes: count,
        path: text,
      }),
      report: ref('ResealReport'),
      error: ref('Problem'),
    },
    additionalProperties: false,
  },
  ToolKey: fields({
    id: text,
    name: text,
    door: oneOf('webdav', 'mcp'),
    'folder?': described(text, 'Path of the folder that it is for; absent where that is gone.'),
    rights: oneOf('read', 'write'),
    createdMs: time,
    'untilMs?': time,
    'lastUsedMs?': time,
    state: oneOf('active', 'expired', 'revoked'),
  }),
  AuditEntry: fields({
    index: count,
    atMs: time,
    action: text,
    identity: text,
    'object?': text,
    verdict: oneOf('ok', 'refused', 'failed'),
    'code?': text,
    details: { type: 'object', additionalProperties: true },
  }),
  Alert: fields({
    id: text,
    atMs: time,
    kind: text,
    severity: oneOf('low', 'medium', 'high', 'critical'),
    rule: text,
    identity: text,
    sentence: text,
    evidence: fields({
      hashes: listOf(text),
      counts: { type: 'object', additionalProperties: { type: 'number' } },
      'flow?': text,
      'object?': text,
      'code?': text,
      'source?': text,
      'method?': text,
      'steps?': listOf(fields({ atMs: time, kind: text, stage: text, 'object?': text })),
    }),
  }),
  Finding: fields({
    severity: oneOf('info', 'warning', 'error'),
    what: text,
    'path?': text,
    'advice?': text,
  }),
  VerifyReport: fields({ files: count, bytes: count, findings: listOf(ref('Finding')) }),
  VerifyEvent: {
    description: 'One line each: progress at most five times a second, then one report, or one error.',
    type: 'object',
    properties: {
      progress: fields({ files: count, bytes: count }),
      report: ref('VerifyReport'),
      error: ref('Problem'),
    },
    additionalProperties: false,
  },
}

export function addSchemas(app: App): void {
  for (const [name, schema] of Object.entries(schemas)) app.addSchema({ $id: name, title: name, ...schema })
}
