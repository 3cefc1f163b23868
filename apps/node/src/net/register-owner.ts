import { fromUtf8, toUtf8 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { decodeCbor, encodeCbor, readFields, readText } from '@anarq/ipld'
import { deriveSecret, hashBlake3, openBox, primitives, type SigningKey, sealBox, wipe } from '@anarq/qlock'
import { type RegisterClass, valueBytesMax } from '@anarq/qnet/registers'
import type { Random } from '@anarq/random'

/** An identity as the owner of registers: a key of its own for them, and what keeps private ones private. */
export type RegisterOwner = {
  readonly key: SigningKey
  /** How a register is named among nodes: others see nothing of the name of a private one. */
  nameOf(of: RegisterClass, name: string): Uint8Array
  /** What is written into it: sealed with its name, for a private one. */
  seal(of: RegisterClass, name: string, value: string): Uint8Array
  /** `undefined` for what another sealed. */
  open(value: Uint8Array): { readonly name: string; readonly value: string } | undefined
  dispose(): void
}

export const textBytesMax = 16_000
const nameLettersMax = 100
const context = 'anarq private register v1'
const nameLabel = fromUtf8('anarq private register name v1\n')

/** From 32 secret bytes of the identity, which the words give again; they are wiped. */
export function createRegisterOwner(secret: Uint8Array, random: Random): RegisterOwner {
  const signing = deriveSecret(secret, 'q/v1/registers/sign')
  const sealing = deriveSecret(secret, 'q/v1/registers/seal')
  const naming = deriveSecret(secret, 'q/v1/registers/name')
  const key = primitives.ed25519Key(signing)
  wipe(secret)
  wipe(signing)
  return {
    key,
    nameOf(of, name) {
      if (name.length === 0 || fromUtf8(name).length > nameLettersMax)
        throw new Fault('invalid.register-name', `A register's name has 1 to ${nameLettersMax} bytes.`)
      return of === 'private' ? hashBlake3(nameLabel, naming, fromUtf8(name)) : fromUtf8(name)
    },
    seal(of, name, value) {
      const plain = fromUtf8(value)
      if (plain.length > textBytesMax)
        throw new Fault(
          'limit.register-value',
          `A register holds at most ${textBytesMax} bytes: keep more in the drive, and its name here.`,
        )
      return of === 'private' ? sealBox(sealing, encodeCbor({ name, value }), { context, random }) : plain
    },
    open(value) {
      try {
        const plain = openBox(sealing, value, { context })
        if (plain === undefined) return undefined
        const fields = readFields(decodeCbor(plain), ['name', 'value'], 'A private register')
        return {
          name: readText(fields.name, 'Its name', { max: nameLettersMax }),
          value: readText(fields.value, 'Its value', { max: valueBytesMax }),
        }
      } catch {
        return undefined
      }
    },
    dispose() {
      key.dispose()
      wipe(sealing, naming)
    },
  }
}

/** `undefined` for what is no text. */
export function textOf(bytes: Uint8Array): string | undefined {
  try {
    return toUtf8(bytes)
  } catch {
    return undefined
  }
}
