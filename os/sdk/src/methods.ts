import type { Sdk } from './face.ts'
import type { AnyMethod, MethodsOf } from './method.ts'
import { apps } from './methods/apps.ts'
import { browsers } from './methods/browsers.ts'
import { consent } from './methods/consent.ts'
import { guardian } from './methods/guardian.ts'
import { identity } from './methods/identity.ts'
import { index } from './methods/index-search.ts'
import { network } from './methods/network.ts'
import { storage } from './methods/storage.ts'
import { system } from './methods/system.ts'
import { tools } from './methods/tools.ts'

const namespaces: { readonly [Name in keyof Sdk]: MethodsOf<Sdk[Name]> } = {
  identity,
  storage,
  index,
  consent,
  guardian,
  system,
  apps,
  browsers,
  tools,
  network,
}

/** Every method by its full name, such as `storage.list`. */
export const methods: ReadonlyMap<string, AnyMethod> = new Map(
  Object.entries(namespaces).flatMap(([namespace, all]) =>
    Object.entries(all).map(([name, method]) => [`${namespace}.${name}`, method as AnyMethod]),
  ),
)
