import type { Part } from './ledger.ts'

/**
 * `home` is the number of the folder that the record names (0 is the root folder), or 0 where a cycle is cut, with
 * the folder then in `asks`. A folder that is not there has a number too, so that nothing moves when it comes.
 * `section` is 0 for folders, 1 for all else, 2 for what is in the trash itself. `shown` and `shown_key` are set
 * where another name is shown than the given one, because of `rival`.
 */
export const base: string = `
CREATE TABLE entries (num INTEGER PRIMARY KEY, id BLOB NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
  key TEXT NOT NULL, shown TEXT, shown_key TEXT, rival INTEGER, home INTEGER, asks INTEGER, section INTEGER NOT NULL,
  placed TEXT NOT NULL, moved TEXT, type TEXT NOT NULL, owner TEXT, bytes INTEGER NOT NULL, modified INTEGER NOT NULL,
  created INTEGER NOT NULL, tags TEXT, words TEXT, note TEXT, trashed INTEGER, flags INTEGER NOT NULL, versions BLOB,
  fields TEXT);
CREATE UNIQUE INDEX by_id ON entries (id);`

/**
 * `texts` holds searchable texts, and what ranks them, so that ranking reads short rows. It is brought up to date at the
 * first search after a change. FTS5 finds candidates: the words are
 * folded already and hold only letters and digits, which the `ascii` tokenizer leaves alone, so that it cuts
 * exactly where `searchWords` did. `marks` are tokens for everything that a query can ask for exactly. Words are listed
 * by their first letter too, because the thousands of words that begin with one would have to be gone through one by one.
 */
export const schemas: Readonly<Record<Part, string>> = {
  folders: `
CREATE INDEX by_folder ON entries (home, section, coalesce(shown_key, key));
CREATE INDEX renamed ON entries (home, name) WHERE shown IS NOT NULL;
CREATE INDEX trashed_folders ON entries (num) WHERE section = 2 AND kind = 'folder';`,
  kinds: `
CREATE INDEX by_kind ON entries (kind, key, name, id) WHERE kind NOT IN ('file', 'folder');`,
  search: `
CREATE INDEX by_key ON entries (key);
CREATE TABLE texts (num INTEGER PRIMARY KEY, id BLOB NOT NULL, modified INTEGER NOT NULL, named TEXT NOT NULL,
  tagged TEXT, body TEXT);
CREATE INDEX by_time ON texts (modified DESC, id);
CREATE VIRTUAL TABLE search USING fts5(named, tagged, body, marks, content='', contentless_delete=1, detail=column,
  prefix='1', tokenize='ascii');`,
  sizes: `
CREATE INDEX by_size ON entries (bytes DESC, id);`,
}

/** The statements of a database that has these parts, as SQLite keeps them. */
export function statementsOf(parts: Iterable<Part>): string[] {
  const all = base + [...parts].map((part) => schemas[part]).join('')
  return all
    .split(';')
    .map((one) => one.trim())
    .filter((one) => one !== '')
}
