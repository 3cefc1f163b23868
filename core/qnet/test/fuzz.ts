import { Fault } from '@anarq/fault'
import fc from 'fast-check'

/** Whatever bytes come, and however true ones are changed or cut, each parser gives what they mean or a `Fault`. */
export function survivesAnyBytes(
  parsers: readonly ((bytes: Uint8Array) => unknown)[],
  whole: readonly Uint8Array[],
): void {
  const judge = (bytes: Uint8Array): void => {
    for (const parse of parsers) {
      try {
        parse(bytes)
      } catch (error) {
        if (!(error instanceof Fault)) throw error
      }
    }
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 800 }), judge))
  const mutations = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(fc.constantFrom(...whole), mutations, fc.nat(), (bytes, changes, cut) => {
      const hostile = bytes.slice()
      for (const [at, value] of changes) hostile[at % hostile.length] = value
      judge(hostile)
      judge(bytes.slice(0, cut % bytes.length))
    }),
    { numRuns: 300 },
  )
}
