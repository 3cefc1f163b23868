import { count, described, fields, flag, oneOf, ref, type Schema, text } from './parts.ts'

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
  'restored?': fields({ blocks: count, bytes: count }),
  'code?': described(text, 'Of the fault, where it failed.'),
  'sentence?': described(text, 'Why it failed.'),
})
