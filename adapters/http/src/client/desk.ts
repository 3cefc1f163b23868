import type {
  AccountOperations,
  AuditOperations,
  HealthOperations,
  IdentityFacts,
  IdentityOperations,
  KeepingOperations,
  KeptEntryFacts,
  KeptFacts,
  ReturnFacts,
  VerifyReport,
} from '@anarq/kernel'
import type { SignedFeed, SignedManifest } from '@anarq/wxa'
import { lastEvent } from './content.ts'
import { part, query } from './path.ts'
import type { Wire } from './wire.ts'

export function accountOf(wire: Wire): AccountOperations {
  const account = '/api/v1/account'
  return {
    status: () => wire.json('GET', '/api/v1/status'),
    init: (body) => wire.json('POST', `${account}/init`, { body }),
    recover: (body) => wire.json('POST', `${account}/recover`, { body }),
    enrol: (body) => wire.json('POST', `${account}/enrol`, { body }),
    enrolment: () => wire.json('GET', `${account}/enrolment`),
    join: (body) => wire.json('POST', `${account}/join`, { body }),
    unlock: (body) => wire.json('POST', `${account}/unlock`, { body }),
    lock: () => wire.json('POST', `${account}/lock`),
    certify: (body) => wire.json('POST', `${account}/certify`, { body }),
    changePassphrase: (body) => wire.json('POST', `${account}/passphrase`, { body }),
    passkeys: () => wire.json('GET', '/api/v1/sessions/passkeys'),
    listPasskeys: () => wire.json('GET', `${account}/passkeys`),
    unlockByWords: (body) => wire.json('POST', `${account}/unlock-by-words`, { body }),
    unlockByPasskey: (body) => wire.json('POST', `${account}/unlock-by-passkey`, { body }),
    addPasskey: (body) => wire.json('POST', `${account}/passkeys`, { body }),
    removePasskey: ({ credential }) => wire.json('DELETE', `${account}/passkeys/${part(credential)}`),
    showWords: (body) => wire.json('POST', `${account}/words`, { body }),
    confirmWords: () => wire.json('POST', `${account}/words/confirmed`),
  }
}

export function identitiesOf(wire: Wire): IdentityOperations {
  const list = (): Promise<readonly IdentityFacts[]> => wire.json('GET', '/api/v1/identities')
  /** An empty ref is the identity in use, which the address has no word for. */
  const one = async (ref: string): Promise<string> => {
    const named = ref === '' ? ((await list()).find(({ isCurrent }) => isCurrent)?.did ?? '') : ref
    return `/api/v1/identities/${part(named)}`
  }
  return {
    list,
    create: (body) => wire.json('POST', '/api/v1/identities', { body }),
    show: async (ref) => wire.json('GET', await one(ref)),
    use: async (ref) => wire.json('POST', `${await one(ref)}/use`),
    rotate: async (ref) => wire.json('POST', `${await one(ref)}/rotate`),
    revoke: async (ref, device) => wire.json('POST', `${await one(ref)}/revoke`, { body: { device } }),
    drill: async (words) =>
      (await wire.json<{ isRight: boolean }>('POST', '/api/v1/account/drill', { body: { words } })).isRight,
    recovery: () => wire.json('GET', '/api/v1/account/recovery'),
    learn: (card) => wire.json('POST', '/api/v1/contacts', { body: { card } }),
    signApp: async (manifest) =>
      (await wire.json<{ manifest: SignedManifest }>('POST', '/api/v1/apps/sign', { body: { manifest } }))
        .manifest,
    signAppFeed: async (feed) =>
      (await wire.json<{ feed: SignedFeed }>('POST', '/api/v1/feeds/sign', { body: { feed } })).feed,
    createChild: (body) => wire.json('POST', '/api/v1/children', { body }),
    renew: async (ref, body = {}) => wire.json('POST', `${await one(ref)}/renew`, { body }),
    recover: async (ref, body) => wire.json('POST', `${await one(ref)}/recover`, { body }),
    release: async (ref) => wire.json('POST', `${await one(ref)}/release`),
    lendShare: (guardianShare, { to } = {}) =>
      wire.json('POST', '/api/v1/shares/lend', { body: { guardianShare, to } }),
    releaseShare: (guardianShare) => wire.json('POST', '/api/v1/shares/release', { body: { guardianShare } }),
  }
}

export function auditOf(wire: Wire): AuditOperations {
  return {
    tail: (asked = {}) => wire.json('GET', `/api/v1/audit${query(asked)}`),
    verify: () => wire.json('POST', '/api/v1/audit/verify'),
    prove: (index) => wire.json('GET', `/api/v1/audit/${index}/proof`),
    alerts: () => wire.json('GET', '/api/v1/alerts'),
    flows: () => wire.json('GET', '/api/v1/guardian/flows'),
    risks: () => wire.json('GET', '/api/v1/guardian/risks'),
    decoys: () => wire.json('GET', '/api/v1/guardian/decoys'),
  }
}

export function healthOf(wire: Wire): HealthOperations {
  const health = '/api/v1/health'
  return {
    async verify(ref, { onProgress, signal } = {}) {
      const answer = await wire.open('POST', `${health}/verify`, { body: { ref }, signal })
      return lastEvent<VerifyReport, { files: number; bytes: number }>(answer, onProgress)
    },
    doctor: () => wire.json('GET', `${health}/doctor`),
    async *backup(signal) {
      yield* (await wire.open('GET', `${health}/backup`, { signal })).pieces
    },
    restoreBackup: (source, signal) =>
      wire.json('POST', `${health}/restore-backup`, {
        pieces: source,
        type: 'application/vnd.ipld.car',
        signal,
      }),
    checkBackup: (source, signal) =>
      wire.json('POST', `${health}/check-backup`, {
        pieces: source,
        type: 'application/vnd.ipld.car',
        signal,
      }),
    storage: () => wire.json('GET', '/api/v1/storage'),
    setQuota: (body) => wire.json('POST', '/api/v1/storage/quota', { body }),
    compact: (signal) => wire.json('POST', `${health}/compact`, { signal }),
  }
}

/** By the SDK's methods, which have all that there is to ask. */
export function keepingOf(call: (method: string, params: object) => Promise<unknown>): KeepingOperations {
  return {
    kept: async () => (await call('network.kept', {})) as KeptFacts,
    keptOf: async (ref) => (await call('network.keptEntry', { ref })) as KeptEntryFacts,
    bringBack: async ({ invitation } = {}) =>
      (await call('network.bringBack', invitation === undefined ? {} : { invitation })) as ReturnFacts,
  }
}
