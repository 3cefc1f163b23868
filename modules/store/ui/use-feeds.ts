import { type AppProps, type Say, useFaultTexts } from '@anarq/design'
import type { AppSdk } from '@anarq/sdk/app'
import { useCallback, useEffect, useState } from 'react'
import { feedFolderOf } from './feed-folder.ts'
import type { FlowAct } from './flow.ts'
import type { MessageKey } from './messages.ts'
import { reasonOf, sendFile } from './send.ts'

export type Feed = Awaited<ReturnType<AppSdk['apps']['feeds']>>[number]
export type FeedApp = Feed['apps'][number]

export type Feeds = {
  readonly all: readonly Feed[]
  /** A folder of the drive, or an https address; one of the person's own network where they said so. */
  add(path: string, allowsPrivate?: boolean): Promise<void>
  /** What it has now, from where it lies; the person is told what came of it. */
  refresh(feed: Feed): Promise<void>
  /** The one that is fetched now, by whose it is. */
  readonly refreshing: string | undefined
  /** A folder of this computer: what belongs to the feed is copied into the storage of this app, sealed. */
  take(files: readonly File[]): Promise<void>
  remove(feed: Feed): Promise<void>
}

type Options = Pick<AppProps<AppSdk>, 'sdk' | 'events' | 'window'> & {
  readonly act: (act: FlowAct) => void
  readonly say: Say<MessageKey>
}

const copies = 'app:/feeds'
const listBytesMax = 2 * 1024 * 1024

export function useFeeds({ sdk, events, window, act, say }: Options): Feeds {
  const texts = useFaultTexts()
  const [refreshing, setRefreshing] = useState<string>()
  const [all, setAll] = useState<readonly Feed[]>([])
  const load = useCallback(
    // What was shown stays shown: an old list is worth more than none.
    (): Promise<void> => sdk.apps.feeds({}).then(setAll, () => undefined),
    [sdk],
  )
  useEffect(() => {
    void load()
    return events.on('apps', () => void load())
  }, [load, events])

  const refuse = (name: string, error: unknown): void =>
    act({ do: 'refuse', name, isFeed: true, ...reasonOf(error, texts) })
  const forget = async (folder: string): Promise<void> => {
    if (folder.startsWith(`${copies}/`))
      await sdk.storage.remove({ path: folder, isForever: true }).catch(() => undefined)
  }
  const add = async (path: string, allowsPrivate = false): Promise<Feed> => {
    const added = await sdk.apps.addFeed({ path, ...(allowsPrivate ? { allowsPrivate } : {}) })
    const before = all.find(({ did }) => did === added.did)
    if (before !== undefined && before.folder !== added.folder) await forget(before.folder)
    // Nobody is shown the list from before, whose packages may be gone.
    await load()
    return added
  }
  return {
    all,
    refreshing,
    async refresh({ did, name }) {
      setRefreshing(did)
      try {
        const { apps } = await sdk.apps.refreshFeed({ did })
        const count = apps.filter(({ state }) => state === 'new').length
        const updates = apps.filter(({ state }) => state === 'update').length
        window.notify({
          title: say('feed.refreshed', { name }),
          text: say(count + updates === 0 ? 'feed.refreshed.none' : 'feed.refreshed.new', { count, updates }),
          tone: 'success',
        })
      } catch (error) {
        const { problem } = reasonOf(error, texts)
        window.notify({ title: say('feed.refresh.failed', { name }), text: problem, tone: 'danger' })
      } finally {
        setRefreshing(undefined)
        void load()
      }
    },
    async add(path, allowsPrivate) {
      act({ do: 'inspect', name: path })
      try {
        await add(path, allowsPrivate)
        act({ do: 'end' })
      } catch (error) {
        refuse(path, error)
      }
    },
    async take(files) {
      const folder = feedFolderOf(files)
      const name = folder?.name ?? files[0]?.webkitRelativePath.split('/')[0] ?? ''
      if (folder === undefined || folder.list.size > listBytesMax)
        return refuse(name, { code: 'missing.feed', message: say('feed.none', { name }) })
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
      await load()
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
