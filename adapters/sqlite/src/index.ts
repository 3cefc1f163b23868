/**
 * What SQLite does for AnarQ on one machine: the home's lock, the searchable view of an index (`createSqliteView`),
 * and small state that may be lost (`openStateDb`).
 */
export { holdLock, type Lock } from './lock.ts'
export { openStateDb, type StateCache, type StateDb, type StateDbOptions } from './state/state-db.ts'
export { createSqliteView, type SqliteView, type SqliteViewOptions } from './view/sqlite-view.ts'
