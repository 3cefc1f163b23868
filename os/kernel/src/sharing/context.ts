import type { Guardian } from '@anarq/qerberos'
import type { Directory } from '../directory.ts'
import type { Office } from '../office.ts'
import type { KernelPorts } from '../ports.ts'

export type SharingContext = {
  office: Office
  ports: KernelPorts
  guardian: Guardian
  directory: Directory
  /** The office of an identity that lives on this node too. */
  officeOf(did: string): Promise<Office | undefined>
  /** The identities that live on this node. */
  residents(): readonly string[]
  /** A DID, or the name of an identity here. */
  resolveDid(ref: string): string
  /** Frees what no version of anything in this home stands on. */
  compact(signal?: AbortSignal): Promise<unknown>
}
