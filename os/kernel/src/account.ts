import { Fault, unwrap } from '@anarq/fault'
import { createEntropy, createSigner, deriveLeaf, entropyOf, seedOf, wipe, wordsOf } from '@anarq/qlock'
import {
  acceptChild,
  childScope,
  createDevice,
  createKeyring,
  type Enrolment,
  enrolmentOf,
  type Keyring,
  recoverKeyring,
  restoreKeyring,
} from '@anarq/squid'
import { type PasskeySlot, parseVault } from './head-start.ts'
import type { NewPasskey, Passkey } from './passkeys.ts'
import type { KernelPorts } from './ports.ts'
import {
  checkPassphrase,
  checkVault,
  closeVault,
  newVault,
  type OpenVault,
  type Resident,
  readVault,
  readVaultByPasskey,
  readVaultByWords,
  withoutPasskey,
  withPasskey,
  withPassphrase,
  writeVault,
} from './vault.ts'

/** "waiting": a child's device, open, whose guardian has not answered yet. */
export type AccountState = 'empty' | 'waiting' | 'locked' | 'open'

/** The people side of the home: who is it, is it open, and what brings it back. */
export type Account = {
  state(): AccountState
  /** Makes a root identity. The words are given once, here; nothing keeps them readable. */
  init(input: { name: string; passphrase: string }): Promise<{ words: string }>
  /** The identity of these words, in an empty home; with the keyring's state where the blocks still hold one. */
  recover(input: { words: string; name: string; passphrase: string }): Promise<void>
  /** Makes the keys of a child's device, in an empty home; what its guardian has to see of them. */
  enrol(input: { name: string; passphrase: string }): Promise<Enrolment>
  /** The same once more, while it waits: `missing.device` where it does not. */
  enrolment(): Enrolment
  /** Becomes the child that this invitation was made for. */
  accept(invitation: Uint8Array): Promise<void>
  unlock(passphrase: string): Promise<void>
  lock(): void
  changePassphrase(input: { from: string; to: string }): Promise<void>
  /** What a browser needs to ask for one of them; said while locked too. */
  passkeySlots(): readonly PasskeySlot[]
  /** With what is said of them to whoever is in. */
  passkeys(): readonly Passkey[]
  unlockByPasskey(input: { credential: Uint8Array; secret: Uint8Array }): Promise<void>
  addPasskey(input: NewPasskey & { passphrase: string }): Promise<void>
  removePasskey(credential: Uint8Array): Promise<void>
  /** Absent for a home without words. */
  areWordsConfirmed(): boolean | undefined
  confirmWords(): Promise<void>
  /** With the words, under a new passphrase: nothing else of this home changes. `refused.words` for another's. */
  unlockByWords(input: { words: string; passphrase: string }): Promise<void>
  /** Once more, for somebody who left before they were written down; `refused.words` once they are confirmed. */
  words(passphrase: string): Promise<string>
  /** Throws `refused.locked` while locked, `missing.*` before the first identity. */
  keyring(): Keyring
  /** Takes over a keyring's state that was found among the blocks. */
  adopt(state: Uint8Array): void
  /** The root's public signing keys of the epochs after the first, as the words give them. */
  rootKeys(epochs: number): Uint8Array[]
  /** 32 bytes that only this device has. */
  replica(): Uint8Array
  /** Makes what changed in the keyring durable. */
  save(): Promise<void>
  /** True when the words are the ones of this home: the recovery drill. */
  isWords(words: string): boolean
  /** The vault as it lies, sealed: for a backup. */
  sealed(): Uint8Array | undefined
  /** Puts a vault from a backup in place. */
  putSealed(bytes: Uint8Array): Promise<void>
}

const deviceName = 'this device'

type Ports = Pick<KernelPorts, 'vault' | 'clock' | 'random' | 'passphraseCost' | 'stretch'>

