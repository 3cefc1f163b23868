/** Films and sounds for the player of a framed app: addresses below its own, which end with its window. */
import type { ContentSdk } from '@anarq/sdk/app'

export type FrameMedia = {
  open(input: { readonly path: string; readonly version: number | undefined }): Promise<string>
  end(address: string): void
  endAll(): void
}

/** The one that was opened first ends for one more: whoever still plays it asks anew. */
const addressesMax = 8

/** `base` is where the files of the app lie for this window: the policy of its page lets players take from there alone. */
export function createFrameMedia(content: Pick<ContentSdk, 'media' | 'endMedia'>, base: string): FrameMedia {
  const opened = new Map<string, string>()
  const end = (address: string): void => {
    const own = opened.get(address)
    opened.delete(address)
    // It ends by itself where the node does not hear this.
    if (own !== undefined) content.endMedia(own).catch(() => undefined)
  }
  return {
    async open(input) {
      const own = await content.media(input)
      const address = `${base}.media/${own.slice(own.lastIndexOf('/') + 1)}`
      const [first] = opened.keys()
      if (opened.size >= addressesMax && first !== undefined) end(first)
      opened.set(address, own)
      return address
    },
    end,
    endAll() {
      for (const address of [...opened.keys()]) end(address)
    },
  }
}

/** `/apps/ID/KEY/` of an address below it. */
export function baseOf(address: string): string {
  const [, apps = '', id = '', key = ''] = address.split('/')
  return `/${apps}/${id}/${key}/`
}
