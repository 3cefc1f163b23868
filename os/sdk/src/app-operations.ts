/** What can be asked about apps. Somebody above implements it: the SDK only offers it. */

export type AppPermission = {
  readonly id: string
  /** What it means, in the system's words. */
  readonly means: string
  /** What for, in the publisher's words. */
  readonly why: string
  readonly isGranted: boolean
}

export type AppPublisher = { readonly did: string; readonly name: string; readonly isTrusted: boolean }

export type AppFacts = {
  readonly id: string
  readonly name: string
  readonly version: string
  readonly category: string
  readonly description: string
  /** Absent where nobody signed it: a package in development. */
  readonly publisher?: AppPublisher
  readonly permissions: readonly AppPermission[]
  readonly ui?: { readonly kind: 'component' | 'frame' }
  readonly hasBackend: boolean
  readonly defaultSize?: { readonly width: number; readonly height: number }
  /** Made on this machine just now, not published: unsigned, or of a version such as 1.0.0-dev.3. */
  readonly isDevelopment: boolean
  readonly installedMs: number
  readonly isOn: boolean
  /** Address of its icon, while it is on; it holds as long as that of a launch. */
  readonly icon?: string
  /** The version that rolling back goes to. */
  readonly previous?: string
}

/** What installing a package would do: shown before it is done. */
export type AppPlan = {
  readonly kind: 'install' | 'update'
  readonly app: Omit<AppFacts, 'installedMs' | 'isOn' | 'previous' | 'icon'>
  /** Of an update: the version that is there. */
  readonly from?: string
  /** Ids of permissions that were never asked for before. */
  readonly asks: readonly string[]
  readonly bytes: number
  /** A component runs inside the shell: the publisher has to be trusted by name first. */
  readonly needsTrust: boolean
  /** Its picture, out of the verified package; for an `<img>`, where a drawing's scripts are dead. Absent above `iconBytesMax`. */
  readonly icon?: { readonly type: IconType; readonly bytes: Uint8Array }
}

export type IconType = 'image/svg+xml' | 'image/png' | 'image/webp'
export const iconBytesMax: number = 256 * 1024

/** What becomes of an app's own storage when the app goes. */
export type DataChoice = 'keep' | 'export' | 'erase'

export type AppLaunch = {
  readonly kind: 'component' | 'frame'
  /** The address of its entry: nobody can guess it, and it holds until the node is locked or the app changes. */
  readonly address: string
}

/** A publisher's apps, verified each time that they are read. */
export type FeedFacts = {
  readonly did: string
  readonly name: string
  /** Of the drive, or an https address that ends with a slash. */
  readonly folder: string
  /** When it was fetched from its address last: looking at it asks nobody. */
  readonly fetchedMs?: number
  readonly sequence: number
  readonly apps: readonly FeedApp[]
  /** Why there is nothing to see of it now; what was installed from it goes on. */
  readonly problem?: { readonly code: string; readonly sentence: string }
}

export type FeedApp = {
  readonly id: string
  readonly name: string
  readonly version: string
  readonly category: string
  readonly description: string
  readonly bytes: number
  /** Of its package, in the drive or at its address, for `inspect` and `install`. */
  readonly path: string
  readonly state: 'new' | 'update' | 'installed'
  /** The version that is installed. */
  readonly installed?: string
}

export type AppOperations = {
  list(): Promise<readonly AppFacts[]>
  /** `path` is a package in the drive. */
  inspect(input: {
    path: string
    isDevelopment?: boolean | undefined
    /** The publisher of the feed that names the package: it has to be exactly that one. */
    feed?: string | undefined
  }): Promise<AppPlan>
  install(input: {
    path: string
    /** Ids of permissions; what is not named is not granted. */
    granted: readonly string[]
    /** The publisher's name as the person read it: their components may run inside the shell from now on. */
    trust?: string | undefined
    isDevelopment?: boolean | undefined
    feed?: string | undefined
  }): Promise<AppFacts>
  /** With `export`, the folder of the drive that its data went to. */
  uninstall(input: { id: string; data: DataChoice }): Promise<{ exportedTo?: string }>
  rollBack(input: { id: string }): Promise<AppFacts>
  turn(input: { id: string; isOn: boolean }): Promise<AppFacts>
  grant(input: { id: string; permission: string; isGranted: boolean }): Promise<AppFacts>
  launch(input: { id: string }): Promise<AppLaunch>
  /**
   * An app broke a rule of its screen, and was cut off unless `isCutOff` is false: it goes on record with the guardian. `why`
   * is a code.
   */
  report(input: { id: string; why: string; isCutOff?: boolean | undefined }): Promise<void>
  feeds(): Promise<readonly FeedFacts[]>
  /**
   * `path` is a folder with a `feed.json`, of the drive or at an https address; one of the same publisher takes the place of the one
   * before. From an address of a private network it is fetched only with `allowsPrivate`.
   */
  addFeed(input: { path: string; allowsPrivate?: boolean | undefined }): Promise<FeedFacts>
  /** Fetches it anew from its address, or reads its folder. */
  refreshFeed(input: { did: string }): Promise<FeedFacts>
  /** Not shown any more; how far it was is remembered, so that an older one is refused later too. */
  removeFeed(input: { did: string }): Promise<void>
}