export async function createAccount(ports: Ports): Promise<Account> {
  const { clock, random } = ports
  const held = await holdVault(ports)
  const { need, needEmpty, save } = held
  const person = (): Resident & { kind: 'person' } => needPerson(need().resident)

  return {
    state: () => stateOf(held.open(), held.stored()),
    ...beginnings(held, { clock, random }),
    unlock: (passphrase) => held.unlock((stored) => readVault(stored, passphrase, ports)),
    lock: held.lock,
    ...passkeysOf(held, ports),
    async changePassphrase(change) {
      checkPassphrase(change.to)
      await held.change((vault) => withPassphrase(vault, change, ports))
    },
    areWordsConfirmed() {
      const { resident, areWordsConfirmed } = need()
      return resident.kind === 'person' ? areWordsConfirmed : undefined
    },
    async unlockByWords({ words, passphrase }) {
      checkPassphrase(passphrase)
      const entropy = unwrap(entropyOf(words))
      try {
        await held.unlock((stored) => readVaultByWords(stored, { entropy, passphrase }, ports), {
          isKept: true,
        })
      } finally {
        wipe(entropy)
      }
    },
    async confirmWords() {
      person()
      if (need().areWordsConfirmed) return
      await held.change((vault) => ({ ...vault, areWordsConfirmed: true }))
    },
    async words(passphrase) {
      person()
      if (need().areWordsConfirmed)
        throw new Fault(
          'refused.words',
          'The words were confirmed, and are shown no more. Try them in the recovery drill.',
        )
      await checkVault(need(), passphrase)
      return wordsOf(person().entropy)
    },
    keyring: () => needKeyring(need().resident),
    adopt(state) {
      const { entropy, keyring: before } = person()
      const device = createDevice(deviceName, random)
      held.settle({
        kind: 'person',
        entropy,
        keyring: restoreKeyring(state, { entropy, device, clock, random }),
      })
      before.dispose()
    },
    rootKeys: (epochs) => rootKeys(person().entropy, epochs),
    replica: () => need().replica,
    save,
    isWords(words) {
      const { entropy: own } = person()
      const entropy = entropyOf(words)
      return entropy.ok && wordsOf(entropy.value) === wordsOf(own)
    },
    sealed: held.stored,
    async putSealed(bytes) {
      needEmpty()
      parseVault(bytes)
      await held.store(bytes)
    },
  }
}

/** The other ways in, beside the passphrase's. A change that could not be written is none. */
function passkeysOf(
  held: HeldVault,
  ports: Ports,
): Pick<Account, 'passkeySlots' | 'passkeys' | 'unlockByPasskey' | 'addPasskey' | 'removePasskey'> {
  const { need } = held
  return {
    passkeySlots() {
      const stored = held.stored()
      return stored === undefined ? [] : parseVault(stored).passkeys
    },
    passkeys: () => need().passkeys,
    unlockByPasskey: (input) => held.unlock(async (stored) => readVaultByPasskey(stored, input, ports)),
    async addPasskey(input) {
      await held.change((vault) => withPasskey(vault, input, ports))
    },
    async removePasskey(credential) {
      await held.change((vault) => withoutPasskey(vault, credential))
    },
  }
}

/** The ways in which an empty home gets its resident. */
function beginnings(
  held: HeldVault,
  { clock, random }: Pick<Ports, 'clock' | 'random'>,
): Pick<Account, 'init' | 'recover' | 'enrol' | 'enrolment' | 'accept'> {
  const { need, needEmpty, begin, save } = held
  return {
    async init({ name, passphrase }) {
      needEmpty()
      checkPassphrase(passphrase)
      const entropy = createEntropy(random)
      const device = createDevice(deviceName, random)
      const keyring = createKeyring({ entropy, name, device, clock, random })
      await begin({ kind: 'person', entropy, keyring }, { passphrase, areWordsConfirmed: false })
      return { words: wordsOf(entropy) }
    },
    async recover({ words, name, passphrase }) {
      needEmpty()
      checkPassphrase(passphrase)
      const entropy = unwrap(entropyOf(words))
      const device = createDevice(deviceName, random)
      const keyring = unwrap(recoverKeyring(words, { device, clock, random }))
      keyring.rename(keyring.current(), name)
      // Who typed them has them.
      await begin({ kind: 'person', entropy, keyring }, { passphrase, areWordsConfirmed: true })
    },
    async enrol({ name, passphrase }) {
      needEmpty()
      checkPassphrase(passphrase)
      const device = createDevice(name, random)
      await begin({ kind: 'waiting', device }, { passphrase, areWordsConfirmed: false })
      return enrolmentOf(device, childScope)
    },
    enrolment() {
      const { resident } = need()
      if (resident.kind === 'waiting') return enrolmentOf(resident.device, childScope)
      throw new Fault('missing.device', 'This device waits for no guardian: it has its identity already.')
    },
    async accept(invitation) {
      const { resident } = need()
      if (resident.kind !== 'waiting')
        throw new Fault(
          'conflict.identity',
          "There is an identity here already, and a child's lives alone. Enrol in another folder: anarq id enrol --home FOLDER",
        )
      const { device } = resident
      const keyring = unwrap(acceptChild(invitation, { name: device.name, device, clock, random }))
      held.settle({ kind: 'child', keyring })
      await save()
      wipe(device.secret)
    },
  }
}

