import { Fault, unwrap } from '@anarq/fault'
import { decodeCbor, encodeCbor, readBytes, readFields, readInt } from '@anarq/ipld'
import {
  createEntropy,
  createSigner,
  deriveLeaf,
  entropyOf,
  openBox,
  openVault,
  sealBox,
  sealVault,
  seedOf,
  wipe,
  wordsOf,
} from '@anarq/qlock'
import { createDevice, createKeyring, type Keyring, recoverKeyring, restoreKeyring } from '@anarq/squid'
import type { KernelPorts } from './ports.ts'

export type AccountState = 'empty' | 'locked' | 'open'

/** The people side of the home: who is it, is it open, and what brings it back. */
export type Account = {
  state(): AccountState
  /** Makes a root identity. The words are given once, here; nothing keeps them readable. */
  init(input: { name: string; passphrase: string }): Promise<{ words: string }>
  /** The identity of these words, in an empty home; with the keyring's state where the blocks still hold one. */
  recover(input: { words: string; name: string; passphrase: string }): Promise<void>
  unlock(passphrase: string): Promise<void>
  lock(): void
  changePassphrase(input: { from: string; to: string }): Promise<void>
  /** Throws `refused.locked` while locked, `missing.identity` before the first. */
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

const passphraseMin = 8
const vaultBox = 'q/v1/vault/keyring'
const deviceName = 'this device'

type Open = {
  entropy: Uint8Array
  master: Uint8Array
  sealedMaster: Uint8Array
  replica: Uint8Array
  keyring: Keyring
}
type Ports = Pick<KernelPorts, 'vault' | 'clock' | 'random'>

/**
 * The vault is two layers: the passphrase seals a random master key (Argon2id, slow on purpose), and the master key
 * seals entropy and keyring, so that a new identity needs no passphrase again.
 */
export async function createAccount({ vault, clock, random }: Ports): Promise<Account> {
  let stored = await vault.read()
  let open: Open | undefined

  const need = (): Open => {
    if (open !== undefined) return open
    if (stored === undefined)
      throw new Fault('missing.identity', 'There is no identity here yet. Make one with: anarq init')
    throw new Fault('refused.locked', 'AnarQ is locked. Give the passphrase to unlock it.')
  }
  const needEmpty = (): void => {
    if (stored === undefined) return
    throw new Fault(
      'conflict.identity',
      'There is an identity here already. Use another folder with --home, or add one with: anarq id new',
    )
  }
  const save = async (): Promise<void> => {
    const { entropy, keyring, master, sealedMaster, replica } = need()
    const inner = encodeCbor({ entropy, replica, keyring: keyring.export() })
    const bytes = encodeCbor({
      v: 1,
      master: sealedMaster,
      box: sealBox(master, inner, { context: vaultBox, random }),
    })
    wipe(inner)
    await vault.write(bytes)
    stored = bytes
  }
  const begin = async (entropy: Uint8Array, keyring: Keyring, passphrase: string): Promise<void> => {
    const master = random.bytes(32)
    open = {
      entropy,
      master,
      sealedMaster: await sealVault(passphrase, master, { random }),
      replica: random.bytes(32),
      keyring,
    }
    await save()
  }

  return {
    state: () => (open !== undefined ? 'open' : stored === undefined ? 'empty' : 'locked'),
    async init({ name, passphrase }) {
      needEmpty()
      checkPassphrase(passphrase)
      const entropy = createEntropy(random)
      await begin(
        entropy,
        createKeyring({ entropy, name, device: createDevice(deviceName, random), clock, random }),
        passphrase,
      )
      return { words: wordsOf(entropy) }
    },
    async recover({ words, name, passphrase }) {
      needEmpty()
      checkPassphrase(passphrase)
      const entropy = unwrap(entropyOf(words))
      const keyring = unwrap(
        recoverKeyring(words, { device: createDevice(deviceName, random), clock, random }),
      )
      keyring.rename(keyring.current(), name)
      await begin(entropy, keyring, passphrase)
    },
    async unlock(passphrase) {
      if (open !== undefined) return
      if (stored === undefined) need()
      open = await openStored(stored as Uint8Array, passphrase, { clock, random })
    },
    lock() {
      if (open === undefined) return
      open.keyring.dispose()
      wipe(open.master, open.entropy, open.replica)
      open = undefined
    },
    async changePassphrase({ from, to }) {
      checkPassphrase(to)
      const held = need()
      wipe(unwrap(await openVault(from, held.sealedMaster)))
      held.sealedMaster = await sealVault(to, held.master, { random })
      await save()
    },
    keyring: () => need().keyring,
    adopt(state) {
      const held = need()
      const keyring = restoreKeyring(state, {
        entropy: held.entropy,
        device: createDevice(deviceName, random),
        clock,
        random,
      })
      held.keyring.dispose()
      held.keyring = keyring
    },
    rootKeys(epochs) {
      const seed = seedOf(need().entropy)
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
    },
    replica: () => need().replica,
    save,
    isWords(words) {
      const entropy = entropyOf(words)
      return entropy.ok && wordsOf(entropy.value) === wordsOf(need().entropy)
    },
    sealed: () => stored,
    async putSealed(bytes) {
      needEmpty()
      readVault(bytes)
      await vault.write(bytes)
      stored = bytes
    },
  }
}

function readVault(bytes: Uint8Array): { master: Uint8Array; box: Uint8Array } {
  const fields = readFields(decodeCbor(bytes, 'The key vault'), ['v', 'master', 'box'], 'The key vault')
  readInt(fields.v, 'The version of the key vault', { min: 1, max: 1 })
  return {
    master: readBytes(fields.master, 'The sealed master key', { max: 4096 }),
    box: readBytes(fields.box, 'The sealed keyring'),
  }
}

async function openStored(
  stored: Uint8Array,
  passphrase: string,
  ports: Pick<KernelPorts, 'clock' | 'random'>,
): Promise<Open> {
  const { master: sealedMaster, box } = readVault(stored)
  const master = unwrap(await openVault(passphrase, sealedMaster))
  const inner = openBox(master, box, { context: vaultBox })
  if (inner === undefined)
    throw new Fault(
      'damaged.vault',
      'The key vault is damaged. Bring the identity back with its 24 words: anarq id recover',
    )
  const fields = readFields(
    decodeCbor(inner, 'The keyring'),
    ['entropy', 'replica', 'keyring'],
    'The keyring',
  )
  const entropy = readBytes(fields.entropy, 'The entropy', { length: 32 })
  const keyring = restoreKeyring(readBytes(fields.keyring, 'The keyring'), { entropy, ...ports })
  return {
    entropy,
    master,
    sealedMaster,
    replica: readBytes(fields.replica, 'The replica secret', { length: 32 }),
    keyring,
  }
}

function checkPassphrase(passphrase: string): void {
  if (passphrase.length >= passphraseMin) return
  throw new Fault(
    'invalid.passphrase',
    `A passphrase has at least ${passphraseMin} characters; four or five unrelated words are easy to remember and hard to guess.`,
  )
}
