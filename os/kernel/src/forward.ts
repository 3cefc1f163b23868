import type { DriveOperations, SharingOperations } from './operations.ts'

/** The drive of whatever identity is in use when a call comes. */
export function forwardDrive(drive: () => Promise<DriveOperations>): DriveOperations {
  return {
    put: async (...args) => (await drive()).put(...args),
    list: async (...args) => (await drive()).list(...args),
    entry: async (...args) => (await drive()).entry(...args),
    find: async (...args) => (await drive()).find(...args),
    get: async (...args) => (await drive()).get(...args),
    async *walk(...args) {
      yield* (await drive()).walk(...args)
    },
    async *readTree(...args) {
      yield* (await drive()).readTree(...args)
    },
    makeFolder: async (...args) => (await drive()).makeFolder(...args),
    move: async (...args) => (await drive()).move(...args),
    copy: async (...args) => (await drive()).copy(...args),
    tag: async (...args) => (await drive()).tag(...args),
    remove: async (...args) => (await drive()).remove(...args),
    restore: async (...args) => (await drive()).restore(...args),
    versions: async (...args) => (await drive()).versions(...args),
    history: async (...args) => (await drive()).history(...args),
  }
}

export function forwardSharing(sharing: () => Promise<SharingOperations>): SharingOperations {
  return {
    share: async (...args) => (await sharing()).share(...args),
    open: async (...args) => (await sharing()).open(...args),
    async *walk(...args) {
      yield* (await sharing()).walk(...args)
    },
    async *readTree(...args) {
      yield* (await sharing()).readTree(...args)
    },
    write: async (...args) => (await sharing()).write(...args),
    people: async () => (await sharing()).people(),
    grants: async (...args) => (await sharing()).grants(...args),
    revoke: async (...args) => (await sharing()).revoke(...args),
    revokeHard: async (...args) => (await sharing()).revokeHard(...args),
  }
}
