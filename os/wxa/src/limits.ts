/** Every limit of the format. A package over one of them is refused before the rest of it is read. */

/** The package file itself. */
export const packageBytesMax: number = 64 * 1024 * 1024
export const manifestBytesMax: number = 1024 * 1024
/** Besides the manifest. */
export const filesMax = 2000
/** One file, and all of them together, unpacked. */
export const fileBytesMax: number = 32 * 1024 * 1024
export const totalBytesMax: number = 128 * 1024 * 1024
/** How many times larger a file may become by unpacking. Small ones may more: many zeros are no bomb. */
export const ratioMax = 200
export const ratioFreeBytes: number = 1024 * 1024

export const pathCharactersMax = 200
export const pathDepthMax = 16

export const idCharactersMin = 3
export const idCharactersMax = 64
export const nameCharactersMax = 40
export const descriptionCharactersMax = 500
export const versionNumberMax = 999_999
export const preReleaseCharactersMax = 32

export const permissionsMax = 32
export const permissionCharactersMax = 160
export const whyCharactersMax = 200

export const routesMax = 64
export const routeCharactersMax = 120
export const languagesMax = 64
export const windowSideMin = 200
export const windowSideMax = 4096

export const cardCharactersMax: number = 512 * 1024
/** Verifying the publisher's log takes about a millisecond an entry. */
export const cardEntriesMax = 40

/** A feed, and the apps in it. */
export const feedBytesMax: number = 2 * 1024 * 1024
export const feedAppsMax = 1000
