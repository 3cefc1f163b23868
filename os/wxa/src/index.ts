/**
 * App packages: `.wxa`.
 *
 * A package is a ZIP file with one byte form: `manifest.json` first, which names every file with its checksums and is
 * signed by its publisher, then those files. Here are the manifest, what is refused and why, packing, signing, and the
 * decision to install; the ZIP itself is the `Archive` port. The format is docs/formats/wxa.md.
 */
export { areIdsAlike, areNamesAlike, skeletonOf } from './alike.ts'
export { type Archive, type ArchiveEntry, createMemoryArchive, type PackEntry } from './archive.ts'
export {
  addToFeed,
  checkFeed,
  checkFeedPackage,
  type FeedEntry,
  feedBytes,
  feedContext,
  feedEntryOf,
  feedPath,
  type KnownFeed,
  parseFeed,
  readUnsignedFeed,
  type SignedFeed,
  signFeed,
  type UnsignedFeed,
  verifyFeed,
} from './feed.ts'
export {
  type Candidate,
  decideInstall,
  type InstallDecision,
  type InstalledApp,
  type InstallState,
} from './install.ts'
export {
  feedAppsMax,
  feedBytesMax,
  fileBytesMax,
  filesMax,
  manifestBytesMax,
  packageBytesMax,
  pathCharactersMax,
  permissionsMax,
  ratioFreeBytes,
  ratioMax,
  totalBytesMax,
} from './limits.ts'
export {
  type DraftManifest,
  type FileEntry,
  isSigned,
  type Manifest,
  manifestBytes,
  manifestPath,
  type Publisher,
  parseDraft,
  parseManifest,
  readUnsigned,
  type SignedManifest,
  signedBytesOf,
  type UnsignedManifest,
} from './manifest.ts'
export { type AppFields, type Category, categories, readAppId, type UiKind } from './manifest-fields.ts'
export { digestOf, type Packed, type PackOptions, packFiles, type SourceFile, withManifest } from './pack.ts'
export { checkPath } from './path.ts'
export { type Permission, type PermissionParts, parsePermission } from './permission.ts'
export { type Package, type ReadOptions, readPackage } from './read-package.ts'
export { type SignOptions, signManifest, type VerifyOptions, verifyManifest, wxaContext } from './signing.ts'
export {
  compareVersions,
  developmentNumberOf,
  developmentVersion,
  parseVersion,
  type Version,
} from './version.ts'
