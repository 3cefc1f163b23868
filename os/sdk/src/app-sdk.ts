/** What the screen of an app is given: the face, and content by its address. A door of its own, for pages. */
import type { PageClient } from './browser.ts'
import { createSdk } from './client.ts'
import { type ContentSdk, createContent } from './content.ts'
import type { Sdk } from './face.ts'
import { createWork, type WorkSdk } from './work.ts'

export {
  batchBytesMax,
  type ContentRange,
  type ContentSdk,
  createContent,
  type NewFile,
  type OpenContent,
  type PutMany,
  type SmallItem,
  type UploadState,
} from './content.ts'
export type { WorkSdk } from './work.ts'

export type AppSdk = Sdk & { readonly content: ContentSdk; readonly work: WorkSdk }

/** For an app by its id, with what it was granted; without one, for the person. */
export function createAppSdk(client: Pick<PageClient, 'send' | 'callAs'>, app?: string): AppSdk {
  const { identity, storage, index, consent, guardian, system, apps, browsers, tools, network } = createSdk(
    client.callAs(app),
  )
  const content = createContent(client, app)
  const work = createWork(client, app)
  const namespaces = { identity, storage, index, consent, guardian, system, apps, browsers, tools, network }
  return { ...namespaces, content, work }
}
