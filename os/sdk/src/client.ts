/** The face over any way of calling; a door of its own, so that a page or a sandbox loads little else. */
import type { Sdk } from './face.ts'

/** Calls one method by its full name, such as `storage.list`. */
export type Call = (method: string, params: object, signal?: AbortSignal) => Promise<unknown>

/** `sdk.storage.list({ path: '/' })` becomes `call('storage.list', { path: '/' })`. */
export function createSdk(call: Call): Sdk {
  return proxyOf((namespace) =>
    proxyOf(
      (name) =>
        (params: object = {}) =>
          call(`${namespace}.${name}`, params),
    ),
  ) as Sdk
}

function proxyOf(get: (name: string) => unknown): object {
  const made = new Map<string, unknown>()
  return new Proxy(Object.freeze({}), {
    get(_target, name) {
      // A promise asks for `then`: a face is none.
      if (typeof name !== 'string' || name === 'then') return undefined
      const known = made.get(name) ?? get(name)
      made.set(name, known)
      return known
    },
  })
}

export type { Sdk } from './face.ts'
