import { bytesIn, gigabytes } from '@anarq/bytes'
import { Answered, Button, Facts, Group, Meter, PageHead, sizeOf, TextField, useAsked } from '@anarq/design'
import type { AppSdk } from '@anarq/sdk/app'
import { type FormEvent, type ReactNode, useCallback, useState } from 'react'
import { useSurroundings } from '../context.ts'
import { amountOf } from '../logic/amount.ts'
import { fullnessOf, type Room } from '../logic/quota.ts'

/** How much there is and how much room is left; the quota, and tidying up. */
export function Storage(): ReactNode {
  const { sdk, say, events } = useSurroundings()
  const ask = useCallback(() => sdk.system.storage({}), [sdk])
  const asked = useAsked(ask, events, 'system', 'drive')
  return (
    <>
      <PageHead title={say('place.storage')} text={say('storage.text')} />
      <Answered asked={asked} icon="archive" failed={say('storage.failed')}>
        {(room) => <Kept room={room} />}
      </Answered>
    </>
  )
}

type Stored = Awaited<ReturnType<AppSdk['system']['storage']>>

function Kept({ room }: { readonly room: Stored }): ReactNode {
  const { sdk, say, locale, window, deed } = useSurroundings()
  const size = (bytes: number): string => sizeOf(bytes, locale)
  const tidy = async (): Promise<void> => {
    const done = await deed.run(() => sdk.system.tidy({}))
    if (done !== undefined)
      window.notify({ title: say('tidy.done', { size: size(done.freedBytes) }), tone: 'success' })
  }
  const { files, contentBytes, trashedBytes, storedBytes, indexBytes, looseBytes, freeBytes, held } = room
  return (
    <>
      <Group>
        <Fullness room={room} />
        <Facts
          facts={[
            {
              name: say('storage.content'),
              value: amountOf(files, contentBytes, say, locale),
            },
            { name: say('storage.trash'), value: size(trashedBytes) },
            { name: say('storage.stored'), value: size(storedBytes) },
            { name: say('storage.index'), value: size(indexBytes) },
            ...(held === undefined
              ? []
              : [
                  {
                    name: say('storage.held'),
                    value:
                      held.bytesMax === 0
                        ? say('storage.held.none')
                        : say('storage.of', { used: size(held.bytes), of: size(held.bytesMax) }),
                  },
                ]),
            { name: say('storage.free'), value: freeBytes === undefined ? '–' : size(freeBytes) },
          ]}
        />
      </Group>
      <Group
        title={say('tidy')}
        text={say('tidy.text', { size: size(looseBytes) })}
        acts={
          <Button isPending={deed.isBusy} onPress={() => void tidy()}>
            {say('tidy.act')}
          </Button>
        }
      />
      <QuotaForm key={room.quotaBytes ?? 'none'} quotaBytes={room.quotaBytes} />
    </>
  )
}

function Fullness({ room }: { readonly room: Room }): ReactNode {
  const { say, locale } = useSurroundings()
  const full = fullnessOf(room)
  if (full === undefined) return null
  const text = say('storage.of', { used: sizeOf(full.used, locale), of: sizeOf(full.of, locale) })
  const label = say(room.quotaBytes === full.of ? 'storage.meter.quota' : 'storage.meter.disk')
  return <Meter label={label} value={full.part} text={text} tone={full.tone} />
}

function QuotaForm({ quotaBytes }: { readonly quotaBytes: number | undefined }): ReactNode {
  const { sdk, say, locale, window, deed } = useSurroundings()
  const [typed, setTyped] = useState(quotaBytes === undefined ? '' : gigabytes(quotaBytes))
  const [isTried, setTried] = useState(false)
  const bytes = bytesIn(typed)
  const set = async (wanted: number | undefined): Promise<void> => {
    const done = await deed.run(() => sdk.system.setQuota({ bytes: wanted }))
    if (done === undefined) return
    const title =
      wanted === undefined ? say('quota.gone') : say('quota.set.done', { size: sizeOf(wanted, locale) })
    window.notify({ title, tone: 'success' })
  }
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    setTried(true)
    if (bytes !== undefined) void set(bytes)
  }
  return (
    <Group title={say('quota')} text={say('quota.text')}>
      <form className="settings-row" onSubmit={submit}>
        <TextField
          label={say('quota.size')}
          value={typed}
          onChange={setTyped}
          inputMode="decimal"
          autoComplete="off"
          hint={say(quotaBytes === undefined ? 'quota.none' : 'quota.hint')}
          error={isTried && bytes === undefined ? say('quota.wrong') : undefined}
        />
        <div className="aq-acts">
          <Button look="accent" type="submit" isPending={deed.isBusy}>
            {say('quota.set')}
          </Button>
          {quotaBytes !== undefined && (
            <Button isDisabled={deed.isBusy} onPress={() => void set(undefined)}>
              {say('quota.remove')}
            </Button>
          )}
        </div>
      </form>
    </Group>
  )
}
