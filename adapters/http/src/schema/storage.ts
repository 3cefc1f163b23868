import { count, described, fields, flag, listOf, type Schema, text, time } from './parts.ts'

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
    files: described(count, 'What would come back: files of the person, of all identities.'),
    contentBytes: count,
    brokenFiles: described(count, 'Files that would not come back whole.'),
    brokenPaths: described(listOf(text), 'Where the first of them lie.'),
    identitiesHere: count,
    filesHere: count,
    contentBytesHere: count,
    since: described(
      fields({
        added: described(count, 'Files that it has not.'),
        changed: described(count, 'Files that it has otherwise.'),
        paths: described(listOf(text), 'Where the first of both lie.'),
        gone: described(count, 'Files that are not here any more, and would come back.'),
        ofApps: described(count, 'What apps and the desktop keep for themselves, added or changed.'),
        permissions: described(count, 'Grants, keys of tools and revocations that it does not know.'),
      }),
      'What is otherwise here.',
    ),
  }),
}