type HeldVault = {
  stored(): Uint8Array | undefined
  open(): OpenVault | undefined
  need(): OpenVault
  needEmpty(): void
  /** The first resident of an empty home. */
  begin(resident: Resident, made: { passphrase: string; areWordsConfirmed: boolean }): Promise<void>
  settle(resident: Resident): void
  /** Written before it counts. */
  change(make: (vault: OpenVault) => OpenVault | Promise<OpenVault>): Promise<void>
  save(): Promise<void>
  store(bytes: Uint8Array): Promise<void>
  /** With `isKept` what was read is another one than what lies there, and is written before it counts. */
  unlock(
    read: (stored: Uint8Array) => Promise<OpenVault>,
    options?: { readonly isKept: boolean },
  ): Promise<void>
  lock(): void
}

/** The vault as it lies, and as it is open. */
async function holdVault(ports: Omit<Ports, 'clock'>): Promise<HeldVault> {
  const { vault: file, random } = ports
  let stored = await file.read()
  let open: OpenVault | undefined
  const need = (): OpenVault => {
    if (open !== undefined) return open
    if (stored === undefined) throw missingIdentity()
    throw new Fault('refused.locked', 'AnarQ is locked. Give the passphrase to unlock it.')
  }
  const store = async (bytes: Uint8Array): Promise<void> => {
    await file.write(bytes)
    stored = bytes
  }
  const save = (): Promise<void> => store(writeVault(need(), { random }))
  return {
    stored: () => stored,
    open: () => open,
    need,
    needEmpty() {
      if (stored === undefined) return
      throw new Fault(
        'conflict.identity',
        'There is an identity here already. Use another folder with --home, or add one with: anarq id new',
      )
    },
    async begin(resident, made) {
      open = await newVault(resident, made, ports)
      await save()
    },
    settle(resident) {
      open = { ...need(), resident }
    },
    async change(make) {
      const before = need()
      const after = await make(before)
      // A passphrase is checked slowly: it may have been locked, or changed, meanwhile.
      if (open !== before) throw changedMeanwhile()
      await store(writeVault(after, { random }))
      if (open === before) open = after
    },
    save,
    store,
    async unlock(read, { isKept } = { isKept: false }) {
      if (stored === undefined) throw missingIdentity()
      const before = stored
      const vault = await read(before)
      if (isKept) {
        // A passphrase is sealed slowly: something else may have been written meanwhile, which this would undo.
        if (stored !== before) throw changedMeanwhile()
        await store(writeVault(vault, { random }))
        if (open !== undefined) open = { ...open, sealedMaster: vault.sealedMaster }
      }
      // It was open: the secret is the right one, and what is in use stays in use.
      if (open !== undefined) return closeVault(vault)
      open = vault
      // From before there was this way in; a disk that takes nothing keeps nobody out.
      if (lacksWords(before, vault)) await save().catch(() => {})
    },
    lock() {
      if (open !== undefined) closeVault(open)
      open = undefined
    },
  }
}

function lacksWords(stored: Uint8Array, { resident }: OpenVault): boolean {
  return resident.kind === 'person' && parseVault(stored).words === undefined
}

function changedMeanwhile(): Fault {
  return new Fault('busy.vault', 'The keys of this home changed meanwhile. Try again.')
}

function missingIdentity(): Fault {
  return new Fault('missing.identity', 'There is no identity here yet. Make one with: anarq init')
}

function stateOf(open: OpenVault | undefined, stored: Uint8Array | undefined): AccountState {
  if (open === undefined) return stored === undefined ? 'empty' : 'locked'
  return open.resident.kind === 'waiting' ? 'waiting' : 'open'
}

function needKeyring(resident: Resident): Keyring {
  if (resident.kind !== 'waiting') return resident.keyring
  throw new Fault(
    'missing.invitation',
    'This device waits for its guardian. Carry its file to them (anarq id new --kind child --device FILE), and take in what comes back with: anarq id join FILE',
  )
}

function needPerson(resident: Resident): Resident & { kind: 'person' } {
  if (resident.kind === 'person') return resident
  throw new Fault(
    'refused.words',
    "A child's home has no words: its guardians bring it back together, with anarq id recover.",
  )
}

function rootKeys(entropy: Uint8Array, epochs: number): Uint8Array[] {
  const seed = seedOf(entropy)
  const keys: Uint8Array[] = []
  for (let epoch = 1; epoch <= epochs; epoch += 1) {
    const leaf = deriveLeaf(seed, { keyClass: 'root', index: 0, epoch })
    const signer = createSigner(leaf)
    keys.push(signer.publicKey)
    signer.dispose()
    wipe(leaf)
  }
  wipe(seed)
  return keys
}
