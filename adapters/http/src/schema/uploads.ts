import { count, described, fields, flag, oneOf, ref, type Schema, text } from './parts.ts'

export const uploadSchema: Schema = fields({
  id: text,
  path: text,
  bytes: count,
  offset: described(count, 'So many bytes came; the next part begins here.'),
  state: oneOf('open', 'done', 'failed'),
  'entry?': ref('Entry'),
  'isUnchanged?': flag,
  'backup?': ref('BackupReport'),
  'restored?': fields({ blocks: count, bytes: count }),
  'sentence?': described(text, 'Why it failed.'),
})
