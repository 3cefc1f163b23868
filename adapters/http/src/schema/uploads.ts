import { count, described, fields, flag, oneOf, ref, type Schema, text } from './parts.ts'

export const restoreReport: Schema = fields({
  blocks: count,
  bytes: count,
  damagedParts: described(
    count,
    'Parts of the backup that were damaged and stayed out; once unlocked, verify names the files.',
  ),
})

export const uploadSchema: Schema = fields({
  id: text,
  path: text,
  bytes: count,
  offset: described(count, 'So many bytes came; it goes on here.'),
  state: oneOf('open', 'done', 'failed'),
  isComing: described(flag, 'At this moment somebody sends.'),
  'entry?': ref('Entry'),
  'isUnchanged?': flag,
  'backup?': ref('BackupReport'),
  'restored?': restoreReport,
  'code?': described(text, 'Of the fault, where it failed.'),
  'sentence?': described(text, 'Why it failed.'),
})
