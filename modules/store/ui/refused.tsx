import { Button, EmptyState } from '@anarq/design'
import type { ReactNode } from 'react'
import type { Flow } from './flow.ts'
import type { StoreProps } from './store.tsx'

type Props = StoreProps & { readonly flow: Extract<Flow, { at: 'refused' }> }

/** Why a package was not taken: the sentence of whoever refused it. Who makes an app may go on without a signature. */
export function Refused({ say, store, choose, show, flow }: Props): ReactNode {
  const { source, code, name, problem, isFeed = false } = flow
  const isOwn = code === 'refused.unsigned' && source !== undefined && !source.isDevelopment
  return (
    <EmptyState
      icon="alert"
      tone="danger"
      title={say(isFeed ? 'refused.feed' : 'refused.title')}
      acts={
        <>
          {isOwn && (
            <Button icon="code" onPress={() => void store.inspect(name, { ...source, isDevelopment: true })}>
              {say('refused.development')}
            </Button>
          )}
          {isFeed && code === 'refused.private-address' && (
            <Button icon="network" onPress={() => void store.feeds.add(name, true)}>
              {say('feed.private')}
            </Button>
          )}
          {!isFeed && (
            <Button look="accent" onPress={choose}>
              {say('refused.other')}
            </Button>
          )}
          <Button
            look="quiet"
            onPress={() => {
              show(undefined)
              void store.leave()
            }}
          >
            {say('back')}
          </Button>
        </>
      }
    >
      <span role="alert" className="store-reason">
        <span>{problem}</span>
        <span>{say('refused.nothing')}</span>
      </span>
    </EmptyState>
  )
}
