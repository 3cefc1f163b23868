import {
  agoOf,
  Badge,
  Button,
  Group,
  Icon,
  Line,
  Lines,
  momentOf,
  Note,
  PageHead,
  useAsked,
} from '@anarq/design'
import { type ReactNode, useCallback } from 'react'
import { useSurroundings } from '../context.ts'
import { browserIn } from '../logic/browsers.ts'
import { KeyDevices } from './key-devices.tsx'

/** Browsers that ask, browsers that are in, and devices with keys. */
export function Devices(): ReactNode {
  const { say, identities } = useSurroundings()
  const current = identities.value?.find(({ isCurrent }) => isCurrent)
  return (
    <>
      <PageHead title={say('devices.title')} text={say('devices.text')} />
      <Asks />
      <Browsers />
      {current !== undefined && <KeyDevices identity={current} />}
    </>
  )
}

function Asks(): ReactNode {
  const { sdk, say, locale, events, deed, window } = useSurroundings()
  const list = useCallback(() => sdk.browsers.asks({}), [sdk])
  const { value = [], again } = useAsked(list, events, 'browsers')
  const asks = value.map((one) => ({ ...one, browser: browserIn(one.browser, say) }))
  if (value.length === 0) return null
  const answer = async (id: string, browser: string, isApproved: boolean): Promise<void> => {
    await deed.run(async () => {
      await sdk.browsers.answer({ id, isApproved })
      window.notify({
        title: say(isApproved ? 'asks.let-in' : 'asks.kept-out', { browser }),
        tone: 'success',
      })
    })
    again()
  }
  return (
    <Group title={say('asks.title')} text={say('asks.text')}>
      <Lines label={say('asks.list')}>
        {asks.map(({ id, browser, digits, askedMs }) => (
          <Line
            key={id}
            lead={<Icon name="window" />}
            title={browser}
            text={say('asks.when', { ago: agoOf(askedMs, Date.now(), locale) })}
            end={
              <>
                <Button
                  isDisabled={deed.isBusy}
                  aria-label={say('asks.no.named', { browser })}
                  onPress={() => void answer(id, browser, false)}
                >
                  {say('asks.no')}
                </Button>
                <Button
                  look="accent"
                  isDisabled={deed.isBusy}
                  aria-label={say('asks.yes.named', { browser })}
                  onPress={() => void answer(id, browser, true)}
                >
                  {say('asks.yes')}
                </Button>
              </>
            }
          >
            <p className="identity-digits">
              <span className="aq-unseen">{say('asks.digits', { digits: digits.split('').join(' ') })}</span>
              <span aria-hidden="true">{digits.slice(0, 3)}</span>
              <span aria-hidden="true">{digits.slice(3)}</span>
            </p>
          </Line>
        ))}
      </Lines>
    </Group>
  )
}

function Browsers(): ReactNode {
  const { sdk, say, locale, events, deed, window } = useSurroundings()
  const list = useCallback(() => sdk.browsers.list({}), [sdk])
  const { value = [], problem } = useAsked(list, events, 'browsers', 'identity')
  const browsers = value.map((one) => ({ ...one, browser: browserIn(one.browser, say) }))
  return (
    <Group title={say('browsers.title')} text={say('browsers.text')}>
      {problem !== undefined && (
        <Note tone="danger" icon="alert">
          {say('browsers.failed')}: {problem.sentence}
        </Note>
      )}
      <Lines label={say('browsers.list')}>
        {browsers.map(({ id, browser, sinceMs, untilMs, isCurrent }) => (
          <Line
            key={id}
            lead={<Icon name="window" />}
            title={browser}
            text={say('browsers.since', {
              since: momentOf(sinceMs, locale),
              until: momentOf(untilMs, locale),
            })}
            end={
              isCurrent ? (
                <Badge tone="accent" icon="check">
                  {say('browsers.this')}
                </Badge>
              ) : (
                <Button
                  size="small"
                  isDisabled={deed.isBusy}
                  aria-label={say('browsers.end.named', { browser })}
                  onPress={() =>
                    void deed.run(async () => {
                      await sdk.browsers.end({ id })
                      window.notify({ title: say('browsers.ended', { browser }), tone: 'success' })
                    })
                  }
                >
                  {say('browsers.end')}
                </Button>
              )
            }
          />
        ))}
      </Lines>
    </Group>
  )
}
