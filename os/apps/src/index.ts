/**
 * The apps of a person. A package in the drive is verified, shown, and installed while everything runs; its files are served
 * under an address that nobody can guess, its backend runs in the sandbox with what the person granted and nothing more;
 * an update keeps the version before; removing leaves nothing but what the person chose to keep.
 */
export { type AppFile, type Apps, type AppsOptions, type BuiltInApp, createApps } from './apps.ts'
export type { OpenArchive } from './shelf.ts'
export type { Web, WebAsked } from './web.ts'
