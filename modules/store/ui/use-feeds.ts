import type { AppProps } from '@anarq/design'
import type { AppSdk } from '@anarq/sdk/app'
import { useCallback, useEffect, useState } from 'react'
import { feedFolderOf } from './feed-folder.ts'
import type { FlowAct } from './flow.ts'
import { reasonOf, sendFile } from './send.ts'

export type Feed = Awaited<ReturnType<AppSdk['apps']['feeds']>>[number]
export type FeedApp = Feed['apps'][number]

export type Feeds = {
  readonly all: readonly Feed[]
  load(): void
  /** A folder of the drive. */
  add(path: string): Promise<void>
  /** A folder of this computer: what belongs to the feed is copied into the storage of this app, sealed. */
  take(files: readonly File[]): Promise<void>
  remove(feed: Feed): Promise<void>
}

type Options = Pick<AppProps<AppSdk>, 'sdk' | 'events'> & {
  readonly act: (act: FlowAct) => void
  readonly sayNoFeed: (name: string) => string
}

const copies = 'app:/feeds'
const listBytesMax = 2 * 1024 * 1024

export function useFeeds({ sdk, events, act, sayNoFeed }: Options): Feeds {
  const [all, setAll] = useState<readonly Feed[]>([])
  const load = useCallback(() => {
    // What was shown stays shown: an old list is worth more than none.
    sdk.apps.feeds({}).then(setAll, () => undefined)
  }, [sdk])
  useEffect(() => {
    load()
    return events.on('apps', load)
  }, [load, events])

  const refuse = (name: string, error: unknown): void =>
    act({ do: 'refuse', name, isFeed: true, ...reasonOf(error) })
  const forget = async (folder: string): Promise<void> => {
    if (folder.startsWith(`${copies}/`))
      await sdk.storage.remove({ path: folder, isForever: true }).catch(() => undefined)
  }
  const add = async (path: string): Promise<Feed> => {
    const added = await sdk.apps.addFeed({ path })
    const before = all.find(({ did }) => did === added.did)
    if (before !== undefined && before.folder !== added.folder) await forget(before.folder)
    load()
    return added
  }
  return {
    all,
    load,
    async add(path) {
      act({ do: 'inspect', name: path })
      try {
        await add(path)
        act({ do: 'end' })
      } catch (error) {
        refuse(path, error)
      }
    },
    async take(files) {
      const folder = feedFolderOf(files)
      const name = folder?.name ?? files[0]?.webkitRelativePath.split('/')[0] ?? ''
      if (folder === undefined || folder.list.size > listBytesMax)
        return refuse(name, { code: 'missing.feed', message: sayNoFeed(name) })
      act({ do: 'send', name })
      const path = `${copies}/${Date.now().toString(36)}`
      try {
        const packages = folder.packages(await folder.list.text())
        await sendAll(sdk.content, path, [...packages, folder.list], (part) =>
          act({ do: 'send', name, part }),
        )
        act({ do: 'inspect', name })
        await add(path)
        act({ do: 'end' })
      } catch (error) {
        await forget(path)
        refuse(name, error)
      }
    },
    async remove({ did, folder }) {
      await sdk.apps.removeFeed({ did })
      await forget(folder)
      load()
    },
  }
}

/** One after the other, the list last: a folder that is not whole yet is no feed. */
async function sendAll(
  content: AppSdk['content'],
  folder: string,
  files: readonly File[],
  onProgress: (part: number) => void,
): Promise<void> {
  const total = files.reduce((sum, { size }) => sum + size, 0)
  let sent = 0
  for (const file of files) {
    await sendFile(content, file, {
      path: `${folder}/${file.name}`,
      onProgress: (part) => onProgress((sent + part * file.size) / total),
    })
    sent += file.size
  }
}
