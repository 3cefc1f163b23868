import { count, described, fields, flag, type Schema, time } from './parts.ts'

export const storageSchemas: Readonly<Record<string, Schema>> = {
  Storage: fields({
    files: described(count, 'Of the identity in use, those in the trash included.'),
    contentBytes: described(count, 'Of their latest versions, as they are.'),
    trashedBytes: count,
    storedBytes: described(count, 'Of all identities of this home, as it lies on the disk.'),
    indexBytes: described(count, 'Of that: index, envelopes and lists, with their second copies.'),
    looseBytes: described(count, 'Of that: what can be tidied away.'),
    'freeBytes?': count,
    'diskBytes?': count,
    'quotaBytes?': described(count, 'How large the store may grow; absent: as the disk lets it.'),
  }),
  BackupReport: fields({
    isOurs: described(flag, 'Whether it is a backup of this home: then it was opened and counted.'),
    'madeMs?': time,
    'newestMs?': described(time, 'When the newest change in it was made.'),
    blocks: count,
    bytes: count,
    identities: count,
    files: described(count, 'What would come back.'),
    contentBytes: count,
    brokenFiles: described(count, 'Of these, those that would not come back whole.'),
    filesHere: count,
    contentBytesHere: count,
    changesSince: described(count, 'Changes made here that are not in it.'),
  }),
}
